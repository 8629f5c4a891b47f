/* progress.c - a bar on a terminal, redrawn at most ten times a second; a line per logging step everywhere. */
#include <math.h>
#include <string.h>

#include "cli/cli.h"

void progress_start(hn_progress *p, const hn_cli *cli, int64_t start_step) {
    *p = (hn_progress){
        .bar = !cli->o.quiet && term_is_tty(stderr), .quiet = cli->o.quiet, .started = hn_now(), .start_step = start_step};
}

void progress_clear(hn_progress *p) {
    if (p->bar) fputs("\r\033[K", stderr);
}

static void draw(hn_progress *p, const hone_metrics *m) {
    double now = hn_now(), spent = now - p->started;
    int64_t done = m->step - p->start_step;
    if (now - p->drawn < 0.1 && m->step < m->max_steps) return;
    p->drawn = now;
    char eta[32], memory[32], bar[32], tokens[32];
    int full = m->max_steps > 0 ? (int)(20 * m->step / m->max_steps) : 0;
    for (int i = 0; i < 20; i++) bar[i] = (char)(i < full ? '=' : i == full ? '>' : ' ');
    bar[20] = '\0';
    double rate = spent > 0 ? (double)done / spent : 0;
    human_time(rate > 0 ? (double)(m->max_steps - m->step) / rate : 0, eta);
    human_bytes(hn_peak_rss(), memory);
    human_count(m->seconds > 0 ? (double)m->step_tokens / m->seconds : 0, tokens);
    char line[256];
    snprintf(line, sizeof line, "[%s] %lld/%lld %3.0f%%  loss %.4g  lr %.3g  %.2f it/s  %s tok/s  eta %s  mem %s", bar,
             (long long)m->step, (long long)m->max_steps, m->max_steps ? 100.0 * (double)m->step / (double)m->max_steps : 0,
             m->loss, m->learning_rate, rate, tokens, eta, memory);
    fprintf(stderr, "\r\033[K%.*s", term_width(stderr) - 1, line);
    fflush(stderr);
}

/* "step 120 | epoch 0.12 | loss 1.843 | ..." from the entry of log_history, names shortened where they are long. */
static void log_line(const hone_metrics *m, const char *json) {
    hn_json *j = NULL;
    if (hn_json_parse(json, strlen(json), "log", 1, &j, NULL) != HN_OK) return;
    static const char *const shown[][2] = {{"epoch", "epoch"},
                                           {"loss", "loss"},
                                           {"grad_norm", "grad_norm"},
                                           {"learning_rate", "lr"},
                                           {"mean_token_accuracy", "acc"},
                                           {"entropy", "entropy"}};
    fprintf(stderr, "step %lld", (long long)m->step);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (hn_json_get(j, shown[i][0])) fprintf(stderr, " | %s %.4g", shown[i][1], hn_json_num(hn_json_get(j, shown[i][0]), 0));
    fprintf(stderr, " | tok/s %.0f\n", m->seconds > 0 ? (double)m->step_tokens / m->seconds : 0);
    hn_json_free(j);
}

static void eval_line(const char *json) {
    hn_json *j = NULL;
    if (hn_json_parse(json, strlen(json), "evaluation", 1, &j, NULL) != HN_OK) return;
    hn_json_iter it;
    fprintf(stderr, "evaluation");
    for (bool more = hn_json_first(j, &it); more; more = hn_json_next(&it))
        if (strncmp(it.key, "eval_", 5) == 0 && !strstr(it.key, "runtime") && !strstr(it.key, "per_second"))
            fprintf(stderr, " | %s %.5g", it.key + 5, hn_json_num(it.value, 0));
    fputc('\n', stderr);
    hn_json_free(j);
}

void progress_step(hn_progress *p, const hone_metrics *m) {
    if (p->quiet) return;
    if (m->log_json || m->eval_json || m->saved || m->skipped) progress_clear(p);
    if (m->skipped) fprintf(stderr, "step %lld | loss not finite, left out\n", (long long)m->step);
    if (m->log_json) log_line(m, m->log_json);
    if (m->eval_json) eval_line(m->eval_json);
    if (m->saved) put_line(stderr, "saved %s\n", m->saved);
    if (p->bar) draw(p, m);
}
