/* api_look.c - a data set opened for looking at it: tokenizer, template, facts of the model, files and options, as training would
 * have them, without loading a weight. */
#include <string.h>

#include "api/check_run_impl.h"
#include "io/io.h"

static hn_status find_model(const hone_config *c, hn_look_set *s, hn_error *err) {
    const hn_model_opts *o = &c->model;
    if (o->model_name_or_path) return hn_model_dir_find(o->model_name_or_path, o->model_revision, &s->dir, err);
    return HN_OK;
}

/* The tokenizer that is named, else the model's; none is fine for rows that are tokens already. */
static hn_status find_tokenizer(const hone_config *c, hn_look_set *s, hn_error *err) {
    const char *path = c->model.tokenizer_name ? c->model.tokenizer_name : s->dir;
    if (!path) return HN_OK;
    hn_status st = hn_tokenizer_load(path, &s->own_tok, err);
    if (st == HN_OK) st = hn_tokens_apply(c, s->own_tok, err);
    return st == HN_ENOENT && !c->model.tokenizer_name ? HN_OK : st;
}

/* What one record is for, by its columns alone; HN_VIEW_ANY: not known. */
static hn_view view_of(const hn_json *record, const hn_convert_opts *convert) {
    hn_convert_opts o = *convert;
    const hn_format *format = NULL;
    hn_examples x = {0};
    char reason[HN_REASON];
    hn_json *one = (hn_json *)(uintptr_t)record;
    hn_view view = HN_VIEW_ANY;
    o.view = HN_VIEW_ANY;
    if (hn_format_choose(&one, 1, &o, &format, reason, NULL) != HN_OK) return view;
    if (hn_format_gathers(format)) return HN_VIEW_SFT;
    if (hn_format_convert(format, record, &o, &x, NULL) == HN_OK && x.n) view = hn_view_of_kind(x.v[0].kind);
    hn_examples_release(&x);
    return view;
}

/* What the records are for, if the user does not say: what most of the first ones are. Some of them may be damaged. */
static hn_status detect_view(hn_look_set *s, hn_error *err) {
    enum { FIRST = 32 };
    int votes[HN_VIEWS] = {0};
    hn_records *r = NULL;
    if (!*hn_sources_name(&s->train)) return HN_OK;
    HN_TRY(hn_records_open(hn_sources_name(&s->train), &r, err));
    hn_records_set_limit(r, s->train.record_bytes);
    for (int i = 0; i < FIRST; i++) {
        hn_json *record;
        int64_t line;
        if (hn_records_next(r, &record, &line, NULL) != HN_OK) continue; /* the pass itself says what is wrong */
        if (!record) break;
        votes[view_of(record, &s->o.convert)]++;
        hn_json_free(record);
    }
    hn_records_close(r);
    s->view = HN_VIEW_SFT;
    for (int v = HN_VIEW_SFT; v < HN_VIEWS; v++)
        if (votes[v] > votes[s->view]) s->view = (hn_view)v;
    return HN_OK;
}

static hn_status open_files(hone_config *c, hn_look_set *s, hn_error *err) {
    *s = (hn_look_set){.eval_limit = c->data.max_eval_samples};
    hn_arena_init(&s->room, 0);
    HN_TRY(hn_column_settings(c, err));
    bool none;
    HN_TRY(hn_find_sources(c, false, &s->train, &none, err));
    HN_TRY(hn_find_sources(c, true, &s->eval, &s->eval_held_out, err));
    return hn_encode_from(c, &s->o, false, &s->root, err);
}

/* Facts of the model as training will have it: with rows for the tokens that are added. */
static hn_status find_facts(const hone_config *c, hn_look_set *s, hn_error *err) {
    HN_TRY(hn_model_facts(s->dir, s->view, &s->model, &s->room, err));
    if (hn_tokens_wanted(c) && s->tok && hn_tokenizer_size(s->tok) > s->model.vocab) s->model.vocab = hn_tokenizer_size(s->tok);
    return HN_OK;
}

static hn_status find_chat(const hone_config *c, hn_look_set *s, hn_error *err) {
    HN_TRY(hn_chat_from(c, s->tok, &s->chat, err));
    s->o.chat = s->chat;
    return HN_OK;
}

hn_status hn_look_open(hone_config *c, const char *task, hn_look_set *s, hn_error *err) {
    HN_TRY(open_files(c, s, err));
    HN_TRY(find_model(c, s, err));
    HN_TRY(find_tokenizer(c, s, err));
    s->tok = s->own_tok;
    HN_TRY(find_chat(c, s, err));
    if (task && !hn_view_find(task, &s->view)) return hn_fail(err, HN_EARG, "no task is called '%s'", task);
    if (!task) HN_TRY(detect_view(s, err));
    s->o.convert.view = s->view;
    return find_facts(c, s, err);
}

hn_status hn_look_open_run(hone_config *c, const char *dir, const hn_tokenizer *tok, hn_look_set *s, hn_error *err) {
    HN_TRY(open_files(c, s, err));
    s->tok = tok;
    HN_TRY(find_chat(c, s, err));
    s->view = s->o.convert.view = c->task->parts & HN_PART_PRETRAIN ? HN_VIEW_TEXT : HN_VIEW_SFT;
    if (dir && !(s->dir = hn_strdup(dir))) return hn_nomem(err, 1);
    return find_facts(c, s, err);
}

hn_status hn_look_pass(hn_look_set *s, bool eval, hn_look_fn *fn, void *user, hn_error *err) {
    hn_encode_opts o = s->o;
    const hn_sources *from = eval ? &s->eval : &s->train;
    if (eval) o.limit = s->eval_limit;
    return from->n ? hn_sources_look(from, eval && s->eval_held_out, s->tok, &o, s->view, fn, user, err) : HN_OK;
}

void hn_look_close(hn_look_set *s) {
    hn_model_facts_release(&s->model);
    hn_chat_free(s->chat);
    hn_tokenizer_free(s->own_tok);
    hn_sources_release(&s->train);
    hn_sources_release(&s->eval);
    hn_free(s->dir);
    hn_free(s->root);
    hn_arena_release(&s->room);
    *s = (hn_look_set){0};
}
