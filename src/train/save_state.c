/* save_state.c - checkpoints: checkpoint-N.tmp, every file flushed, renamed when it is whole.
 *
 * Last comes the manifest with the size and hash of each file; a folder without one, or that differs from it, does not
 * count. trainer_state.json is the reference's; what it has no place for (running sums) is in hone_state.json. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/train_impl.h"

int64_t hn_checkpoint_number(const char *name) {
    static const char prefix[] = "checkpoint-";
    size_t n = sizeof prefix - 1;
    if (strncmp(name, prefix, n) != 0 || name[n] < '0' || name[n] > '9') return -1;
    char *end;
    long long k = strtoll(name + n, &end, 10);
    return *end == '\0' && k < INT64_MAX ? (int64_t)k : -1;
}

char *hn_checkpoint_path(const hn_trainer *t, int64_t step) {
    char name[40];
    snprintf(name, sizeof name, "checkpoint-%lld", (long long)step);
    return hn_path_join(t->o->output_dir, name);
}

static void put_best(const hn_trainer *t, hn_json *j) {
    const hn_state *s = &t->state;
    hn_json_set_num(j, "best_metric", s->best);
    if (s->best_step < 0) {
        hn_json_set(j, "best_global_step", NULL);
        hn_json_set(j, "best_model_checkpoint", NULL);
        return;
    }
    char *path = hn_checkpoint_path(t, s->best_step);
    bool there = path && (s->best_step == s->step || hn_path_is_dir(path));
    hn_json_set_int(j, "best_global_step", s->best_step);
    hn_json_set_text(j, "best_model_checkpoint", there ? path : NULL);
    hn_free(path);
}

static hn_json *trainer_state(const hn_trainer *t) {
    const hn_state *s = &t->state;
    hn_json *j = hn_json_new_object();
    if (!j) return NULL;
    put_best(t, j);
    hn_json_set_num(j, "epoch", hn_epoch_of(t, s->step));
    hn_json_set_int(j, "eval_steps", t->eval_steps);
    hn_json_set_int(j, "global_step", s->step);
    hn_json_set_bool(j, "is_hyper_param_search", false);
    hn_json_set_bool(j, "is_local_process_zero", true);
    hn_json_set_bool(j, "is_world_process_zero", true);
    hn_json_set(j, "log_history", hn_json_ref(t->history));
    hn_json_set_int(j, "logging_steps", t->logging_steps);
    hn_json_set_int(j, "max_steps", t->plan.max_steps);
    hn_json_set_int(j, "num_input_tokens_seen", s->total_tokens);
    hn_json_set_int(j, "num_train_epochs", (int64_t)ceil(t->plan.epochs));
    hn_json_set_int(j, "save_steps", t->save_steps);
    hn_json_set(j, "stateful_callbacks", hn_json_new_object());
    hn_json_set_num(j, "total_flos", s->flos);
    hn_json_set_int(j, "train_batch_size", t->o->per_device_train_batch_size);
    hn_json_set(j, "trial_name", NULL);
    hn_json_set(j, "trial_params", NULL);
    return j;
}

static hn_json *run_state(const hn_trainer *t) {
    const hn_state *s = &t->state;
    hn_json *j = hn_json_new_object(), *metrics = hn_json_new_array();
    if (!j || !metrics) {
        hn_json_free(j);
        hn_json_free(metrics);
        return NULL;
    }
    hn_json_set_int(j, "version", 1);
    hn_json_set_text(j, "objective", t->in.objective->name);
    hn_json_set_text(j, "fingerprint", t->in.fingerprint);
    hn_json_set_int(j, "seed", t->o->seed);
    hn_json_set_int(j, "order_seed", (int64_t)t->source.seed);
    hn_json_set_text(j, "train_sampling_strategy", t->o->train_sampling_strategy);
    hn_json_set_int(j, "per_device_train_batch_size", t->source.batch);
    hn_json_set_int(j, "gradient_accumulation_steps", t->source.accumulate);
    hn_json_set_int(j, "step", s->step);
    hn_json_set_int(j, "updates", t->optim.updates);
    hn_json_set_int(j, "total_tokens", s->total_tokens);
    hn_json_set_num(j, "flos", s->flos);
    hn_json_set_num(j, "loss_sum", s->loss_sum);
    hn_json_set_int(j, "loss_steps", s->loss_steps);
    hn_json_set_int(j, "logged_step", s->logged_step);
    hn_json_set_num(j, "loss_total", s->loss_total);
    hn_json_set_int(j, "loss_total_steps", s->loss_total_steps);
    hn_json_set_num(j, "best", s->best);
    hn_json_set_int(j, "best_step", s->best_step);
    hn_json_set_num(j, "grad_norm", s->grad_norm);
    for (int32_t i = 0; i < s->metrics.count; i++) {
        hn_json *m = hn_json_new_object();
        hn_json_set_text(m, "name", s->metrics.v[i].name);
        hn_json_set_num(m, "sum", s->metrics.v[i].sum);
        hn_json_set_int(m, "n", s->metrics.v[i].n);
        hn_json_push(metrics, m);
    }
    hn_json_set(j, "metrics", metrics);
    return j;
}

static hn_status write_sorted(const char *dir, const char *name, hn_json *j, hn_error *err) {
    hn_json *sorted = j ? hn_json_sorted(j) : NULL;
    hn_status st = sorted ? hn_json_write_file(dir, name, sorted, 2, err) : hn_nomem(err, 4096);
    hn_json_free(sorted);
    hn_json_free(j);
    return st;
}

hn_status hn_state_write(hn_trainer *t, const char *dir, bool in_checkpoint, hn_error *err) {
    HN_TRY(write_sorted(dir, HN_TRAINER_STATE, trainer_state(t), err));
    if (t->in.settings) HN_TRY(hn_json_write_file(dir, "training_args.json", t->in.settings, 2, err));
    if (!in_checkpoint || t->o->save_only_model) return HN_OK;
    HN_TRY(write_sorted(dir, HN_RUN_STATE, run_state(t), err));
    char *path = hn_path_join(dir, HN_OPTIMIZER);
    if (!path) return hn_nomem(err, 64);
    hn_status st = hn_optim_save(&t->optim, path, err);
    hn_free(path);
    return st;
}

static hn_status add_file(const char *path, const char *name, hn_json *files, hn_error *err) {
    char hash[33];
    hn_map map;
    HN_TRY(hn_map_open(path, &map, err));
    hn_hash_hex(map.p, map.n, hash);
    hn_json *one = hn_json_new_object();
    hn_json_set_int(one, "size", (int64_t)map.n);
    hn_json_set_text(one, "xxh3", hash);
    hn_json_set(files, name, one);
    hn_map_close(&map);
    return HN_OK;
}

/* Every file below dir; its folder inside it, or NULL, is part of the name. Folders are flushed. */
static hn_status manifest_of(const char *dir, const char *inside, hn_json *files, hn_error *err) {
    hn_strlist names = {0};
    char *folder = inside ? hn_path_join(dir, inside) : hn_strdup(dir);
    hn_status st = folder ? hn_dir_list(folder, &names, err) : hn_nomem(err, 64);
    for (size_t i = 0; i < names.n && st == HN_OK; i++) {
        char *name = inside ? hn_path_join(inside, names.v[i]) : hn_strdup(names.v[i]),
             *path = name ? hn_path_join(dir, name) : NULL;
        if (!path) st = hn_nomem(err, 64);
        else st = hn_path_is_dir(path) ? manifest_of(dir, name, files, err) : add_file(path, name, files, err);
        hn_free(name);
        hn_free(path);
    }
    if (st == HN_OK) st = hn_dir_sync(folder, err);
    hn_strlist_free(&names);
    hn_free(folder);
    return st;
}

