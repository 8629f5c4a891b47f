/* messages.c - message lists in one form: {"role", "content"[, "tool_calls", "name", "thinking" ...]}.
 *
 * Lists that are so already are shared, not copied. What is brought into form: ShareGPT's from/value with the role names
 * in use (LLaMA-Factory's function_call becomes tool_calls), content given as a list of text parts (joined, as templates
 * that know parts write them), members that are null (columnar files fill them in; a template would take them for given). */
#include "data/formats_impl.h"

#include <string.h>

static bool among(hn_str name, const char *const *names) {
    char low[32];
    if (name.n >= sizeof low) return false;
    for (size_t i = 0; i < name.n; i++)
        low[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i] == '-' ? '_' : name.p[i]);
    low[name.n] = '\0';
    for (; *names; names++)
        if (strcmp(low, *names) == 0) return true;
    return false;
}

static bool is_call(hn_str name) {
    return among(name, (const char *const[]){"function_call", "tool_call", "function_calls", "tool_calls", NULL});
}

const char *hn_role_of(hn_str name) {
    static const char *const user[] = {"human", "user", "prompter", "usr", NULL};
    static const char *const assistant[] = {"gpt",    "assistant", "chatgpt", "gpt4",    "gpt_4", "bard", "bing",
                                            "claude", "model",     "bot",     "chatbot", "ai",    "llm",  NULL};
    static const char *const tool[] = {"tool",          "function",          "observation", "ipython",
                                       "tool_response", "function_response", "tool_result", NULL};
    if (among(name, user)) return "user";
    if (among(name, assistant) || is_call(name)) return "assistant";
    if (among(name, tool)) return "tool";
    if (among(name, (const char *const[]){"system", NULL})) return "system";
    return among(name, (const char *const[]){"developer", NULL}) ? "developer" : NULL;
}

static hn_status bad_role(hn_str name, const char *place, hn_error *err) {
    hn_bad_row(err, "\"%s\" has the unknown role \"%.*s\"", place, name.n < 60 ? (int)name.n : 60, name.p);
    hn_error_detail(
        err,
        "known are: human user prompter, gpt assistant chatgpt bard bing model, system, tool function observation function_call");
    return HN_EFORMAT;
}

static hn_status add_part(hn_buf *b, const hn_json *part, const char *place, size_t i, hn_error *err) {
    hn_str s;
    const hn_json *text = part;
    if (hn_json_type(part) == HN_JSON_OBJECT) {
        hn_json *type = hn_json_get(part, "type");
        if (hn_json_text(type, &s) && !hn_str_eq(s, "text"))
            return hn_bad_row(err, "\"%s.content[%zu]\" is a part of type \"%.40s\", only text is read", place, i, s.p);
        text = hn_json_get(part, "text") ? hn_json_get(part, "text") : hn_json_get(part, "value");
    }
    if (!hn_json_text(text, &s)) return hn_bad_row(err, "\"%s.content[%zu]\" is no text", place, i);
    hn_buf_add(b, s.p, s.n);
    return HN_OK;
}

/* *out: a new reference; NULL where a message has tool calls instead. */
static hn_status content_of(const hn_json *m, const char *place, hn_json **out, hn_error *err) {
    const char *key = hn_json_has(m, "content") || !hn_json_has(m, "value") ? "content" : "value";
    hn_json *value = hn_json_get(m, key);
    *out = NULL;
    if (hn_json_type(value) == HN_JSON_STR) {
        *out = hn_json_ref(value);
        return HN_OK;
    }
    if (!value && hn_json_len(hn_json_get(m, "tool_calls"))) return HN_OK;
    if (hn_json_type(value) == HN_JSON_ARRAY) {
        hn_buf b = {0};
        hn_status st = HN_OK;
        for (size_t i = 0; i < hn_json_len(value) && st == HN_OK; i++) st = add_part(&b, hn_json_at(value, i), place, i, err);
        if (st == HN_OK && !b.failed) *out = hn_json_new_str(b.p ? b.p : "", b.n);
        hn_buf_release(&b);
        return st == HN_OK && !*out ? hn_nomem(err, b.n) : st;
    }
    if (hn_json_has(m, key)) return hn_bad_row(err, "\"%s.%s\" is %s, a string is expected", place, key, hn_json_what(value));
    hn_bad_row(err, "\"%s.%s\" is missing", place, key);
    hn_columns_detail(m, err);
    hn_error_fix(err, "give \"%s\" (may be \"\"), or leave such rows out with --on_bad_row skip", key);
    return HN_EFORMAT;
}

/* {"name", "arguments"} as a member of tool_calls; NULL: it is nothing of the kind, or there is no memory. */
static hn_json *call_of(hn_json *f) {
    hn_json *x = hn_json_cstr(hn_json_get(f, "name")) ? hn_json_new_object() : NULL;
    if (!x) return NULL;
    hn_json_set(x, "type", hn_json_new_str("function", 8));
    hn_json_set(x, "function", hn_json_ref(f));
    return x;
}

/* The text of a call, or of a list of calls, as tool_calls; *out NULL: it is nothing of the kind. */
static hn_status tool_calls(hn_str text, hn_json **out, hn_error *err) {
    hn_json *value = NULL;
    *out = NULL;
    hn_status st = text.n ? hn_json_parse(text.p, text.n, "", 1, &value, NULL) : HN_EFORMAT;
    if (st == HN_EFORMAT) return HN_OK;
    if (st != HN_OK) return hn_nomem(err, text.n);
    bool list = hn_json_type(value) == HN_JSON_ARRAY;
    size_t n = list ? hn_json_len(value) : 1;
    hn_json *calls = n ? hn_json_new_array() : NULL;
    for (size_t i = 0; i < n && calls; i++) {
        hn_json *call = call_of(list ? hn_json_at(value, i) : value);
        if (call) {
            hn_json_push(calls, call);
        } else {
            hn_json_free(calls);
            calls = NULL;
        }
    }
    hn_json_free(value);
    *out = calls;
    return HN_OK;
}

