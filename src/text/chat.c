/* chat.c - a conversation through its chat template: the template is picked, messages are prepared as transformers does, the
 * variables are set, the template runs. */
#include "text/chat_impl.h"

/* ---- opening */

static hn_status parse_all(hn_chat *c, hn_error *err) {
    for (size_t i = 0; i < c->n; i++) {
        hn_chat_template *t = &c->v[i];
        hn_status st = hn_jtemplate_new(hn_str_of(t->text), t->source, &t->t, &t->wrong);
        if (st == HN_OK) continue;
        if (st != HN_EFORMAT || c->n == 1 || hn_streq(t->name, "default")) {
            if (err) *err = t->wrong;
            return st;
        }
    }
    return HN_OK;
}

static hn_status take_fingerprint(hn_chat *c, hn_error *err) {
    hn_hash *h = hn_hash_new();
    if (!h) return hn_nomem(err, 1);
    for (size_t i = 0; i < c->n; i++) {
        hn_hash_add(h, c->v[i].name, strlen(c->v[i].name) + 1);
        hn_hash_add(h, c->v[i].text, strlen(c->v[i].text) + 1);
    }
    for (size_t i = 0; i < c->tokens; i++) {
        hn_hash_add(h, c->token[i].name, strlen(c->token[i].name) + 1);
        hn_hash_add(h, c->token[i].text, strlen(c->token[i].text) + 1);
    }
    hn_buf kwargs = {0};
    hn_json_write(&kwargs, c->kwargs, 0);
    hn_hash_add(h, kwargs.p ? kwargs.p : "", kwargs.n);
    hn_buf_release(&kwargs);
    hn_hash_end(h, c->fingerprint);
    return HN_OK;
}

static bool any_marks(const hn_chat *c) {
    for (size_t i = 0; i < c->n; i++)
        if (c->v[i].t && c->v[i].t->marks) return true;
    return false;
}

hn_status hn_chat_open(const hn_tokenizer *tok, const hn_chat_opts *o, hn_chat **out, hn_error *err) {
    static const hn_chat_opts none;
    *out = NULL;
    hn_chat *c = hn_calloc(1, sizeof *c);
    if (!c) return hn_nomem(err, sizeof *c);
    if (!o) o = &none;
    c->kwargs = hn_json_ref((hn_json *)(uintptr_t)o->kwargs);
    hn_status st = hn_chat_find(c, tok, o, err);
    if (st == HN_OK) st = parse_all(c, err);
    if (st == HN_OK) st = take_fingerprint(c, err);
    if (st != HN_OK) {
        hn_chat_free(c);
        return st;
    }
    c->spans = any_marks(c) ? HN_SPANS_MARKED : hn_chat_probe(c);
    *out = c;
    return HN_OK;
}

void hn_chat_free(hn_chat *c) {
    if (!c) return;
    for (size_t i = 0; i < c->n; i++) {
        hn_free(c->v[i].name);
        hn_free(c->v[i].text);
        hn_free(c->v[i].source);
        hn_jtemplate_free(c->v[i].t);
    }
    for (size_t i = 0; i < c->tokens; i++) {
        hn_free(c->token[i].name);
        hn_free(c->token[i].text);
    }
    hn_free(c->v);
    hn_free(c->token);
    hn_json_free(c->kwargs);
    hn_free(c);
}

hn_span_source hn_chat_span_source(const hn_chat *c) { return c->spans; }
const char *hn_chat_fingerprint(const hn_chat *c) { return c->fingerprint; }
const char *hn_chat_text(const hn_chat *c) {
    const hn_chat_template *t = hn_chat_pick(c, &(hn_chat_in){0});
    return t ? t->text : c->v[0].text;
}

const char *hn_chat_source(const hn_chat *c) {
    const hn_chat_template *t = hn_chat_pick(c, &(hn_chat_in){0});
    return t ? t->source : c->v[0].source;
}

const hn_chat_template *hn_chat_pick(const hn_chat *c, const hn_chat_in *in) {
    const hn_chat_template *found = NULL;
    for (size_t i = 0; i < c->n; i++) {
        if (hn_json_type(in->tools) != HN_JSON_NULL && hn_streq(c->v[i].name, "tool_use")) return &c->v[i];
        if (hn_streq(c->v[i].name, "default")) found = &c->v[i];
    }
    return found;
}

/* ---- values */

static hn_status check_list(const hn_json *list, const char *name, hn_error *err) {
    if (hn_json_type(list) == HN_JSON_NULL) return HN_OK;
    if (hn_json_type(list) != HN_JSON_ARRAY) return hn_fail(err, HN_EFORMAT, "\"%s\" is no list", name);
    for (size_t i = 0; i < hn_json_len(list); i++)
        if (hn_json_type(hn_json_at(list, i)) != HN_JSON_OBJECT) return hn_fail(err, HN_EFORMAT, "%s[%zu] is no object", name, i);
    return HN_OK;
}

