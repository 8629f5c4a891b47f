/* check_control_tokens.c - text that spells a special token: the tokenizer makes the control token of it.
 *
 * A marker that nobody writes by chance (<|im_end|>) counts in every row, one of another tokenizer too: templates may write it as
 * plain text. Those that are also HTML or notation (<s>, <mask>) occur in honest text: one row in a hundred is too many. Where
 * most rows of strings hold them the text was rendered on purpose. The end token at the end of an answer, the start token at the
 * start of the text and plain text are nobody's input. */
#include <string.h>

#include "check/check_impl.h"

enum { SPECIALS = 4096, SHORTEST = 3 };

typedef struct state {
    hn_tally marked, tagged, foreign; /* unmistakable markers; such as may be HTML; markers that are plain text here */
    char other[40];          /* the first of the foreign ones */
    int64_t of, chats;
    int n;
    hn_str token[SPECIALS];
    bool notation[SPECIALS]; /* may be HTML or notation */
    int first[256], next[SPECIALS]; /* chains by first byte; 0: none, else index + 1 */
    int seen, seen_tag;      /* index + 1 of the first one found */
} state;

/* <s>, </s>, <mask>, [SEP]: letters only, between one pair of brackets. */
static bool is_notation(hn_str t) {
    bool angle = t.p[0] == '<' && t.p[t.n - 1] == '>', square = t.p[0] == '[' && t.p[t.n - 1] == ']';
    if (!angle && !square) return false;
    for (size_t i = 1; i + 1 < t.n; i++) {
        char c = t.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_';
        if (!plain) return false;
    }
    return true;
}

static bool begin(void *self, hn_check_ctx *c) {
    state *s = self;
    const hn_tokenizer *t = c->setup->tok;
    if (!t || c->setup->split_special) return false; /* then what users type stays text */
    for (int32_t id = 0; id < hn_tokenizer_size(t) && s->n < SPECIALS; id++) {
        if (!hn_tokenizer_is_special(t, id)) continue;
        hn_str token = hn_tokenizer_token(t, id);
        if (!token.p || token.n < SHORTEST) continue;
        s->token[s->n] = token;
        s->notation[s->n] = is_notation(token);
        unsigned char b = (unsigned char)token.p[0];
        s->next[s->n] = s->first[b];
        s->first[b] = ++s->n;
    }
    return true;
}

/* Bytes of a marker of some chat format at the start of s: <|name|>, [INST] and their like; 0: none. */
static size_t marker(hn_str s) {
    static const char *const fixed[] = {"[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<start_of_turn>", "<end_of_turn>"};
    for (size_t k = 0; k < sizeof fixed / sizeof *fixed; k++)
        if (hn_starts(s, hn_str_of(fixed[k]))) return strlen(fixed[k]);
    size_t n = 2;
    if (!hn_starts(s, hn_str_of("<|"))) return 0;
    while (n < s.n && n < 34 &&
           (s.p[n] == '_' || s.p[n] == '-' || (s.p[n] >= '0' && s.p[n] <= '9') || ((s.p[n] | 32) >= 'a' && (s.p[n] | 32) <= 'z')))
        n++;
    return n > 3 && hn_starts((hn_str){s.p + n, s.n - n}, hn_str_of("|>")) ? n + 2 : 0;
}

/* Bits: 1 a marker, 2 notation, 4 a marker of another tokenizer. */
static unsigned scan(state *s, hn_str text) {
    unsigned found = 0;
    for (size_t i = 0; i < text.n; i++) {
        hn_str rest = {text.p + i, text.n - i};
        size_t n = text.p[i] == '<' || text.p[i] == '[' ? marker(rest) : 0;
        if (n) found |= 4;
        if (n && !s->other[0]) snprintf(s->other, sizeof s->other, "%.*s", (int)n, rest.p);
        for (int k = s->first[(unsigned char)text.p[i]]; k; k = s->next[k - 1]) {
            if (!hn_starts(rest, s->token[k - 1])) continue;
            bool notation = s->notation[k - 1];
            found |= notation ? 2 : 1;
            int *first = notation ? &s->seen_tag : &s->seen;
            if (!*first) *first = k;
        }
    }
    return found;
}

static hn_str without_ends(const hn_check_ctx *c, hn_str text, bool start, bool stop) {
    const char *bos = hn_tokenizer_special(c->setup->tok, HN_BOS), *eos = hn_tokenizer_special(c->setup->tok, HN_EOS);
    if (start && bos && hn_starts(text, hn_str_of(bos))) {
        text.p += strlen(bos);
        text.n -= strlen(bos);
    }
    text = stop ? hn_trimmed(text) : text;
    size_t n = stop && eos ? strlen(eos) : 0;
    if (n && text.n >= n && memcmp(text.p + text.n - n, eos, n) == 0) text.n -= n;
    return text;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    unsigned found = 0;
    if (row->example->kind == HN_KIND_TEXT || row->example->kind == HN_KIND_TOKENS) return;
    s->of++;
    s->chats += f->chat;
    for (size_t i = 0; i < f->turns; i++) found |= scan(s, f->turn[i].text);
    if (!f->turns && f->prompt.p) found |= scan(s, without_ends(c, f->prompt, true, false));
    for (int i = f->turns ? 1 : 0; i < f->answers; i++) found |= scan(s, without_ends(c, f->answer[i], !f->prompt.n, true));
    if (found & 1) hn_tally_add(&s->marked, row);
    else if (found & 2) hn_tally_add(&s->tagged, row);
    else if (found & 4) hn_tally_add(&s->foreign, row);
}

static void report(hn_check_ctx *c, const state *s, const hn_tally *t, hn_str token, double share) {
    bool rendered = 2 * t->n > s->of && s->of > 1 && !s->chats;
    hn_finding *f = hn_found(c, rendered ? HN_SEVERITY_INFO : hn_judge(t->n, s->of, share), t, s->of,
                             "%lld of %lld rows spell special tokens in their text (first: %.*s)%s", (long long)t->n,
                             (long long)s->of, (int)token.n, token.p, rendered ? ": it is rendered already" : "");
    if (rendered) hn_found_remedy(c, f, "none if it is meant; else give conversations as \"messages\"");
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (s->marked.n) report(c, s, &s->marked, s->token[s->seen - 1], 0);
    if (s->tagged.n) report(c, s, &s->tagged, s->token[s->seen_tag - 1], 0.01);
    if (!s->foreign.n) return;
    bool rendered = 2 * s->foreign.n > s->of && s->of > 1 && !s->chats;
    hn_finding *f =
        hn_found(c, rendered ? HN_SEVERITY_INFO : HN_SEVERITY_WARN, &s->foreign, s->of,
                 "%lld of %lld rows hold markers of a chat format (first: %s), which are plain text for this tokenizer",
                 (long long)s->foreign.n, (long long)s->of, s->other);
    hn_found_cost(c, f,
                  "turns are marked in a way that the model does not know; where a template writes the same marker a user's text "
                  "can forge a turn");
    hn_found_remedy(c, f, "take them out of the text; give conversations as \"messages\"");
}

const hn_check hn_check_control_tokens = {
    {.id = "control-tokens", .about = "special-token strings inside the text of users and answers",
     .cost = "what a user typed becomes a control token: turns end where they do not, answers can be forged",
     .remedy = "--split_special_tokens true, or take them out of the text"},
    .views = HN_ALL_VIEWS, .needs = HN_NEEDS_EXAMPLE, .size = sizeof(state), .begin = begin, .row = row, .end = end};
