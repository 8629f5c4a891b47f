/* train_finish.c - the output folder: what may stand in it before a run, and what stands in its root afterwards. */
#include <math.h>
#include <string.h>

#include "train/train_impl.h"

static bool holds_run(const char *name) {
    static const char *const marks[] = {HN_TRAINER_STATE, "model.safetensors", "model.safetensors.index.json"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (hn_streq(name, marks[i])) return true;
    return hn_checkpoint_number(name) >= 0;
}

hn_status hn_output_check(const hn_trainer *t, hn_error *err) {
    const char *dir = t->o->output_dir, *resume = t->o->resume_from_checkpoint;
    if (!dir || !*dir) return hn_fail(err, HN_EARG, "--output_dir is empty");
    bool resumes = resume && !hn_streq(resume, "false") && !hn_streq(resume, "False");
    if (resumes && t->o->overwrite_output_dir)
        return hn_fail(err, HN_EARG, "--resume_from_checkpoint and --overwrite_output_dir exclude each other");
    if (resumes || t->o->overwrite_output_dir || !hn_path_is_dir(dir)) return HN_OK;
    hn_strlist names = {0};
    HN_TRY(hn_dir_list(dir, &names, err));
    hn_status st = HN_OK;
    for (size_t i = 0; i < names.n && st == HN_OK; i++) {
        if (!holds_run(names.v[i])) continue;
        st = hn_fail(err, HN_ESTATE, "'%s' already holds a run (%s)", dir, names.v[i]);
        hn_error_fix(err, "go on with --resume_from_checkpoint true, start anew with --overwrite_output_dir, or name another "
                          "--output_dir");
    }
    hn_strlist_free(&names);
    return st;
}

/* Checkpoints of an earlier run must not be taken for this one's; so must half-written ones go. */
hn_status hn_output_clear(const hn_trainer *t, hn_error *err) {
    hn_strlist names = {0};
    HN_TRY(hn_dir_list(t->o->output_dir, &names, err));
    hn_status st = HN_OK;
    for (size_t i = 0; i < names.n && st == HN_OK; i++) {
        size_t n = strlen(names.v[i]);
        bool half = n > 4 && hn_streq(names.v[i] + n - 4, ".tmp");
        if (half) names.v[i][n - 4] = '\0';
        bool ours = hn_checkpoint_number(names.v[i]) >= 0;
        if (half) names.v[i][n - 4] = '.';
        if (!ours || !(half || t->o->overwrite_output_dir)) continue;
        char *path = hn_path_join(t->o->output_dir, names.v[i]);
        st = path ? hn_dir_remove(path, err) : hn_nomem(err, n);
        hn_free(path);
    }
    hn_strlist_free(&names);
    return st;
}

static hn_json *summary_of(hn_trainer *t) {
    const hn_state *s = &t->state;
    const hn_plan *p = &t->plan;
    double seconds = isnan(t->run_start) ? 0 : t->run_end - t->run_start;
    double steps = (double)(s->step - t->run_first_step);
    double samples = t->o->max_steps > 0 ? (double)(p->max_steps * t->source.batch * t->source.accumulate)
                                         : (double)t->in.train->rows * t->o->num_train_epochs;
    hn_json *j = hn_json_new_object();
    if (!j) return NULL;
    hn_json_set_num(j, "train_runtime", hn_round(seconds, 4));
    if (seconds > 0) {
        hn_json_set(j, "train_samples_per_second",
                    hn_json_new_num(hn_round(samples * steps / (double)p->max_steps / seconds, 3)));
        hn_json_set_num(j, "train_steps_per_second", hn_round(steps / seconds, 3));
    }
    hn_json_set_num(j, "total_flos", s->flos);
    hn_json_set(j, "train_loss",
                hn_json_new_num(s->loss_total_steps ? s->loss_total / (double)s->loss_total_steps : (double)NAN));
    if (s->metrics.count > 0) hn_log_metrics(t, j);
    hn_json_set_num(j, "epoch", hn_epoch_of(t, s->step));
    hn_json_set_int(j, "step", s->step);
    return j;
}

/* All members of from but step. */
static void copy_results(hn_json *to, const hn_json *from) {
    hn_json_iter it;
    for (bool more = hn_json_first(from, &it); more; more = hn_json_next(&it))
        if (!hn_streq(it.key, "step")) hn_json_set(to, it.key, hn_json_ref(it.value));
}

static hn_status write_results(hn_trainer *t, const hn_json *summary, hn_error *err) {
    const char *dir = t->o->output_dir;
    hn_json *train = hn_json_new_object(), *eval = hn_json_new_object(), *all = hn_json_new_object();
    hn_status st = train && eval && all ? HN_OK : hn_nomem(err, 256);
    if (st == HN_OK) {
        copy_results(train, summary);
        hn_json_set_int(train, "train_samples", t->in.train->rows);
        copy_results(all, train);
        if (t->last_eval) {
            copy_results(eval, t->last_eval);
            hn_json_set_int(eval, "eval_samples", t->in.eval->rows);
            copy_results(all, eval);
        }
    }
    const struct {
        const char *name;
        const hn_json *j;
        bool wanted;
    } files[] = {
        {"train_results.json", train, true}, {"eval_results.json", eval, t->last_eval != NULL}, {"all_results.json", all, true}};
    for (size_t i = 0; i < sizeof files / sizeof *files && st == HN_OK; i++) {
        if (!files[i].wanted) continue;
        hn_json *sorted = hn_json_sorted(files[i].j);
        st = sorted ? hn_json_write_file(dir, files[i].name, sorted, 4, err) : hn_nomem(err, 256);
        hn_json_free(sorted);
    }
    hn_json_free(train);
    hn_json_free(eval);
    hn_json_free(all);
    return st;
}

static hn_dtype result_dtype(const char *name) {
    return hn_streq(name, "bfloat16") ? HN_BF16 : hn_streq(name, "float16") ? HN_F16 : HN_F32;
}

static hn_status take_best(hn_trainer *t, hn_error *err) {
    if (!t->o->load_best_model_at_end || t->state.best_step < 0 || t->state.best_step == t->state.step) return HN_OK;
    char *path = hn_checkpoint_path(t, t->state.best_step);
    if (!path) return hn_nomem(err, 64);
    hn_status st = hn_path_is_dir(path) ? hn_weights_load(t->in.model, path, err) : HN_OK;
    if (st == HN_OK && hn_path_is_dir(path)) hn_info("the result is the model of '%s'", path);
    else if (st == HN_OK) hn_warn("the best checkpoint '%s' is gone; the result is the last step", path);
    hn_free(path);
    return st;
}

hn_status hn_words_save(const hn_trainer *t, const char *dir, hn_error *err) {
    if (t->in.tokenizer) return hn_tokenizer_save(t->in.tokenizer, dir, t->in.chat_template, err);
    if (!t->in.chat_template) return HN_OK;
    char *path = hn_path_join(dir, "chat_template.jinja");
    hn_status st = path ? hn_file_write(path, t->in.chat_template, strlen(t->in.chat_template), err) : hn_nomem(err, 64);
    hn_free(path);
    return st;
}

hn_status hn_trainer_finish(hn_trainer *t, const hn_json **summary, hn_error *err) {
    *summary = NULL;
    if (t->in.dry_run) return hn_fail(err, HN_ESTATE, "a dry run writes nothing");
    hn_json *j = summary_of(t);
    if (!j) return hn_nomem(err, 512);
    hn_json_push(t->history, j);
    const char *dir = t->o->output_dir;
    HN_TRY(take_best(t, err));
    HN_TRY(hn_model_save(t->in.model, dir, &(hn_save_opts){.dtype = result_dtype(t->o->save_dtype)}, err));
    HN_TRY(hn_words_save(t, dir, err));
    if (t->in.card) {
        char *path = hn_path_join(dir, "README.md");
        hn_status st = path ? hn_file_write(path, t->in.card, strlen(t->in.card), err) : hn_nomem(err, 64);
        hn_free(path);
        HN_TRY(st);
    }
    HN_TRY(hn_state_write(t, dir, false, err));
    HN_TRY(write_results(t, j, err));
    *summary = j;
    return hn_checkpoint_last_rotate(t, err);
}