/* Reasoning goes by several names; templates read reasoning_content, or thinking. */
static const hn_json *reasoning(const hn_json *message) {
    static const char *const names[] = {"reasoning_content", "thinking", "reasoning"};
    for (int i = 0; i < 3; i++) {
        const hn_json *j = hn_json_get(message, names[i]);
        if (j) return j;
    }
    return NULL;
}

/* The message without its null members, the reasoning under both names. */
static bool message_value(hn_jrun *r, const hn_json *message, hn_jval *out) {
    hn_json_iter it;
    const hn_json *why = reasoning(message);
    hn_jval value = hn_j_from_json(why), key;
    if (!hn_j_dict_new(r, hn_json_len(message) + 2, out)) return false;
    if (why && !hn_j_dict_put(r, *out, hn_j_cstr("thinking"), value)) return false;
    for (bool more = hn_json_first(message, &it); more; more = hn_json_next(&it)) {
        if (hn_json_type(it.value) == HN_JSON_NULL) continue;
        if (!hn_j_json_key(r, it.key, &key) || !hn_j_dict_put(r, *out, key, hn_j_from_json(it.value))) return false;
    }
    return !why || hn_j_dict_put(r, *out, hn_j_cstr("reasoning_content"), value);
}

static bool messages_value(hn_jrun *r, const hn_json *messages, size_t count, hn_jval *out) {
    hn_jval *items;
    if (!hn_j_list_new(r, HN_J_LIST, count, out, &items)) return false;
    for (size_t i = 0; i < count; i++)
        if (!message_value(r, hn_json_at(messages, i), &items[i])) return false;
    return true;
}

static hn_status set_kwargs(hn_jrun *r, const hn_json *kwargs, hn_error *err) {
    static const char *const taken[] = {"messages", "tools", "documents", "add_generation_prompt"};
    hn_json_iter it;
    if (hn_json_type(kwargs) == HN_JSON_NULL) return HN_OK;
    if (hn_json_type(kwargs) != HN_JSON_OBJECT) return hn_fail(err, HN_EFORMAT, "chat_template_kwargs is no object");
    for (bool more = hn_json_first(kwargs, &it); more; more = hn_json_next(&it)) {
        for (int i = 0; i < 4; i++)
            if (hn_streq(it.key, taken[i]))
                return hn_fail(err, HN_EFORMAT, "chat_template_kwargs: \"%s\" is given twice", it.key);
        hn_jrun_set(r, it.key, hn_j_from_json(it.value));
    }
    return HN_OK;
}

static hn_status set_variables(const hn_chat *c, hn_jrun *r, const hn_chat_in *in, size_t count, bool prompt, hn_error *err) {
    hn_jval messages;
    if (!messages_value(r, in->messages, count, &messages)) return hn_fail(err, HN_ENOMEM, "%s", r->msg);
    for (size_t i = 0; i < c->tokens; i++) hn_jrun_set(r, c->token[i].name, hn_j_cstr(c->token[i].text));
    HN_TRY(set_kwargs(r, c->kwargs, err));
    HN_TRY(set_kwargs(r, in->kwargs, err));
    hn_jrun_set(r, "messages", messages);
    hn_jrun_set(r, "tools", hn_j_from_json(in->tools));
    hn_jrun_set(r, "documents", hn_j_from_json(in->documents));
    hn_jrun_set(r, "add_generation_prompt", hn_j_bool(prompt));
    return HN_OK;
}

static hn_status no_template(const hn_chat *c, hn_error *err) {
    hn_fail(err, HN_EFORMAT, "there are several chat templates and none of them is called \"default\"");
    for (size_t i = 0; i < c->n && i < 10; i++) hn_error_detail(err, "there is \"%s\"", c->v[i].name);
    return HN_EFORMAT;
}

hn_status hn_chat_run(const hn_chat *c, const hn_chat_in *in, size_t count, bool prompt, hn_rendered *out, hn_error *err) {
    const hn_chat_template *t = hn_chat_pick(c, in);
    hn_jrun r;
    if (!t) return no_template(c, err);
    if (!t->t) {
        if (err) *err = t->wrong;
        return HN_EFORMAT;
    }
    hn_status st = hn_jrun_init(&r, t->t, in->spans) ? HN_OK : hn_nomem(err, sizeof r);
    if (st == HN_OK) st = set_variables(c, &r, in, count, prompt, err);
    if (st == HN_OK) st = hn_jrun_render(&r, out, err);
    hn_jrun_release(&r);
    return st;
}

hn_status hn_chat_render(const hn_chat *c, const hn_chat_in *in, hn_rendered *out, hn_error *err) {
    HN_TRY(check_list(in->messages, "messages", err));
    HN_TRY(check_list(in->tools, "tools", err));
    HN_TRY(check_list(in->documents, "documents", err));
    size_t n = hn_json_len(in->messages);
    if (n == 0) return hn_fail(err, HN_EFORMAT, "there are no messages");
    const hn_chat_template *t = hn_chat_pick(c, in);
    if (in->spans && t && t->t && !t->t->marks && c->spans != HN_SPANS_NONE) return hn_chat_derive(c, in, out, err);
    return hn_chat_run(c, in, n, in->generation_prompt, out, err);
}
