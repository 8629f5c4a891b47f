/* api_trainer.c - a training run from a config: loads the parts, plans, and is stepped by the caller. */
#include <string.h>

#include "api/api.h"
#include "io/io.h"

/* Fingerprint of what a run trains on: resume refuses another. */
static void fingerprint(hone_trainer *t) {
    hn_hash *h = hn_hash_new();
    if (!h) return;
    const hn_model_info *i = hn_model_get_info(t->model->m);
    const int64_t sizes[] = {i->vocab, i->dim, i->layers, i->heads, i->kv_heads, i->ffn, i->parameters};
    hn_hash_add(h, i->family, strlen(i->family));
    hn_hash_add(h, sizes, sizeof sizes);
    hn_hash_add(h, t->train->rows->fingerprint, strlen(t->train->rows->fingerprint));
    if (t->tok) {
        const char *tokens = hn_tokenizer_fingerprint(t->tok->t);
        hn_hash_add(h, tokens, strlen(tokens));
    }
    hn_hash_end(h, t->fingerprint);
}

/* The end token and the template that are asked for become the result's. */
static hn_status take_words(hone_trainer *t, const hone_config *c, hn_error *err) {
    if (!(c->task->parts & HN_PART_SFT) || !t->tok) return HN_OK;
    if (c->sft.chat_template_path) HN_TRY(hn_chat_from(c, t->tok->t, &t->chat, err));
    if (!c->sft.eos_token) return HN_OK;
    int32_t id = hn_tokenizer_id(t->tok->t, c->sft.eos_token);
    if (id < 0) return HN_OK; /* said where rows need it */
    HN_TRY(hn_tokenizer_set_special(t->tok->t, HN_EOS, c->sft.eos_token, err));
    return hn_model_set_eos(t->model->m, id, err);
}

static hone_status trainer_start(hone_trainer *t, hone_config *c) {
    hn_error err = {0};
    fingerprint(t);
    t->settings = hn_config_json(c->c);
    if (!t->settings) return hone_keep(c->ctx, hn_nomem(&err, 1), &err);
    /* how this call began is no property of the run: the file is for --config, anew or to resume */
    hn_json_set_bool(t->settings, "overwrite_output_dir", false);
    hn_json_set(t->settings, "resume_from_checkpoint", NULL);
    hn_json_set_text(t->settings, "hone_version", HONE_VERSION);
    hn_json_set_text(t->settings, "hone_task", c->task->name);
    hn_card_write(t, &t->card);
    hn_trainer_in in = {.dev = c->ctx->dev, .model = t->model->m, .tokenizer = t->tok ? t->tok->t : NULL,
                        .train = t->train->rows, .eval = t->eval ? t->eval->rows : NULL, .objective = c->objective,
                        .objective_opts = c->objective_opts, .opts = &c->train, .settings = t->settings, .card = t->card.p,
                        .fingerprint = t->fingerprint, .dry_run = c->dry_run};
    hn_status st = t->card.failed ? hn_nomem(&err, 1) : take_words(t, c, &err);
    in.chat_template = t->chat ? hn_chat_text(t->chat) : NULL;
    if (st == HN_OK) st = hn_trainer_new(&in, &t->t, &err);
    return hone_keep(c->ctx, st, &err);
}

hone_status hone_trainer_new(hone_config *c, hone_model *m, hone_tokenizer *tok, hone_dataset *train, hone_dataset *eval,
                             hone_trainer **out) {
    *out = NULL;
    HONE_NEED(c && m && train);
    hn_error err = {0};
    if (!c->task->objective) return hone_keep(c->ctx, hn_fail(&err, HN_EARG, "'%s' trains nothing", c->task->name), &err);
    hone_trainer *t = hn_calloc(1, sizeof *t);
    if (!t) return hone_keep(c->ctx, hn_nomem(&err, sizeof *t), &err);
    *t = (hone_trainer){.ctx = c->ctx, .c = c, .model = m, .tok = tok, .train = train, .eval = eval};
    hone_status st = trainer_start(t, c);
    if (st != HONE_OK) {
        hone_trainer_free(t);
        return st;
    }
    *out = t;
    return HONE_OK;
}

static hone_status no_model(hone_config *c) {
    hn_error err = {0};
    hn_fail(&err, HN_EARG, c->task->parts & HN_PART_CONFIG ? "neither --model_name_or_path nor --config_name is given"
                                                           : "--model_name_or_path is missing");
    hn_error_fix(&err, "name a model folder, or org/name of the local hub cache, with --model_name_or_path");
    return hone_keep(c->ctx, HN_EARG, &err);
}

