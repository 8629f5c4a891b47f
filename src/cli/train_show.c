/* train_show.c - what a run is about to do, before step 1: the plan, and the first example with its targets marked. */
#include <string.h>

#include "cli/cli.h"

static const char *text_of(const hn_json *j, const char *key) {
    const char *s = hn_json_cstr(hn_json_get(j, key));
    return s ? s : "none";
}
static int64_t int_of(const hn_json *j, const char *key) { return hn_json_int(hn_json_get(j, key), 0); }
static uint64_t bytes_of(const hn_json *j, const char *key) { return (uint64_t)int_of(j, key); }

static void show_data(const hn_cli *cli, const hn_json *d, const char *head) {
    char tokens[32];
    int64_t all = int_of(d, "tokens");
    human_count((double)all, tokens);
    hn_json *files = hn_json_get(d, "files");
    const char *first = hn_json_cstr(hn_json_at(files, 0));
    say(cli, "%-9s %s%s: %lld rows, %s (%s), %s tokens, %.1f %% of them targets, longest %lld", head,
        first ? first : "rows in memory", hn_json_len(files) > 1 ? " and more" : "", (long long)int_of(d, "rows"),
        text_of(d, "format"), text_of(d, "reason"), tokens, all ? 100.0 * (double)int_of(d, "targets") / (double)all : 0,
        (long long)int_of(d, "longest"));
    if (int_of(d, "truncated")) say(cli, ", %lld truncated", (long long)int_of(d, "truncated"));
    if (int_of(d, "dropped")) say(cli, ", %lld dropped (no target left)", (long long)int_of(d, "dropped"));
    if (hn_json_get(d, "packing"))
        say(cli, ", packed %s from %lld", text_of(d, "packing"), (long long)int_of(d, "examples"));
    say(cli, "\n");
    const hn_json *sources = hn_json_get(d, "sources");
    for (size_t i = 0; i < hn_json_len(sources); i++) {
        const hn_json *one = hn_json_at(sources, i);
        say(cli, "%-9s %s: %lld records (%s)\n", i == 0 ? text_of(d, "mix") : "", text_of(one, "name"),
            (long long)int_of(one, "records"), text_of(one, "format"));
    }
    if (hn_json_get(d, "val_size"))
        say(cli, "%-9s %s by --val_size %g, a permutation seeded with %lld\n", "",
            hn_streq(head, "data") ? "without the records held out" : "the records held out",
            hn_json_num(hn_json_get(d, "val_size"), 0), (long long)int_of(d, "val_seed"));
    if (hn_json_get(d, "chat_template")) say(cli, "%-9s %s\n", "template", text_of(d, "chat_template"));
    if (hn_json_get(d, "prepared"))
        say(cli, "%-9s %s (%s)\n", "prepared", text_of(d, "prepared"),
            hn_json_bool(hn_json_get(d, "reused"), false) ? "found there" : "kept there");
}

static void show_steps(const hn_cli *cli, const hn_json *p) {
    int64_t rows = int_of(p, "per_device_train_batch_size"), accumulation = int_of(p, "gradient_accumulation_steps");
    say(cli, "plan      %lld rows x %lld = %lld a step, %lld steps (%.4g epochs of %lld), warm-up %lld, learning rate %g %s\n",
        (long long)rows, (long long)accumulation, (long long)(rows * accumulation), (long long)int_of(p, "max_steps"),
        hn_json_num(hn_json_get(p, "epochs"), 0), (long long)int_of(p, "steps_per_epoch"), (long long)int_of(p, "warmup_steps"),
        hn_json_num(hn_json_get(p, "learning_rate"), 0), text_of(p, "lr_scheduler_type"));
    if (hn_json_get(p, "resumed_from"))
        say(cli, "resume    from %s, step %lld\n", text_of(p, "resumed_from"), (long long)int_of(p, "start_step"));
}

static void show_memory(const hn_cli *cli, const hn_json *m) {
    static const char *const parts[] = {"total", "available", "weights", "gradients", "optimizer", "activations"};
    char b[6][32];
    for (int i = 0; i < 6; i++) human_bytes(bytes_of(m, parts[i]), b[i]);
    say(cli,
        "memory    %s of %s available: weights %s, gradients %s, optimizer %s, activations %s (longest batch: %lld tokens)\n",
        b[0], b[1], b[2], b[3], b[4], b[5], (long long)int_of(m, "longest_batch_tokens"));
}