static hn_status write_manifest(const hn_trainer *t, const char *dir, hn_error *err) {
    hn_json *j = hn_json_new_object(), *files = hn_json_new_object();
    hn_status st = j && files ? manifest_of(dir, NULL, files, err) : hn_nomem(err, 256);
    if (j) hn_json_set_int(j, "step", t->state.step);
    if (j) hn_json_set(j, "files", files);
    else hn_json_free(files);
    if (st == HN_OK) st = hn_json_write_file(dir, HN_MANIFEST, j, 2, err);
    hn_json_free(j);
    return st;
}

static hn_status write_folder(hn_trainer *t, const char *temp, const char *path, hn_error *err) {
    HN_TRY(hn_dir_remove(temp, err)); /* a rest of a killed run */
    HN_TRY(hn_dir_make(temp, err));
    HN_TRY(hn_model_save(t->in.model, temp, &(hn_save_opts){.dtype = HN_F32}, err)); /* the masters, whatever save_dtype */
    HN_TRY(hn_words_save(t, temp, err));
    HN_TRY(hn_state_write(t, temp, true, err));
    HN_TRY(write_manifest(t, temp, err));
    HN_TRY(hn_dir_sync(temp, err));
    HN_TRY(hn_dir_remove(path, err)); /* of another course of the run, or broken */
    HN_TRY(hn_rename(temp, path, err));
    return hn_dir_sync(t->o->output_dir, err);
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Removes the oldest beyond keep; the newest and the best stay, or the best alone if the run is over. */
static hn_status rotate(const hn_trainer *t, int64_t keep, bool over, hn_error *err) {
    if (keep == HN_UNSET_INT) return HN_OK;
    hn_strlist names = {0};
    HN_TRY(hn_dir_list(t->o->output_dir, &names, err));
    int64_t *step = hn_alloc_array(names.n + 1, sizeof *step), n = 0;
    hn_status st = step ? HN_OK : hn_nomem(err, names.n * sizeof *step);
    for (size_t i = 0; i < names.n && st == HN_OK; i++) {
        int64_t k = hn_checkpoint_number(names.v[i]);
        if (k >= 0) step[n++] = k;
    }
    if (st == HN_OK) qsort(step, (size_t)n, sizeof *step, ascending);
    bool best_counts = t->state.best_step >= 0 && t->state.best_step != t->state.step;
    int64_t left = n;
    if (best_counts && keep < 2 && !over) keep = 2;
    for (int64_t i = 0; i < n && left > keep && st == HN_OK; i++) {
        if ((step[i] == t->state.step && !over) || step[i] == t->state.best_step) continue;
        char *path = hn_checkpoint_path(t, step[i]);
        st = path ? hn_dir_remove(path, err) : hn_nomem(err, 64);
        hn_free(path);
        left--;
    }
    hn_free(step);
    hn_strlist_free(&names);
    return st;
}

hn_status hn_checkpoint_write(hn_trainer *t, hn_error *err) {
    char *path = hn_checkpoint_path(t, t->state.step), temp[4096];
    if (!path) return hn_nomem(err, 64);
    if (hn_streq(path, t->saved)) { /* written after this very step */
        hn_free(path);
        return HN_OK;
    }
    int n = snprintf(temp, sizeof temp, "%s.tmp", path);
    hn_status st = n < (int)sizeof temp ? HN_OK : hn_fail(err, HN_EARG, "the name of the output folder is too long");
    if (st == HN_OK) {
        st = write_folder(t, temp, path, err);
        if (st != HN_OK) {
            hn_error_context(err, "saving '%s'", path);
            if (hn_dir_remove(temp, NULL) != HN_OK) hn_warn("'%s' could not be removed", temp);
        }
    }
    if (st != HN_OK) {
        hn_free(path);
        return st;
    }
    hn_free(t->saved);
    t->saved = path;
    return rotate(t, t->o->save_total_limit, false, err);
}

hn_status hn_checkpoint_last_rotate(const hn_trainer *t, hn_error *err) {
    return t->o->save_total_limit == 1 && t->state.best_step >= 0 ? rotate(t, 1, true, err) : HN_OK;
}

hn_status hn_trainer_checkpoint(hn_trainer *t, const char **dir, hn_error *err) {
    *dir = NULL;
    if (t->in.dry_run) return hn_fail(err, HN_ESTATE, "a dry run writes nothing");
    HN_TRY(hn_checkpoint_write(t, err));
    *dir = t->saved;
    return HN_OK;
}
