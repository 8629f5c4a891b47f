/* check_mojibake.c - text that went through a wrong encoding: "Ã©" for é, "â€™" for an apostrophe, U+FFFD, stray control
 * characters.
 *
 * A run of characters counts if the bytes it has in Windows-1252 are one valid UTF-8 sequence: that hardly happens in real text.
 * Collections from the web hold a few such rows in a thousand; from one in a hundred on somebody's export is broken. */
#include "check/check_impl.h"

typedef struct state {
    hn_tally rows;
    int64_t of, wrong, lost, control;
} state;

/* Byte of a code point in Windows-1252 (C1 positions that it leaves free stand for themselves); -1: none. */
static int byte_of(uint32_t cp) {
    static const uint16_t high[32] = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
                                      0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    if (cp < 256) return (int)cp;
    for (int i = 0; i < 32; i++)
        if (high[i] == cp) return 0x80 + i;
    return -1;
}

/* Do the characters from p on read as one multi-byte sequence of UTF-8? */
static bool misread(const char *p, const char *end) {
    uint32_t cp;
    int n = hn_utf8_decode(p, end, &cp);
    int lead = n ? byte_of(cp) : -1;
    int more = lead >= 0xC2 && lead <= 0xDF ? 1 : lead >= 0xE0 && lead <= 0xEF ? 2 : lead >= 0xF0 && lead <= 0xF4 ? 3 : 0;
    char bytes[4] = {(char)lead};
    if (!more) return false;
    for (int i = 1; i <= more; i++) {
        p += n;
        n = p < end ? hn_utf8_decode(p, end, &cp) : 0;
        int b = n ? byte_of(cp) : -1;
        if (b < 0x80 || b > 0xBF) return false;
        bytes[i] = (char)b;
    }
    return hn_utf8_valid(bytes, (size_t)more + 1, NULL);
}

enum { WRONG = 1, LOST = 2, CONTROL = 4 };
static unsigned scan(hn_str s) {
    unsigned found = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') found |= CONTROL;
        if (c == 0xEF && i + 2 < s.n && (unsigned char)s.p[i + 1] == 0xBF && (unsigned char)s.p[i + 2] == 0xBD) found |= LOST;
        if (c == 0xC3 || c == 0xC2) found |= misread(s.p + i, s.p + s.n) ? WRONG : 0;
    }
    return found;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    unsigned found = 0;
    (void)c;
    for (size_t i = 0; i < f->turns; i++) found |= scan(f->turn[i].text);
    if (!f->turns && f->prompt.p) found |= scan(f->prompt);
    for (int i = 0; i < f->answers; i++) found |= scan(f->answer[i]);
    hn_str context;
    if (row->example->kind == HN_KIND_QA && hn_json_text(hn_json_get(f->value, "context"), &context)) found |= scan(context);
    const hn_json *tokens = row->example->kind == HN_KIND_TAG ? hn_json_get(f->value, "tokens") : NULL;
    for (size_t i = 0; i < hn_json_len(tokens); i++) {
        hn_str word;
        if (hn_json_text(hn_json_at(tokens, i), &word)) found |= scan(word);
    }
    s->of++;
    s->wrong += (found & WRONG) != 0;
    s->lost += (found & LOST) != 0;
    s->control += (found & CONTROL) != 0;
    if (found) hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->rows.n) return;
    hn_found(c, hn_judge_rare(s->rows.n, s->of, 0.01), &s->rows, s->of,
             "%lld of %lld rows (%.3g %%) hold damaged text: wrong encoding in %lld, replacement characters in %lld, control "
             "characters in %lld",
             (long long)s->rows.n, (long long)s->of, hn_percent(s->rows.n, s->of), (long long)s->wrong, (long long)s->lost,
             (long long)s->control);
}

const hn_check hn_check_mojibake = {
    {.id = "mojibake", .about = "text read in a wrong encoding, replacement and control characters",
     .cost = "the model learns to write such characters", .remedy = "read the source again as UTF-8; leave damaged rows out"},
    .views = HN_ALL_VIEWS, .needs = HN_NEEDS_EXAMPLE, .size = sizeof(state), .row = row, .end = end};
