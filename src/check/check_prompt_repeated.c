/* check_prompt_repeated.c - answers that begin with the prompt: text generation put back into the data, or a column that holds
 * prompt and answer joined.
 *
 * The prompt is compared whole, and so is the question inside it where a format wrapped it (Alpaca's instruction, the last turn
 * of a transcript). A row in a few hundred answers so by nature ("What is X?" "What is X? It is ..."): one in a hundred counts.
 */
#include <string.h>

#include "check/check_impl.h"

enum { LEAST = 12 }; /* bytes: shorter prompts recur in honest answers */

typedef struct state {
    hn_tally rows;
    int64_t of;
} state;

/* Does a begin with b, letter case and white space aside? */
static bool begins(hn_str a, hn_str b) {
    a = hn_trimmed(a);
    b = hn_trimmed(b);
    if (b.n < LEAST || a.n < b.n) return false;
    size_t i = 0, k = 0;
    while (k < b.n && i < a.n) {
        bool sa = a.p[i] == ' ' || (a.p[i] >= '\t' && a.p[i] <= '\r'), sb = b.p[k] == ' ' || (b.p[k] >= '\t' && b.p[k] <= '\r');
        if (sa != sb) return false;
        if (sa) {
            i++, k++;
            while (i < a.n && (a.p[i] == ' ' || (a.p[i] >= '\t' && a.p[i] <= '\r'))) i++;
            while (k < b.n && (b.p[k] == ' ' || (b.p[k] >= '\t' && b.p[k] <= '\r'))) k++;
            continue;
        }
        unsigned char x = (unsigned char)a.p[i++], y = (unsigned char)b.p[k++];
        x = (unsigned char)(x >= 'A' && x <= 'Z' ? x + 32 : x);
        y = (unsigned char)(y >= 'A' && y <= 'Z' ? y + 32 : y);
        if (x != y) return false;
    }
    return k == b.n;
}

/* What stands behind the last "Human:" of a transcript, up to the answer. */
static hn_str last_question(hn_str prompt) {
    static const char human[] = "Human:", assistant[] = "\n\nAssistant:";
    hn_str rest = prompt, out = {NULL, 0};
    for (size_t at; (at = hn_find_in(rest, hn_str_of(human))) != SIZE_MAX;) {
        rest = (hn_str){rest.p + at + strlen(human), rest.n - at - strlen(human)};
        out = rest;
    }
    size_t stop = out.p ? hn_find_in(out, hn_str_of(assistant)) : SIZE_MAX;
    if (stop != SIZE_MAX) out.n = stop;
    return out;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    static const char *const columns[] = {"instruction", "question", "query", "inputs", "prompt"};
    state *s = self;
    bool again = false;
    (void)c;
    if (!f->answers || !f->prompt.p) return;
    s->of++;
    for (int i = 0; i < f->answers && !again; i++) {
        again = begins(f->answer[i], f->prompt) || begins(f->answer[i], last_question(f->prompt));
        for (size_t k = 0; k < sizeof columns / sizeof *columns && !again; k++) {
            hn_str text;
            again = hn_json_text(hn_json_get(row->record, columns[k]), &text) && begins(f->answer[i], text);
        }
    }
    if (again) hn_tally_add(&s->rows, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (!s->rows.n) return;
    hn_found(c, hn_judge_rare(s->rows.n, s->of, 0.01), &s->rows, s->of,
             "in %lld of %lld rows (%.3g %%) the answer begins with the prompt", (long long)s->rows.n, (long long)s->of,
             hn_percent(s->rows.n, s->of));
}

const hn_check hn_check_prompt_repeated = {
    {.id = "prompt-repeated", .about = "answers that begin with their prompt", .cost = "the model learns to repeat the question",
     .remedy = "cut the prompt off the answers"},
    .views = HN_ANSWER_VIEWS, .needs = HN_NEEDS_EXAMPLE, .size = sizeof(state), .row = row, .end = end};
