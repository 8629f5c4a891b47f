/* preference.c - two answers to one prompt: the prompt found where it is only implied, by the rule of TRL's extract_prompt.
 *
 * The longest common beginning is the prompt: message by message, or character by character. When the character before the
 * parting is a space it goes to the answers; where one answer begins with the whole other one, the last common element
 * goes to the answers too. */
#include "data/formats_impl.h"

#include <string.h>

static size_t step(hn_str s, size_t at) { /* bytes of the character at this place */
    uint32_t cp;
    int n = hn_utf8_decode(s.p + at, s.p + s.n, &cp);
    return n > 0 ? (size_t)n : 1;
}

static size_t step_back(hn_str s, size_t at) {
    while (at > 0 && ((unsigned char)s.p[--at] & 0xC0) == 0x80) {}
    return at;
}

static bool letter(hn_str s, size_t at) { /* part of a word, of ASCII or beyond */
    if (at >= s.n) return false;
    unsigned char c = (unsigned char)s.p[at];
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Where the answers begin, in bytes. As in Python, the character before the first one is the last one. */
static void part_strings(hn_str a, hn_str b, size_t *in_a, size_t *in_b) {
    size_t at = 0, last = 0;
    while (at < a.n && at < b.n) {
        size_t n = step(a, at);
        if (at + n > b.n || memcmp(a.p + at, b.p + at, n) != 0) break;
        last = at;
        at += n;
    }
    bool inside = at == a.n || at == b.n; /* no difference within the shorter one */
    size_t before = step_back(a, at ? at : a.n);
    *in_a = *in_b = inside ? last : at;
    if (inside || a.p[before] != ' ') return;
    *in_a = before;
    *in_b = at ? before : step_back(b, b.n);
}

size_t hn_messages_part(const hn_json *a, const hn_json *b) {
    size_t n = hn_json_len(a) < hn_json_len(b) ? hn_json_len(a) : hn_json_len(b), i = 0;
    while (i < n && hn_json_equal(hn_json_at(a, i), hn_json_at(b, i))) i++;
    return i == n && i > 0 ? i - 1 : i;
}

hn_json *hn_json_slice(const hn_json *list, size_t from, size_t to) {
    hn_json *x = hn_json_new_array();
    for (size_t i = from; x && i < to; i++) hn_json_push(x, hn_json_ref(hn_json_at(list, i)));
    return x;
}

static hn_status put_three(hn_json *x, hn_json *prompt, hn_json *chosen, hn_json *rejected, hn_error *err) {
    hn_status st = hn_put(x, "prompt", prompt, err), second = hn_put(x, "chosen", chosen, err),
              third = hn_put(x, "rejected", rejected, err);
    return st != HN_OK ? st : second != HN_OK ? second : third;
}

hn_status hn_preference_strings(const hn_json *chosen, const hn_json *rejected, hn_examples *out, hn_json *x, hn_error *err) {
    hn_str a, b;
    if (!hn_json_text(chosen, &a) || !hn_json_text(rejected, &b))
        return hn_bad_row(err, "\"chosen\" and \"rejected\" are not both strings");
    if (a.n == 0 || b.n == 0)
        return hn_bad_row(err, "\"%s\" is empty: there is no prompt to be found in it", a.n ? "rejected" : "chosen");
    size_t at, from;
    part_strings(a, b, &at, &from);
    if (at > 0 && letter(a, step_back(a, at)) && letter(a, at) && letter(b, from))
        hn_examples_note(out, "pairs part inside a word: the prompt taken from their common beginning ends there", 1);
    return put_three(x, hn_json_new_str(a.p, at), hn_json_new_str(a.p + at, a.n - at), hn_json_new_str(b.p + from, b.n - from),
                     err);
}

hn_status hn_preference_messages(const hn_json *chosen, const hn_json *rejected, hn_json *x, hn_error *err) {
    if (hn_json_len(chosen) == 0 || hn_json_len(rejected) == 0)
        return hn_bad_row(err, "\"%s\" is an empty list: there is no prompt to be found in it",
                          hn_json_len(chosen) ? "rejected" : "chosen");
    size_t at = hn_messages_part(chosen, rejected);
    return put_three(x, hn_json_slice(chosen, 0, at), hn_json_slice(chosen, at, hn_json_len(chosen)),
                     hn_json_slice(rejected, at, hn_json_len(rejected)), err);
}

hn_status hn_preference_instruction(const hn_convert_opts *o, const char *standard, const hn_instruction *in, hn_json *chosen,
                                    hn_json *rejected, hn_examples *out, hn_json **x, hn_error *err) {
    hn_json *prompt;
    HN_TRY(hn_examples_add(out, HN_KIND_PREFERENCE, x, err));
    HN_TRY(hn_prompt_make(o, standard, in, &prompt, err));
    return put_three(*x, prompt, hn_answer_make(o, standard, hn_json_ref(chosen)),
                     hn_answer_make(o, standard, hn_json_ref(rejected)), err);
}