/* The folder that the files of a model are in, or its config.json alone. */
static hn_status find_dir(const hn_model_opts *o, char **dir, hn_error *err) {
    if (o->model_name_or_path) return hn_model_dir_find(o->model_name_or_path, o->model_revision, dir, err);
    const char *path = o->config_name, *base = hn_path_base(path);
    if (hn_path_is_dir(path)) *dir = hn_strdup(path);
    else *dir = base > path ? hn_strndup(path, (size_t)(base - path)) : hn_strdup(".");
    return *dir ? HN_OK : hn_nomem(err, strlen(path));
}

/* The tokenizer first, where tokens are added: the model then has rows for them. */
static hone_status load_both(hone_config *c, hone_model **m, hone_tokenizer **tok) {
    const hn_model_opts *o = &c->model;
    hn_error err = {0};
    hone_load_opts load = {.struct_size = sizeof load, .revision = o->model_revision};
    if (!o->model_name_or_path && !o->config_name) return no_model(c);
    if (hn_tokens_wanted(c)) {
        char *dir = NULL;
        hn_status found = find_dir(o, &dir, &err);
        hone_status st = found == HN_OK ? hone_load_tokenizer_of(c, dir, tok) : hone_keep(c->ctx, found, &err);
        hn_free(dir);
        if (st != HONE_OK) return st;
        if (*tok) load.vocab_size = hn_tokenizer_size((*tok)->t);
    }
    hone_status st = o->model_name_or_path ? hone_model_load(c->ctx, o->model_name_or_path, &load, m)
                                           : hone_init_model(c->ctx, o->config_name, (uint64_t)c->train.seed, load.vocab_size, m);
    if (st == HONE_OK && !*tok) st = hone_load_tokenizer(c, *m, tok);
    if (st != HONE_OK || !*tok) return st;
    return hone_keep(c->ctx, hn_model_check_vocab((*m)->m, hn_tokenizer_size((*tok)->t), &err), &err);
}

/* Where preparing all rows may take minutes the first ones are checked before; else what is wrong with a row is said first. */
static bool takes_long(const hone_config *c) {
    hn_sources s;
    bool held_out;
    if (hn_find_sources(c, false, &s, &held_out, NULL) != HN_OK) return false;
    uint64_t bytes = hn_sources_bytes(&s);
    hn_sources_release(&s);
    return bytes > 64 << 20;
}

static hone_status check_first(hone_config *c, hone_trainer *t) {
    hn_error err = {0};
    return hone_keep(c->ctx, hn_check_before_run(c, t->model, t->tok, &t->checks, &err), &err);
}

/* tokenizer_config.json that asks for a start or end token where tokenizer.json puts none, or the other way round. */
static void warn_of_flags(const hn_tokenizer *tok) {
    hn_peculiar p[HN_PECULIAR_MOST];
    size_t n = hn_tokenizer_peculiar(tok, NULL, p);
    for (size_t i = 0; i < n; i++)
        if (hn_streq(p[i].id, "add_bos_token") || hn_streq(p[i].id, "add_eos_token")) hn_warn("%s", p[i].text);
}

static hone_status open_parts(hone_config *c, hone_trainer *t) {
    hn_error err = {0};
    hone_status st = load_both(c, &t->model, &t->tok);
    if (st == HONE_OK && t->tok) warn_of_flags(t->tok->t);
    bool large = takes_long(c);
    if (st == HONE_OK && large) st = check_first(c, t);
    if (st == HONE_OK) st = hone_dataset_load_for(c, t->model, t->tok, "train", &t->train);
    bool wanted = !hn_streq(c->train.eval_strategy, "no") || c->data.eval_dataset_name || c->data.val_size > 0;
    if (st == HONE_OK && wanted) st = hone_dataset_load_for(c, t->model, t->tok, "eval", &t->eval);
    if (st == HONE_OK && !hn_streq(c->train.eval_strategy, "no") && !t->eval) {
        hn_fail(&err, HN_EARG, "--eval_strategy %s needs an evaluation set", c->train.eval_strategy);
        hn_error_fix(
            &err,
            "name one with --eval_dataset_name, split one off with --val_size, or put a test or validation file into the folder");
        st = hone_keep(c->ctx, HN_EARG, &err);
    }
    return st == HONE_OK && !large ? check_first(c, t) : st;
}

