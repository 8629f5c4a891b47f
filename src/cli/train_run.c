/* train_run.c - the run of every training command: plan, loop with signals, end table.
 *
 * SIGINT, SIGTERM, SIGHUP: the step is finished, a checkpoint saved, the resume command printed, exit 130 or 143; a second
 * SIGINT ends at once. SIGUSR1: a checkpoint, and on; while rows are prepared it is kept for the first step. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static volatile sig_atomic_t stop_signal, save_signal;

static void on_signal(int number) {
    if (number == SIGUSR1) {
        save_signal = 1;
        return;
    }
    if (stop_signal && number == SIGINT) _exit(130);
    stop_signal = number;
}

static void catch_signal(int number) {
    struct sigaction action = {.sa_handler = on_signal}, before;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    bool nohup = number == SIGHUP && sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN;
    if (!nohup) sigaction(number, &action, NULL);
}

static void catch_stops(void) {
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    catch_signal(SIGHUP);
}

static int stopped(hn_cli *cli, hone_trainer *t, int64_t step) {
    char *dir = NULL;
    hone_status st = hone_trainer_checkpoint(t, &dir);
    if (st != HONE_OK) return cli_fail_ctx(cli, st);
    put_line(stderr, "stopped by a signal after step %lld; saved %s\n", (long long)step, dir ? dir : "");
    hn_buf args = {0}, word = {0};
    hn_buf_printf(&args, "%s/training_args.json", dir ? dir : "");
    shell_word(&word, args.p ? args.p : "");
    if (word.p && !word.failed)
        put_line(stderr, "  resume: hone %s --config %s --resume_from_checkpoint true\n", cli->command->name, word.p);
    hn_buf_release(&args);
    hn_buf_release(&word);
    hn_free(dir);
    return stop_signal == SIGINT ? 130 : 143;
}

static int loop(hn_cli *cli, hone_trainer *t, int64_t start_step) {
    hn_progress progress;
    hone_metrics m = {.struct_size = sizeof m};
    hone_status st = HONE_OK;
    progress_start(&progress, cli, start_step);
    while (st == HONE_OK) {
        st = hone_trainer_step(t, &m);
        if (st != HONE_OK && st != HONE_DONE) break;
        progress_step(&progress, &m);
        if (save_signal) {
            save_signal = 0;
            char *dir = NULL;
            hone_status saved = hone_trainer_checkpoint(t, &dir);
            progress_clear(&progress);
            if (saved != HONE_OK) return cli_fail_ctx(cli, saved);
            say(cli, "saved %s\n", dir ? dir : "");
            hn_free(dir);
        }
        if (stop_signal && st == HONE_OK) {
            progress_clear(&progress);
            return stopped(cli, t, m.step);
        }
    }
    progress_clear(&progress);
    return st == HONE_DONE ? -1 : cli_fail_ctx(cli, st);
}

static void show_summary(hn_cli *cli, const char *json) {
    hn_json *j = NULL;
    char memory[32];
    const char *out = cli->task->train.output_dir;
    if (!json || hn_json_parse(json, strlen(json), "summary", 1, &j, NULL) != HN_OK) return;
    hn_json_iter it;
    say(cli, "\n");
    for (bool more = hn_json_first(j, &it); more; more = hn_json_next(&it))
        if (hn_json_type(it.value) == HN_JSON_INT || hn_json_type(it.value) == HN_JSON_REAL)
            say(cli, "%-28s %.6g\n", it.key, hn_json_num(it.value, 0));
    human_bytes(hn_peak_rss(), memory);
    say(cli, "%-28s %s\n", "peak memory", memory);
    if (cli->warnings) say(cli, "%-28s %d (above)\n", "warnings", cli->warnings);
    say(cli, "%-28s %s (model, tokenizer, trainer_state.json, metrics.jsonl, training_args.json)\n", "written", out);
    hn_buf word = {0};
    shell_word(&word, out);
    if (!word.failed) say(cli, "%-28s hone generate --model_name_or_path %s --prompt \"...\"\n", "next", word.p);
    hn_buf_release(&word);
    hn_json_free(j);
}

/* Prepared rows are kept in a dry run too: the run itself finds them there. */
static bool kept_rows(hone_trainer *t) {
    char *text = hone_trainer_plan_json(t);
    hn_json *j = NULL;
    bool kept = false;
    if (text && hn_json_parse(text, strlen(text), "plan", 1, &j, NULL) == HN_OK) {
        const hn_json *data = hn_json_get(j, "data");
        kept = hn_json_get(data, "prepared") && !hn_json_bool(hn_json_get(data, "reused"), false);
    }
    hn_json_free(j);
    hn_free(text);
    return kept;
}

static int dry_run(hn_cli *cli, hone_trainer *t, int64_t max_steps) {
    double seconds = 0;
    uint64_t peak = 0;
    hone_status st = hone_trainer_probe(t, &seconds, &peak);
    if (st != HONE_OK) return cli_fail_ctx(cli, st);
    char memory[32], eta[32];
    human_bytes(peak, memory);
    human_time(seconds * (double)max_steps, eta);
    printf("longest batch: %.2f s for forward and backward, peak memory %s; at most %s for %lld steps\n", seconds, memory, eta,
           (long long)max_steps);
    printf("dry run: nothing was written%s\n", kept_rows(t) ? " but the prepared rows" : "");
    return 0;
}

static int64_t plan_int(hone_trainer *t, const char *key) {
    char *text = hone_trainer_plan_json(t);
    hn_json *j = NULL;
    int64_t v = 0;
    if (text && hn_json_parse(text, strlen(text), "plan", 1, &j, NULL) == HN_OK)
        v = hn_json_int(hn_json_get(hn_json_get(j, "plan"), key), 0);
    hn_json_free(j);
    hn_free(text);
    return v;
}

int train_run(hn_cli *cli) {
    int status = cli_context(cli);
    if (status >= 0) return status;
    cli->task->dry_run = cli->o.dry_run;
    catch_signal(SIGUSR1);
    hone_trainer *t = NULL;
    hone_status st = hone_trainer_open(cli->task, &t);
    if (st != HONE_OK) return cli_fail_ctx(cli, st);
    show_plan(cli, t);
    show_example(cli, cli->o.dry_run ? stdout : stderr, t);
    if (cli->o.dry_run) {
        status = dry_run(cli, t, plan_int(t, "max_steps"));
    } else {
        catch_stops();
        status = loop(cli, t, plan_int(t, "start_step"));
    }
    if (status < 0) {
        char *summary = NULL;
        st = hone_trainer_finish(t, &summary);
        status = st == HONE_OK ? 0 : cli_fail_ctx(cli, st);
        if (st == HONE_OK) show_summary(cli, summary);
        hn_free(summary);
    }
    hone_trainer_free(t);
    return status;
}
