/* format_preference.c - columns chosen and rejected, the prompt beside them or implied by what both begin with.
 *
 * Strings or message lists; a prompt string with message lists (UltraFeedback) is what their common beginning must end
 * with; lists of strings (RM-Bench) are pairs in order, one example each. */
#include "data/formats_impl.h"

#include <string.h>

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_json_has(record, "chosen") || !hn_json_has(record, "rejected")) return false;
    if (!hn_json_get(record, "prompt"))
        return hn_because(reason, "columns \"chosen\" and \"rejected\", the prompt is what both begin with");
    bool mixed = hn_is_text(record, "prompt") && hn_is_messages(hn_json_get(record, "chosen"));
    return hn_because(reason, "columns \"prompt\"%s, \"chosen\" and \"rejected\"%s", mixed ? " (a string)" : "",
                      mixed ? " (messages)" : "");
}

static bool is_strings(const hn_json *v) {
    return hn_json_type(v) == HN_JSON_ARRAY && hn_json_type(hn_json_at(v, 0)) == HN_JSON_STR;
}

static hn_status lists(const hn_json *record, hn_examples *out, hn_error *err) {
    hn_json *side[2] = {hn_json_get(record, "chosen"), hn_json_get(record, "rejected")}, *x;
    hn_str text;
    size_t n = hn_json_len(side[0]);
    if (!is_strings(side[1]) || hn_json_len(side[1]) != n)
        return hn_bad_row(err, "\"chosen\" lists %zu answers, \"rejected\" %zu: one for each is expected", n,
                          hn_json_len(side[1]));
    HN_TRY(hn_column_text(record, "prompt", &text, err));
    for (size_t i = 0; i < n; i++) {
        if (!hn_json_text(hn_json_at(side[0], i), &text) || !hn_json_text(hn_json_at(side[1], i), &text))
            return hn_bad_row(err, "\"chosen\"[%zu] and \"rejected\"[%zu] are not both strings", i, i);
        HN_TRY(hn_examples_add(out, HN_KIND_PREFERENCE, &x, err));
        HN_TRY(hn_column_move(record, "prompt", x, "prompt", err));
        HN_TRY(hn_put(x, "chosen", hn_json_ref(hn_json_at(side[0], i)), err));
        HN_TRY(hn_put(x, "rejected", hn_json_ref(hn_json_at(side[1], i)), err));
    }
    return HN_OK;
}

static hn_str trimmed(const hn_json *value) {
    hn_str s = {"", 0};
    if (!hn_json_text(value, &s)) return s;
    while (s.n && strchr(" \n\t\r", s.p[s.n - 1])) s.n--;
    while (s.n && strchr(" \n\t\r", *s.p)) s.p++, s.n--;
    return s;
}

static bool same_text(const hn_json *a, const hn_json *b) { /* white space at the ends aside */
    hn_str x = trimmed(a), y = trimmed(b);
    return x.n == y.n && (x.n == 0 || memcmp(x.p, y.p, x.n) == 0);
}

/* A prompt string beside whole dialogues: their common beginning, whose last user message the string must be. */
static hn_status mixed(const hn_json *record, const hn_json *chosen, const hn_json *rejected, hn_json *x, hn_error *err) {
    size_t n = hn_messages_part(chosen, rejected), last = n;
    if (n == 0) { /* the answers alone */
        HN_TRY(hn_side_take(record, "prompt", true, "user", x, "prompt", err));
        HN_TRY(hn_put(x, "chosen", hn_json_ref((hn_json *)(uintptr_t)chosen), err));
        return hn_put(x, "rejected", hn_json_ref((hn_json *)(uintptr_t)rejected), err);
    }
    while (last > 0 && !hn_streq(hn_json_cstr(hn_json_get(hn_json_at(chosen, last - 1), "role")), "user")) last--;
    if (last == 0 || !same_text(hn_json_get(hn_json_at(chosen, last - 1), "content"), hn_json_get(record, "prompt"))) {
        hn_bad_row(err, "\"prompt\" is not the last user message that \"chosen\" and \"rejected\" begin with");
        hn_str s;
        if (hn_json_text(hn_json_get(record, "prompt"), &s)) hn_error_detail(err, "prompt: %.80s", s.p);
        if (last && hn_json_text(hn_json_get(hn_json_at(chosen, last - 1), "content"), &s))
            hn_error_detail(err, "message %zu: %.80s", last - 1, s.p);
        return HN_EFORMAT;
    }
    return hn_preference_messages(chosen, rejected, x, err);
}

static hn_status chat(const hn_json *record, hn_json *x, hn_error *err) {
    hn_json *held = hn_json_new_object();
    hn_status st = held ? HN_OK : hn_nomem(err, sizeof(void *));
    if (st == HN_OK) st = hn_side_take(record, "chosen", true, "assistant", held, "chosen", err);
    if (st == HN_OK) st = hn_side_take(record, "rejected", true, "assistant", held, "rejected", err);
    hn_json *chosen = hn_json_get(held, "chosen"), *rejected = hn_json_get(held, "rejected");
    if (st != HN_OK) chosen = NULL;
    else if (!hn_json_get(record, "prompt")) st = hn_preference_messages(chosen, rejected, x, err);
    else if (hn_is_text(record, "prompt")) st = mixed(record, chosen, rejected, x, err);
    else {
        st = hn_side_take(record, "prompt", true, "user", x, "prompt", err);
        if (st == HN_OK) st = hn_put(x, "chosen", hn_json_ref(chosen), err);
        if (st == HN_OK) st = hn_put(x, "rejected", hn_json_ref(rejected), err);
    }
    hn_json_free(held);
    return st;
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    (void)o;
    hn_json *x;
    if (is_strings(hn_json_get(record, "chosen"))) return lists(record, out, err);
    HN_TRY(hn_examples_add(out, HN_KIND_PREFERENCE, &x, err));
    if (hn_is_list(record, "prompt") || hn_is_list(record, "chosen") || hn_is_list(record, "rejected")) {
        HN_TRY(chat(record, x, err));
    } else {
        hn_str text;
        HN_TRY(hn_column_text(record, "chosen", &text, err));
        HN_TRY(hn_column_text(record, "rejected", &text, err));
        if (!hn_json_get(record, "prompt")) {
            HN_TRY(hn_preference_strings(hn_json_get(record, "chosen"), hn_json_get(record, "rejected"), out, x, err));
        } else {
            HN_TRY(hn_column_move(record, "prompt", x, "prompt", err));
            HN_TRY(hn_column_move(record, "chosen", x, "chosen", err));
            HN_TRY(hn_column_move(record, "rejected", x, "rejected", err));
        }
    }
    hn_scores_take(record, x);
    return hn_extras_take(record, x, err);
}

const hn_format hn_format_preference = {
    .name = "preference",
    .about = "columns \"chosen\" and \"rejected\", with or without \"prompt\"; strings or messages",
    .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE),
    .detect = detect,
    .convert = convert};
