/* train_log.c - what a run writes down: entries of log_history named and ordered as TRL's, and metrics.jsonl.
 *
 * An entry holds loss (mean over the steps since the last one), grad_norm and learning_rate of the step, the objective's
 * means over micro-batches, num_tokens, epoch, step. The summary takes along the means of the steps behind the last entry. As
 * in the reference an entry that is written after an evaluation of the same step leaves the means to the next. metrics.jsonl has
 * one object for every step, in full precision. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/train_impl.h"

double hn_round(double x, int digits) {
    char text[400];
    if (!isfinite(x)) return x;
    snprintf(text, sizeof text, "%.*f", digits, x);
    for (char *p = text; *p; p++)
        if (*p == ',') *p = '.'; /* whatever the process's locale writes */
    return hn_strtod(text, NULL);
}

void hn_log_metrics(hn_trainer *t, hn_json *j) {
    hn_state *s = &t->state;
    if (hn_json_int(hn_json_get(t->last_eval, "step"), -1) == s->step) return;
    for (int32_t i = 0; i < s->metrics.count; i++)
        hn_json_set_num(j, s->metrics.v[i].name, hn_metrics_mean(&s->metrics, i));
    hn_json_set_num(j, "num_tokens", (double)s->total_tokens);
    hn_metrics_clear(&s->metrics);
}

hn_json *hn_log_step(hn_trainer *t) {
    hn_state *s = &t->state;
    hn_json *j = hn_json_new_object();
    if (!j) return NULL;
    hn_json_set_num(j, "loss", s->loss_steps ? s->loss_sum / (double)s->loss_steps : (double)NAN);
    hn_json_set_num(j, "grad_norm", s->grad_norm);
    hn_json_set_num(j, "learning_rate", s->learning_rate);
    hn_log_metrics(t, j);
    hn_json_set_num(j, "epoch", hn_epoch_of(t, s->step));
    hn_json_set_int(j, "step", s->step);
    hn_json_push(t->history, j);
    s->loss_sum = 0;
    s->loss_steps = 0;
    s->logged_step = s->step;
    return j;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const hn_json_iter *)a)->key, ((const hn_json_iter *)b)->key);
}

hn_json *hn_json_sorted(const hn_json *j) {
    hn_json_kind kind = hn_json_type(j);
    if (kind == HN_JSON_ARRAY) {
        hn_json *out = hn_json_new_array();
        for (size_t i = 0; out && i < hn_json_len(j); i++) hn_json_push(out, hn_json_sorted(hn_json_at(j, i)));
        return out;
    }
    if (kind != HN_JSON_OBJECT) return hn_json_ref((hn_json *)(uintptr_t)j); /* shared; nobody changes it */
    hn_json *out = hn_json_new_object();
    hn_json_iter *all = hn_alloc_array(hn_json_len(j) + 1, sizeof *all), it;
    size_t n = 0;
    for (bool more = all && hn_json_first(j, &it); more; more = hn_json_next(&it)) all[n++] = it;
    if (all) qsort(all, n, sizeof *all, by_name);
    for (size_t i = 0; out && i < n; i++) hn_json_set(out, all[i].key, hn_json_sorted(all[i].value));
    if (!all) {
        hn_json_free(out);
        out = NULL;
    }
    hn_free(all);
    return out;
}

hn_status hn_json_write_file(const char *dir, const char *name, const hn_json *j, int indent, hn_error *err) {
    hn_buf b = {0};
    hn_json_write(&b, j, indent);
    hn_buf_putc(&b, '\n');
    char *path = hn_path_join(dir, name);
    hn_status st = b.failed || !path ? hn_nomem(err, b.n) : hn_file_write(path, b.p, b.n, err);
    hn_free(path);
    hn_buf_release(&b);
    return st;
}

/* Lines of earlier steps that the resumed run really has behind it; half a line at the end is left out. */
static hn_status keep_lines(const char *path, int64_t last_step, hn_error *err) {
    hn_buf all = {0}, kept = {0};
    hn_status st = hn_path_exists(path) && last_step > 0 ? hn_file_read(path, &all, err) : HN_OK;
    for (char *p = all.p, *end; st == HN_OK && p && (end = strchr(p, '\n')); p = end + 1) {
        hn_json *j = NULL;
        size_t n = (size_t)(end - p);
        bool good =
            hn_json_parse(p, n, path, 1, &j, NULL) == HN_OK && hn_json_int(hn_json_get(j, "step"), INT64_MAX) <= last_step;
        hn_json_free(j);
        if (good) hn_buf_add(&kept, p, n + 1);
    }
    if (st == HN_OK) st = kept.failed ? hn_nomem(err, kept.n) : hn_file_write(path, kept.p, kept.n, err);
    hn_buf_release(&all);
    hn_buf_release(&kept);
    return st;
}

hn_status hn_jsonl_open(hn_trainer *t, hn_error *err) {
    char *path = hn_path_join(t->o->output_dir, "metrics.jsonl");
    if (!path) return hn_nomem(err, 64);
    hn_status st = keep_lines(path, t->state.step, err);
    if (st == HN_OK) {
        t->jsonl = fopen(path, "ae");
        if (!t->jsonl) st = hn_fail_errno(err, HN_EIO, "cannot write '%s'", path);
    }
    hn_free(path);
    return st;
}

hn_status hn_jsonl_put(hn_trainer *t, const hn_step_report *r, hn_error *err) {
    hn_json *j = hn_json_new_object();
    hn_buf b = {0};
    hn_json_set_int(j, "step", t->state.step);
    hn_json_set_num(j, "epoch", r->epoch);
    hn_json_set_num(j, "loss", r->loss);
    hn_json_set_num(j, "grad_norm", r->grad_norm);
    hn_json_set_num(j, "learning_rate", r->learning_rate);
    hn_json_set_int(j, "tokens", r->tokens);
    hn_json_set_num(j, "step_seconds", hn_round(r->seconds, 6));
    hn_json_set_num(j, "tokens_per_second", hn_round(r->tokens_per_second, 1));
    hn_json_set_num(j, "peak_rss_mb", hn_round((double)hn_peak_rss() / 1e6, 1));
    hn_json_set_num(j, "process_seconds", hn_round(hn_process_age(), 3));
    if (r->skipped) hn_json_set_bool(j, "skipped", true);
    hn_json_write(&b, j, 0);
    hn_buf_putc(&b, '\n');
    hn_json_free(j);
    hn_status st = HN_OK;
    if (b.failed) st = hn_nomem(err, b.n);
    else if (fwrite(b.p, 1, b.n, t->jsonl) != b.n || fflush(t->jsonl) != 0) {
        st = hn_fail_errno(err, HN_EIO, "cannot write '%s/metrics.jsonl'", t->o->output_dir);
        if (errno == ENOSPC) hn_error_fix(err, "make room on the disk, then go on with --resume_from_checkpoint true");
    }
    hn_buf_release(&b);
    return st;
}
