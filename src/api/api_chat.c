/* api_chat.c - conversations through the public header: a tokenizer's chat template, and keys and values kept between turns. */
#include <string.h>

#include "api/api.h"

/* ---- rendering */

hn_status hn_chat_of(hone_tokenizer *t, const char *path, const hn_chat **out, hn_error *err) {
    *out = NULL;
    if (!t->chat || !hn_streq(t->chat_path, path)) {
        hn_chat *chat = NULL;
        char *copy = path ? hn_strdup(path) : NULL;
        if (path && !copy) return hn_nomem(err, strlen(path));
        hn_status st = hn_chat_open(t->t, &(hn_chat_opts){.template_path = path}, &chat, err);
        if (st != HN_OK) {
            hn_free(copy);
            return st;
        }
        hn_chat_free(t->chat);
        hn_free(t->chat_path);
        t->chat = chat;
        t->chat_path = copy;
    }
    *out = t->chat;
    return HN_OK;
}

hn_status hn_chat_kwargs(const char *text, hn_json **out, hn_error *err) {
    static const char name[] = "--chat_template_kwargs";
    hn_status st = hn_json_parse(text, strlen(text), name, 1, out, err);
    if (st == HN_OK && hn_json_type(*out) != HN_JSON_OBJECT) st = hn_fail(err, HN_EARG, "%s is no JSON object: %s", name, text);
    if (st == HN_EFORMAT && err) err->code = st = HN_EARG; /* a setting is wrong, no input file */
    if (st == HN_EARG) hn_error_fix(err, "%s '{\"enable_thinking\": false}'", name);
    return st;
}

/* JSON that the caller passes: what is wrong with it is a wrong argument. NULL and null: not given. */
static hn_status take_json(const char *text, const char *name, hn_json_kind kind, hn_json **out, hn_error *err) {
    if (!text) return HN_OK;
    hn_status st = hn_json_parse(text, strlen(text), name, 1, out, err);
    if (st == HN_EFORMAT) err->code = st = HN_EARG;
    HN_TRY(st);
    if (!*out || hn_json_type(*out) == kind) return HN_OK;
    return hn_fail(err, HN_EARG, "%s is no JSON %s", name, kind == HN_JSON_ARRAY ? "array" : "object");
}

/* in's JSON is the caller's to free, whatever comes back. */
static hn_status take_chat(const char *messages, const hone_chat_opts *o, hn_json *j[4], hn_chat_in *in, hn_error *err) {
    HN_TRY(take_json(messages, "messages_json", HN_JSON_ARRAY, &j[0], err));
    if (!j[0]) return hn_fail(err, HN_EARG, "messages_json is missing");
    HN_TRY(take_json(o->tools_json, "tools_json", HN_JSON_ARRAY, &j[1], err));
    HN_TRY(take_json(o->documents_json, "documents_json", HN_JSON_ARRAY, &j[2], err));
    HN_TRY(take_json(o->kwargs_json, "kwargs_json", HN_JSON_OBJECT, &j[3], err));
    *in = (hn_chat_in){
        .messages = j[0], .tools = j[1], .documents = j[2], .kwargs = j[3], .generation_prompt = o->add_generation_prompt};
    return HN_OK;
}

static hn_status copy_spans(const hn_rendered *r, hone_span **out, hn_error *err) {
    *out = hn_alloc_array(r->spans ? r->spans : 1, sizeof **out);
    if (!*out) return hn_nomem(err, r->spans * sizeof **out);
    for (size_t i = 0; i < r->spans; i++) (*out)[i] = (hone_span){r->span[i].begin, r->span[i].end};
    return HN_OK;
}

hone_status hone_chat_render(hone_tokenizer *t, const char *messages_json, const hone_chat_opts *opts, char **text, size_t *len,
                             hone_span **spans, size_t *span_count) {
    hone_chat_opts o;
    hn_error err = {0};
    hn_json *j[4] = {0};
    hn_chat_in in = {0};
    hn_rendered r = {0};
    const hn_chat *chat = NULL;
    *text = NULL;
    if (len) *len = 0;
    if (spans) *spans = NULL;
    if (span_count) *span_count = 0;
    hn_status st = HN_OPTS_TAKE(o, opts, hone_chat_opts, &err);
    if (st == HN_OK) st = take_chat(messages_json, &o, j, &in, &err);
    if (st == HN_OK) st = hn_chat_of(t, o.template_path, &chat, &err);
    in.spans = spans != NULL;
    if (st == HN_OK) st = hn_chat_render(chat, &in, &r, &err);
    if (st == HN_OK && spans) st = copy_spans(&r, spans, &err);
    if (st == HN_OK) {
        if (len) *len = r.text.n;
        if (span_count) *span_count = r.spans;
        *text = hn_buf_take(&r.text);
        if (!*text) st = hn_nomem(&err, r.text.n);
    }
    if (st != HN_OK && spans) {
        hn_free(*spans);
        *spans = NULL;
    }
    for (int i = 0; i < 4; i++) hn_json_free(j[i]);
    hn_rendered_release(&r);
    return hone_keep(t->ctx, st, &err);
}

/* ---- keys and values kept between prompts */

hone_status hone_prefix_cache_new(hone_model *m, hone_prefix_cache **out) {
    *out = NULL;
    hn_error err = {0};
    hone_prefix_cache *c = hn_calloc(1, sizeof *c);
    if (!c) return hone_keep(m->ctx, hn_nomem(&err, sizeof *c), &err);
    hn_status st = hn_prefix_cache_new(m->ctx->dev, m->m, &c->c, &err);
    if (st == HN_OK) *out = c;
    else hn_free(c);
    return hone_keep(m->ctx, st, &err);
}

void hone_prefix_cache_free(hone_prefix_cache *c) {
    if (!c) return;
    hn_prefix_cache_free(c->c);
    hn_free(c);
}

int64_t hone_prefix_cache_tokens(const hone_prefix_cache *c) { return hn_prefix_cache_tokens(c->c); }
int64_t hone_prefix_cache_reused(const hone_prefix_cache *c) { return hn_prefix_cache_reused(c->c); }
