/* load_state.c - going on from a checkpoint: find the newest that is whole, refuse one of another run, take its state. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/io.h"
#include "train/train_impl.h"

static hn_status verify_file(const char *dir, const char *name, const hn_json *want, hn_error *err) {
    char *path = hn_path_join(dir, name), hash[33];
    hn_map map;
    if (!path) return hn_nomem(err, 64);
    hn_status st = hn_map_open(path, &map, err);
    hn_free(path);
    if (st != HN_OK) return hn_fail(err, HN_EFORMAT, "'%s/%s' is missing", dir, name);
    hn_hash_hex(map.p, map.n, hash);
    bool same =
        (int64_t)map.n == hn_json_int(hn_json_get(want, "size"), -1) && hn_streq(hash, hn_json_cstr(hn_json_get(want, "xxh3")));
    hn_map_close(&map);
    return same ? HN_OK : hn_fail(err, HN_EFORMAT, "'%s/%s' is not the file that was written", dir, name);
}

hn_status hn_checkpoint_verify(const char *dir, hn_error *err) {
    char *path = hn_path_join(dir, HN_MANIFEST);
    if (!path) return hn_nomem(err, 64);
    hn_json *j = NULL;
    hn_status st = hn_path_exists(path)
                       ? hn_json_load(path, &j, err)
                       : hn_fail(err, HN_EFORMAT, "'%s' is no complete checkpoint: %s is missing", dir, HN_MANIFEST);
    hn_free(path);
    const hn_json *files = hn_json_get(j, "files");
    hn_json_iter it;
    bool more = st == HN_OK && hn_json_first(files, &it);
    if (st == HN_OK && !more) st = hn_fail(err, HN_EFORMAT, "'%s/%s' names no files", dir, HN_MANIFEST);
    for (; more && st == HN_OK; more = hn_json_next(&it)) st = verify_file(dir, it.key, it.value, err);
    if (st == HN_OK && !hn_json_has(files, HN_RUN_STATE)) {
        st = hn_fail(err, HN_EFORMAT, "'%s' holds no optimiser state (--save_only_model): a run cannot go on from it", dir);
        hn_error_fix(err, "start a new run with --model_name_or_path %s", dir);
    }
    hn_json_free(j);
    return st;
}

static int descending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* The newest whole checkpoint of output_dir; *out NULL: none. Broken ones are named and passed over. */
static hn_status newest(const hn_trainer *t, char **out, hn_error *err) {
    *out = NULL;
    if (!hn_path_is_dir(t->o->output_dir)) return HN_OK;
    hn_strlist names = {0};
    HN_TRY(hn_dir_list(t->o->output_dir, &names, err));
    int64_t *step = hn_alloc_array(names.n + 1, sizeof *step), n = 0;
    hn_status st = step ? HN_OK : hn_nomem(err, names.n * sizeof *step);
    for (size_t i = 0; i < names.n && step; i++) {
        int64_t k = hn_checkpoint_number(names.v[i]);
        if (k >= 0) step[n++] = k;
    }
    if (step) qsort(step, (size_t)n, sizeof *step, descending);
    for (int64_t i = 0; i < n && st == HN_OK && !*out; i++) {
        hn_error why = {0};
        char *path = hn_checkpoint_path(t, step[i]);
        if (!path) st = hn_nomem(err, 64);
        else if (hn_checkpoint_verify(path, &why) == HN_OK) *out = path;
        else {
            hn_warn("passed over: %s", why.msg);
            hn_free(path);
        }
    }
    hn_free(step);
    hn_strlist_free(&names);
    return st;
}

hn_status hn_weights_load(hn_model *m, const char *dir, hn_error *err) {
    hn_st *file = NULL;
    HN_TRY(hn_st_open_dir(dir, "model", &file, err));
    size_t n = 0;
    hn_param *p = hn_model_params(m, &n);
    hn_status st = HN_OK;
    for (size_t i = 0; i < n && st == HN_OK; i++) {
        const hn_st_tensor *s = hn_st_find(file, p[i].name);
        if (!s) st = hn_fail(err, HN_EFORMAT, "'%s': weights '%s' are missing", dir, p[i].name);
        else if (s->dtype != HN_ST_F32 || s->count != hn_tensor_count(p[i].t))
            st = hn_fail(err, HN_ESHAPE, "'%s': weights '%s' are not those of this model", dir, p[i].name);
        else if (p[i].t->dtype == HN_F32) memcpy(p[i].t->data, s->data, s->bytes);
        else hn_convert(s->count, HN_F32, s->data, p[i].t->dtype, p[i].t->data);
    }
    hn_st_close(file);
    return st;
}

/* The first thing in which the checkpoint's run differs from this one, as text; false: none. */
static bool differs(const hn_trainer *t, const hn_json *j, char *out, size_t cap) {
    const struct {
        const char *key;
        const char *now;
    } texts[] = {{"objective", t->in.objective->name},
                 {"fingerprint", t->in.fingerprint},
                 {"train_sampling_strategy", t->o->train_sampling_strategy}};
    const struct {
        const char *key;
        int64_t now;
    } numbers[] = {{"seed", t->o->seed},
                   {"order_seed", (int64_t)t->source.seed},
                   {"per_device_train_batch_size", t->source.batch},
                   {"gradient_accumulation_steps", t->source.accumulate}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *then = hn_json_cstr(hn_json_get(j, texts[i].key));
        if (hn_streq(then, texts[i].now)) continue;
        if (hn_streq(texts[i].key, "fingerprint")) snprintf(out, cap, "model or data are not those it was made with");
        else snprintf(out, cap, "%s was %s, now %s", texts[i].key, then ? then : "none", texts[i].now);
        return true;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int64_t then = hn_json_int(hn_json_get(j, numbers[i].key), -1);
        if (then == numbers[i].now) continue;
        snprintf(out, cap, "%s was %lld, now %lld", numbers[i].key, (long long)then, (long long)numbers[i].now);
        return true;
    }
    return false;
}

