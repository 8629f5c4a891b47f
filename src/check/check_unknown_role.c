/* check_unknown_role.c - names of roles that no chat template knows. No clean row has one, so every row counts.
 *
 * Rows that could not be converted are looked at as they were read: a wrong name is a frequent reason. */
#include "check/check_impl.h"

typedef struct state {
    hn_tally rows;
    int64_t of;
    char first[64];
} state;

static const char *const roles[] = {"system",   "user",    "assistant",   "tool",     "developer",
                                    "function", "ipython", "environment", "documents"};
/* Names that record formats take for one of these. */
static const char *const aliases[] = {
    "human",     "gpt",           "prompter",    "observation",    "function_call", "function_response",
    "tool_call", "tool_response", "chatgpt",     "bing",           "bard",          "model",
    "bot",       "gpt4",          "gpt_4",       "claude",         "usr",           "chatbot",
    "ai",        "llm",           "tool_result", "function_calls", "tool_calls"};

static bool one_of(hn_str role, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (hn_str_eq(role, names[i])) return true;
    return false;
}

static bool known(hn_str role) { return one_of(role, roles, sizeof roles / sizeof *roles); }
static bool alias(hn_str role) { return one_of(role, aliases, sizeof aliases / sizeof *aliases); }

static void keep(state *s, hn_str role) {
    if (!s->first[0]) snprintf(s->first, sizeof s->first, "%.*s", role.n < 60 ? (int)role.n : 60, role.p ? role.p : "");
}

/* The roles of a message list as it was read. */
static bool odd_list(state *s, const hn_json *list) {
    for (size_t i = 0; i < hn_json_len(list); i++) {
        const hn_json *m = hn_json_at(list, i);
        hn_str role;
        if (!hn_json_text(hn_json_get(m, "role"), &role) && !hn_json_text(hn_json_get(m, "from"), &role)) continue;
        if (known(role) || alias(role)) continue;
        keep(s, role);
        return true;
    }
    return false;
}

static bool odd_record(state *s, const hn_json *record) {
    hn_json_iter it;
    for (bool more = hn_json_first(record, &it); more; more = hn_json_next(&it))
        if (hn_json_type(it.value) == HN_JSON_ARRAY && odd_list(s, it.value)) return true;
    return false;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    bool odd = false;
    (void)c;
    s->of++;
    for (size_t i = 0; i < f->turns && !odd; i++) {
        odd = !known(f->turn[i].role);
        if (odd) keep(s, f->turn[i].role);
    }
    if (!odd && row->st != HN_OK && row->record) odd = odd_record(s, row->record);
    if (odd) hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->rows.n) return;
    hn_found(c, s->rows.n == s->of ? HN_SEVERITY_ERROR : HN_SEVERITY_WARN, &s->rows, s->of,
             "%lld of %lld rows name roles that are none (first: \"%s\")", (long long)s->rows.n, (long long)s->of, s->first);
}

const hn_check hn_check_unknown_role = {
    {.id = "unknown-role", .about = "names of roles other than system, user, assistant, tool and their like",
     .cost = "a template leaves such messages out, or writes a header the model has never seen",
     .remedy = "name roles \"system\", \"user\", \"assistant\" and \"tool\""},
    .views = HN_CHAT_VIEWS, .size = sizeof(state), .row = row, .end = end};