/* Warnings of the checks before the run, numbered; what is merely worth knowing is for `hone data check`. */
static int show_checks(const hn_cli *cli, const hn_json *checks) {
    const hn_json *findings = hn_json_get(checks, "findings");
    int n = 0;
    for (size_t i = 0; i < hn_json_len(findings); i++) {
        const hn_json *f = hn_json_at(findings, i), *place = hn_json_at(hn_json_get(f, "places"), 0);
        if (hn_streq(text_of(f, "severity"), "info")) continue;
        say(cli, "warning %d %s: %s", ++n, text_of(f, "id"), text_of(f, "message"));
        if (place) say(cli, " (first: %s:%lld)", text_of(place, "file"), (long long)int_of(place, "line"));
        say(cli, "\n          costs: %s\n          fix: %s\n", text_of(f, "cost"), text_of(f, "remedy"));
    }
    if (checks)
        say(cli, "checks    %lld on the first %lld rows, %d warning%s; `hone data check` looks at all\n",
            (long long)int_of(checks, "checks"), (long long)int_of(checks, "rows"), n, n == 1 ? "" : "s");
    return n;
}

void show_plan(hn_cli *cli, hone_trainer *t) {
    char *text = hone_trainer_plan_json(t), parameters[32];
    hn_json *j = NULL;
    if (!text || hn_json_parse(text, strlen(text), "plan", 1, &j, NULL) != HN_OK) {
        hn_free(text);
        return;
    }
    hn_json *m = hn_json_get(j, "model");
    int64_t all = int_of(m, "parameters");
    human_count((double)all, parameters);
    say(cli, "model     %s: %s, %s parameters (%.4g %% trained), float32 (file: %s)\n", text_of(m, "folder"),
        text_of(m, "architecture"), parameters, all ? 100.0 * (double)int_of(m, "trained") / (double)all : 0,
        text_of(m, "file_dtype"));
    show_data(cli, hn_json_get(j, "data"), "data");
    if (hn_json_get(j, "eval_data")) show_data(cli, hn_json_get(j, "eval_data"), "eval data");
    show_steps(cli, hn_json_get(j, "plan"));
    show_memory(cli, hn_json_get(j, "memory"));
    say(cli,
        "machine   %lld threads, %s kernels, gemm %s, exact float32 (bf16 and gradient_checkpointing are off unless asked for)\n",
        (long long)int_of(j, "threads"), text_of(j, "kernels"), text_of(j, "gemm"));
    cli->warnings += show_checks(cli, hn_json_get(j, "checks"));
    say(cli, "output    %s\n", text_of(j, "output_dir"));
    hn_json_free(j);
    hn_free(text);
}

/* Runs of tokens with the same loss flag are decoded together, so that characters of several tokens stay whole. */
void show_example(const hn_cli *cli, FILE *f, hone_trainer *t) {
    const hone_dataset *d = hone_trainer_dataset(t);
    hone_tokenizer *tok = hone_trainer_tokenizer(t);
    const int32_t *ids;
    const uint8_t *loss;
    int64_t n;
    if (cli->o.quiet || hone_dataset_rows(d) == 0 || hone_dataset_row(d, 0, &ids, &loss, &n) != HONE_OK) return;
    bool color = term_color(f);
    int64_t targets = 0, most = n < 200 ? n : 200;
    for (int64_t i = 0; i < n; i++) targets += loss[i];
    fprintf(f, "first example: %lld tokens, %lld of them targets (%s)\n", (long long)n, (long long)targets,
            color ? "green" : "between [[ and ]]");
    for (int64_t i = 0, j; i < most; i = j) {
        for (j = i + 1; j < most && loss[j] == loss[i]; j++) {}
        char *text = NULL;
        fputs(!loss[i] ? "" : color ? "\033[32m" : "[[", f);
        if (tok && hone_detokenize(tok, ids + i, (size_t)(j - i), 0, &text) == HONE_OK)
            put_line(f, "%s", text);
        else
            for (int64_t k = i; k < j; k++) fprintf(f, "%d ", ids[k]);
        fputs(!loss[i] ? "" : color ? "\033[0m" : "]]", f);
        hn_free(text);
    }
    fprintf(f, "%s\n", most < n ? " ..." : "");
}