static hn_status take_state(hn_trainer *t, const hn_json *j, hn_error *err) {
    hn_state *s = &t->state;
    s->step = hn_json_int(hn_json_get(j, "step"), -1);
    t->optim.updates = hn_json_int(hn_json_get(j, "updates"), 0);
    s->total_tokens = hn_json_int(hn_json_get(j, "total_tokens"), 0);
    s->flos = hn_json_num(hn_json_get(j, "flos"), 0);
    s->loss_sum = hn_json_num(hn_json_get(j, "loss_sum"), 0);
    s->loss_steps = hn_json_int(hn_json_get(j, "loss_steps"), 0);
    s->logged_step = hn_json_int(hn_json_get(j, "logged_step"), 0);
    s->loss_total = hn_json_num(hn_json_get(j, "loss_total"), 0);
    s->loss_total_steps = hn_json_int(hn_json_get(j, "loss_total_steps"), 0);
    s->best = hn_json_num(hn_json_get(j, "best"), (double)NAN);
    s->best_step = hn_json_int(hn_json_get(j, "best_step"), -1);
    s->grad_norm = hn_json_num(hn_json_get(j, "grad_norm"), 0);
    hn_metrics_clear(&s->metrics);
    const hn_json *list = hn_json_get(j, "metrics");
    size_t most = sizeof s->metrics.v / sizeof *s->metrics.v;
    if (s->step < 0 || hn_json_len(list) > most) return hn_fail(err, HN_EFORMAT, "%s is not what a run writes", HN_RUN_STATE);
    for (size_t i = 0; i < hn_json_len(list); i++) {
        const hn_json *m = hn_json_at(list, i);
        const char *name = hn_json_cstr(hn_json_get(m, "name"));
        snprintf(s->metrics.v[i].name, sizeof s->metrics.v[i].name, "%s", name ? name : "");
        s->metrics.v[i].sum = hn_json_num(hn_json_get(m, "sum"), 0);
        s->metrics.v[i].n = hn_json_int(hn_json_get(m, "n"), 0);
        s->metrics.count++;
    }
    return HN_OK;
}

static hn_status load_json(const char *dir, const char *name, hn_json **out, hn_error *err) {
    char *path = hn_path_join(dir, name);
    if (!path) return hn_nomem(err, 64);
    hn_status st = hn_json_load(path, out, err);
    hn_free(path);
    return st;
}

static hn_status check_same(const hn_trainer *t, const hn_json *j, const char *dir, hn_error *err) {
    char what[256];
    if (!differs(t, j, what, sizeof what)) return HN_OK;
    if (t->o->force) {
        hn_warn("going on from '%s' although %s", dir, what);
        return HN_OK;
    }
    hn_fail(err, HN_ESTATE, "'%s' is of another run: %s", dir, what);
    hn_error_fix(err, "use the same model, data and settings, start anew with --overwrite_output_dir, or insist with --force");
    return HN_ESTATE;
}

static hn_status load_from(hn_trainer *t, const char *dir, hn_error *err) {
    hn_json *state = NULL, *log = NULL;
    hn_status st = HN_OK;
    char *optimizer = hn_path_join(dir, HN_OPTIMIZER);
    if (!optimizer) return hn_nomem(err, 64);
    HN_GO(st, load_json(dir, HN_RUN_STATE, &state, err));
    HN_GO(st, check_same(t, state, dir, err));
    HN_GO(st, load_json(dir, HN_TRAINER_STATE, &log, err));
    HN_GO(st, hn_weights_load(t->in.model, dir, err));
    HN_GO(st, hn_optim_load(&t->optim, optimizer, err));
    HN_GO(st, take_state(t, state, err));
    hn_json *history = hn_json_get(log, "log_history");
    if (hn_json_type(history) == HN_JSON_ARRAY) {
        hn_json_free(t->history);
        t->history = hn_json_ref(history);
    }
    t->plan.resumed = true;
    snprintf(t->plan.resumed_from, sizeof t->plan.resumed_from, "%s", dir);
    t->saved = hn_strdup(dir);
    if (t->state.step > t->plan.max_steps)
        hn_warn("'%s' is past the last step (%lld): nothing is left to train", dir, (long long)t->plan.max_steps);
done:
    hn_free(optimizer);
    hn_json_free(state);
    hn_json_free(log);
    return st;
}

hn_status hn_resume(hn_trainer *t, hn_error *err) {
    const char *from = t->o->resume_from_checkpoint;
    if (!from || hn_streq(from, "false") || hn_streq(from, "False")) return HN_OK;
    if (!hn_streq(from, "true") && !hn_streq(from, "True")) {
        if (!hn_path_is_dir(from)) return hn_fail(err, HN_ENOENT, "--resume_from_checkpoint '%s' is no folder", from);
        HN_TRY(hn_checkpoint_verify(from, err));
        return load_from(t, from, err);
    }
    char *dir = NULL;
    HN_TRY(newest(t, &dir, err));
    if (!dir) {
        hn_info("no complete checkpoint stands in '%s': starting from step 0", t->o->output_dir);
        return HN_OK;
    }
    hn_status st = load_from(t, dir, err);
    hn_free(dir);
    return st;
}