hone_status hone_trainer_open(hone_config *c, hone_trainer **out) {
    *out = NULL;
    HONE_NEED(c);
    hn_error err = {0};
    if (!c->task->objective) return hone_keep(c->ctx, hn_fail(&err, HN_EARG, "'%s' trains nothing", c->task->name), &err);
    hn_status good = hn_settings_check(c, &err); /* before the time it takes to load */
    if (good != HN_OK) return hone_keep(c->ctx, good, &err);
    hone_trainer *t = hn_calloc(1, sizeof *t);
    if (!t) return hone_keep(c->ctx, hn_nomem(&err, sizeof *t), &err);
    *t = (hone_trainer){.ctx = c->ctx, .c = c, .owns = true};
    hone_status st = open_parts(c, t);
    if (st == HONE_OK) st = trainer_start(t, c);
    if (st != HONE_OK) {
        hone_trainer_free(t);
        return st;
    }
    *out = t;
    return HONE_OK;
}

void hone_trainer_free(hone_trainer *t) {
    if (!t) return;
    hn_trainer_free(t->t);
    if (t->owns) {
        hone_dataset_free(t->train);
        hone_dataset_free(t->eval);
        hone_tokenizer_free(t->tok);
        hone_model_free(t->model);
    }
    hn_report_release(&t->checks);
    hn_chat_free(t->chat);
    hn_json_free(t->settings);
    hn_buf_release(&t->card);
    hn_buf_release(&t->log_text);
    hn_buf_release(&t->eval_text);
    hn_free(t);
}

static const char *entry_text(hn_buf *b, const hn_json *entry) {
    hn_buf_clear(b);
    if (!entry) return NULL;
    hn_json_write(b, entry, 0);
    return b->failed ? NULL : b->p;
}

hone_status hone_trainer_step(hone_trainer *t, hone_metrics *out) {
    HONE_NEED(t);
    hn_error err = {0};
    hn_step_report r = {0};
    hn_status st = hn_trainer_step(t->t, &r, &err);
    if (st != HN_OK) return hone_keep(t->ctx, st, &err);
    hone_metrics m = {.struct_size = sizeof m, .step = r.step, .max_steps = r.max_steps, .step_tokens = r.tokens,
                      .total_tokens = r.total_tokens, .epoch = r.epoch, .loss = r.loss, .grad_norm = r.grad_norm,
                      .learning_rate = r.learning_rate, .seconds = r.seconds, .log_json = entry_text(&t->log_text, r.log),
                      .eval_json = entry_text(&t->eval_text, r.eval), .saved = r.saved, .skipped = r.skipped};
    if (out) {
        size_t size = out->struct_size && out->struct_size < sizeof m ? out->struct_size : sizeof m;
        m.struct_size = out->struct_size;
        memcpy(out, &m, size);
    }
    return r.done ? HONE_DONE : HONE_OK;
}

static hone_status entry_out(hone_trainer *t, hn_status st, const hn_json *entry, char **json, hn_error *err) {
    if (st == HN_OK && json) {
        hn_buf b = {0};
        hn_json_write(&b, entry, 0);
        *json = hn_buf_take(&b);
        if (!*json) st = hn_nomem(err, 1);
    }
    return hone_keep(t->ctx, st, err);
}

hone_status hone_trainer_evaluate(hone_trainer *t, char **json) {
    if (json) *json = NULL;
    HONE_NEED(t);
    hn_error err = {0};
    const hn_json *entry = NULL;
    hn_status st = hn_trainer_evaluate(t->t, &entry, &err);
    return entry_out(t, st, entry, json, &err);
}

hone_status hone_trainer_finish(hone_trainer *t, char **summary_json) {
    if (summary_json) *summary_json = NULL;
    HONE_NEED(t);
    hn_error err = {0};
    const hn_json *entry = NULL;
    hn_status st = hn_trainer_finish(t->t, &entry, &err);
    return entry_out(t, st, entry, summary_json, &err);
}

hone_status hone_trainer_checkpoint(hone_trainer *t, char **dir) {
    HONE_NEED(t);
    hn_error err = {0};
    const char *made = NULL;
    hn_status st = hn_trainer_checkpoint(t->t, &made, &err);
    if (dir) *dir = st == HN_OK && made ? hn_strdup(made) : NULL;
    return hone_keep(t->ctx, st, &err);
}

hone_status hone_trainer_probe(hone_trainer *t, double *seconds, uint64_t *peak_bytes) {
    HONE_NEED(t && seconds && peak_bytes);
    hn_error err = {0};
    return hone_keep(t->ctx, hn_trainer_probe(t->t, seconds, peak_bytes, &err), &err);
}

hone_model *hone_trainer_model(hone_trainer *t) { return t ? t->model : NULL; }
hone_tokenizer *hone_trainer_tokenizer(hone_trainer *t) { return t ? t->tok : NULL; }
const hone_dataset *hone_trainer_dataset(hone_trainer *t) { return t ? t->train : NULL; }
