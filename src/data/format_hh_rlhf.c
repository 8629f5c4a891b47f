/* format_hh_rlhf.c - Anthropic's HH-RLHF: chosen and rejected are transcripts of "\n\nHuman: " and "\n\nAssistant: " turns that
 * differ in the last answer. As in TRL's script the prompt is their common start, cut at the last "\n\nAssistant: ".
 *
 * Rows that are no such pair (they differ in an earlier turn, end with the human, have an empty or the same answer) are
 * left out and counted; where only the chosen side is wanted, what is wrong with the other one does not matter. */
#include "data/formats_impl.h"

#include <string.h>

static const char human[] = "\n\nHuman: ", assistant[] = "\n\nAssistant: ";
enum { HUMAN = sizeof human - 1, ASSISTANT = sizeof assistant - 1 };

static bool starts(hn_str s, size_t at, const char *mark, size_t n) { return at + n <= s.n && memcmp(s.p + at, mark, n) == 0; }

static bool transcript(const hn_json *record, const char *name) {
    hn_str s;
    return hn_json_text(hn_json_get(record, name), &s) && starts(s, 0, human, HUMAN - 1);
}

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (hn_json_has(record, "prompt") || !transcript(record, "chosen") || !transcript(record, "rejected")) return false;
    return hn_because(reason, "columns \"chosen\" and \"rejected\" are transcripts of \"Human:\" and \"Assistant:\"");
}

/* Bytes of the mark of a turn at this place; 0: none. The last answer may be empty and lose the space. */
static size_t mark(hn_str s, size_t at, const char **role) {
    *role = "user";
    if (starts(s, at, human, HUMAN)) return HUMAN;
    *role = "assistant";
    if (starts(s, at, assistant, ASSISTANT)) return ASSISTANT;
    return at + ASSISTANT - 1 == s.n && starts(s, at, assistant, ASSISTANT - 1) ? ASSISTANT - 1 : 0;
}

/* The turns of a transcript as messages. */
static hn_json *turns(hn_str s) {
    hn_json *list = hn_json_new_array();
    const char *role, *next;
    for (size_t at = 0, n = mark(s, 0, &role); list && n;) {
        size_t begin = at + n, end = begin;
        for (n = 0; end < s.n && !(n = s.p[end] == '\n' ? mark(s, end, &next) : 0);) end++;
        hn_json *m = hn_message_new(role, hn_json_new_str(s.p + begin, end - begin));
        if (m) hn_json_push(list, m);
        else {
            hn_json_free(list);
            return NULL;
        }
        at = end;
        role = next;
    }
    return list;
}

static bool answered(const hn_json *list, size_t from) { /* exactly one turn follows, an answer that says something */
    hn_str s;
    const hn_json *last = hn_json_at(list, from);
    return hn_json_len(list) == from + 1 && hn_streq(hn_json_cstr(hn_json_get(last, "role")), "assistant") &&
           hn_json_text(hn_json_get(last, "content"), &s) && s.n > 0;
}

static hn_status pair(hn_json *chosen, hn_json *rejected, bool one_side, hn_examples *out, hn_error *err) {
    size_t n = hn_messages_part(chosen, rejected), last = hn_json_len(chosen) ? hn_json_len(chosen) - 1 : 0;
    const char *wrong = NULL;
    hn_json *x;
    if (!answered(chosen, last)) wrong = "rows whose chosen transcript does not end with an answer: left out";
    else if (one_side) n = last;
    else if (hn_json_equal(chosen, rejected)) wrong = "rows whose chosen and rejected transcripts are the same: left out";
    else if (n != last || hn_json_len(rejected) < last + 1)
        wrong = "rows whose transcripts differ before the last answer: left out";
    else if (!answered(rejected, n)) wrong = "rows whose rejected transcript does not end with one answer: left out";
    if (wrong) {
        hn_examples_note(out, wrong, 1);
        return HN_OK;
    }
    HN_TRY(hn_examples_add(out, one_side ? HN_KIND_COMPLETION : HN_KIND_PREFERENCE, &x, err));
    HN_TRY(hn_put(x, "prompt", hn_json_slice(chosen, 0, n), err));
    HN_TRY(hn_put(x, one_side ? "completion" : "chosen", hn_json_slice(chosen, n, n + 1), err));
    return one_side ? HN_OK : hn_put(x, "rejected", hn_json_slice(rejected, n, n + 1), err);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    hn_str a, b;
    HN_TRY(hn_column_text(record, "chosen", &a, err));
    HN_TRY(hn_column_text(record, "rejected", &b, err));
    bool one_side = !hn_view_takes(o->view, HN_KIND_PREFERENCE) && o->view != HN_VIEW_KTO;
    hn_json *chosen = turns(a), *rejected = turns(b);
    hn_status st = chosen && rejected ? pair(chosen, rejected, one_side, out, err) : hn_nomem(err, a.n + b.n);
    hn_json_free(chosen);
    hn_json_free(rejected);
    return st;
}

const hn_format hn_format_hh_rlhf = {
    .name = "hh-rlhf",
    .about = "columns \"chosen\" and \"rejected\": transcripts of \"\\n\\nHuman:\" and \"\\n\\nAssistant:\" turns",
    .kinds = HN_KIND_BIT(HN_KIND_PREFERENCE) | HN_KIND_BIT(HN_KIND_COMPLETION),
    .detect = detect,
    .convert = convert};
