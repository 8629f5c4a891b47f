/* check_answer_offset.c - answers that do not stand where "answer_start" says. It counts code points; files made in other
 * languages often count bytes. No clean set has such a row, but one in a hundred is bearable. */
#include <string.h>

#include "check/check_impl.h"

typedef struct state {
    hn_tally wrong;
    int64_t of, bytes, absent; /* of the wrong ones: right if counted in bytes; not in the context at all */
} state;

static size_t byte_at(hn_str s, int64_t points) {
    size_t i = 0;
    for (; points > 0 && i < s.n; points--) {
        i++;
        while (i < s.n && ((unsigned char)s.p[i] & 0xC0) == 0x80) i++;
    }
    return points > 0 ? SIZE_MAX : i;
}

static bool stands(hn_str context, size_t at, hn_str text) {
    return at <= context.n && hn_starts((hn_str){context.p + at, context.n - at}, text);
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    hn_str context, text;
    const hn_json *answers = hn_json_get(f->value, "answers"), *texts = hn_json_get(answers, "text"),
                  *starts = hn_json_get(answers, "answer_start");
    bool wrong = false, bytes = true, absent = false;
    (void)c;
    if (!hn_json_text(hn_json_get(f->value, "context"), &context) || !hn_json_len(texts)) return;
    s->of++;
    for (size_t i = 0; i < hn_json_len(texts); i++) {
        int64_t at = hn_json_int(hn_json_at(starts, i), -1);
        if (!hn_json_text(hn_json_at(texts, i), &text)) continue;
        if (at >= 0 && stands(context, byte_at(context, at), text)) continue;
        wrong = true;
        bytes &= at >= 0 && stands(context, (size_t)at, text);
        absent |= hn_find_in(context, text) == SIZE_MAX;
    }
    if (!wrong) return;
    s->bytes += bytes;
    s->absent += absent;
    hn_tally_add(&s->wrong, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->wrong.n) return;
    hn_finding *f = hn_found(c, s->wrong.n == s->of ? HN_SEVERITY_ERROR : hn_judge(s->wrong.n, s->of, 0.01), &s->wrong, s->of,
                             "in %lld of %lld rows (%.3g %%) the answer does not stand at answer_start; in %lld it would if "
                             "bytes were counted, in %lld it is "
                             "not in the context at all",
                             (long long)s->wrong.n, (long long)s->of, hn_percent(s->wrong.n, s->of), (long long)s->bytes,
                             (long long)s->absent);
    if (s->bytes) hn_found_remedy(c, f, "write answer_start in code points (characters), not bytes");
}

const hn_check hn_check_answer_offset = {
    {.id = "answer-offset",
     .about = "answers that do not stand at answer_start",
     .cost = "the model is taught to point at other words",
     .remedy = "correct answer_start: the code point of the context at which the answer begins"},
    .views = HN_VIEW_BIT(QA),
    .needs = HN_NEEDS_EXAMPLE,
    .size = sizeof(state),
    .row = row,
    .end = end};