static bool is_form(const char *key) {
    return hn_streq(key, "role") || hn_streq(key, "from") || hn_streq(key, "content") || hn_streq(key, "value");
}

/* Nothing to change? */
static bool in_form(const hn_json *m, hn_str role, const char *mapped) {
    if (!hn_json_has(m, "role") || hn_json_has(m, "from") || hn_json_has(m, "value")) return false;
    if (hn_json_type(hn_json_get(m, "content")) != HN_JSON_STR || (mapped && !hn_str_eq(role, mapped))) return false;
    hn_json_iter it;
    for (bool more = hn_json_first(m, &it); more; more = hn_json_next(&it))
        if (!it.value) return false;
    return true;
}

static hn_status rebuild(const hn_json *m, hn_str role, const char *mapped, const char *place, hn_json *x, hn_error *err) {
    hn_json *content, *calls = NULL;
    hn_str text;
    HN_TRY(hn_put(x, "role", mapped ? hn_json_new_str(mapped, strlen(mapped)) : hn_json_new_str(role.p, role.n), err));
    HN_TRY(content_of(m, place, &content, err));
    if (mapped && is_call(role) && hn_json_text(content, &text)) {
        hn_status st = tool_calls(text, &calls, err);
        if (st != HN_OK || calls) hn_json_free(content);
        HN_TRY(st);
    }
    if (calls) {
        content = hn_json_new_str("", 0); /* templates add to it */
        HN_TRY(hn_put(x, "content", content, err));
        return hn_put(x, "tool_calls", calls, err);
    }
    if (content) hn_json_set(x, "content", content);
    hn_json_iter it;
    for (bool more = hn_json_first(m, &it); more; more = hn_json_next(&it))
        if (it.value && !is_form(it.key)) hn_json_set(x, it.key, hn_json_ref(it.value));
    return HN_OK;
}

hn_status hn_message_take(const hn_json *m, const char *place, bool map_roles, hn_json **out, hn_error *err) {
    *out = NULL;
    if (hn_json_type(m) != HN_JSON_OBJECT) return hn_bad_row(err, "\"%s\" is %s, a message is expected", place, hn_json_what(m));
    const char *key = hn_json_has(m, "role") || !hn_json_has(m, "from") ? "role" : "from";
    hn_str role;
    if (!hn_json_text(hn_json_get(m, key), &role)) {
        hn_bad_row(err, hn_json_has(m, key) ? "\"%s.%s\" is no string" : "\"%s.%s\" is missing", place, key);
        hn_columns_detail(m, err);
        return HN_EFORMAT;
    }
    const char *mapped = map_roles || hn_streq(key, "from") ? hn_role_of(role) : NULL;
    if (!mapped && (map_roles || hn_streq(key, "from"))) return bad_role(role, place, err);
    if (in_form(m, role, mapped)) {
        *out = hn_json_ref((hn_json *)(uintptr_t)m);
        return HN_OK;
    }
    hn_json *x = hn_json_new_object();
    hn_status st = x ? rebuild(m, role, mapped, place, x, err) : hn_nomem(err, sizeof(void *));
    if (st == HN_OK) *out = x;
    else hn_json_free(x);
    return st;
}

hn_status hn_messages_take(const hn_json *list, const char *column, bool map_roles, hn_json **out, hn_error *err) {
    *out = NULL;
    if (hn_json_type(list) != HN_JSON_ARRAY)
        return hn_bad_row(err, "column \"%s\" is %s, a list of messages is expected", column, hn_json_what(list));
    hn_json *x = hn_json_new_array();
    hn_status st = x ? HN_OK : hn_nomem(err, sizeof(void *));
    bool same = true;
    for (size_t i = 0; i < hn_json_len(list) && st == HN_OK; i++) {
        char place[160];
        hn_json *m;
        snprintf(place, sizeof place, "%.100s[%zu]", column, i);
        st = hn_message_take(hn_json_at(list, i), place, map_roles, &m, err);
        if (st != HN_OK) break;
        same = same && m == hn_json_at(list, i);
        hn_json_push(x, m);
    }
    if (st == HN_OK && same) {
        *out = hn_json_ref((hn_json *)(uintptr_t)list);
        hn_json_free(x);
        return HN_OK;
    }
    if (st == HN_OK) *out = x;
    else hn_json_free(x);
    return st;
}

hn_json *hn_message_new(const char *role, hn_json *content) {
    hn_json *x = content ? hn_json_new_object() : NULL;
    if (!x) {
        hn_json_free(content);
        return NULL;
    }
    hn_json_set_text(x, "role", role);
    hn_json_set(x, "content", content);
    return x;
}

hn_json *hn_messages_of(hn_json *message) {
    hn_json *list = message ? hn_json_new_array() : NULL;
    if (list) hn_json_push(list, message);
    else hn_json_free(message);
    return list;
}

bool hn_is_messages(const hn_json *value) {
    if (hn_json_type(value) != HN_JSON_ARRAY) return false;
    const hn_json *first = hn_json_at(value, 0);
    return hn_json_len(value) == 0 || hn_json_has(first, "role") || hn_json_has(first, "from");
}
