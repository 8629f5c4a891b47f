/* pretok_byte_level.c - GPT-2's splitting, and bytes as characters of the byte alphabet.
 *
 * Where the model reads raw bytes the mapping is left to it (w->raw_bytes). */
#include "text/text_impl.h"

typedef struct byte_level {
    bool prefix;
    hn_pattern pattern; /* no regex: pieces stay whole */
} byte_level;

static const char words[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

static void drop(void *state) {
    byte_level *b = state;
    if (!b) return;
    hn_pattern_release(&b->pattern);
    hn_free(b);
}

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    byte_level *b = hn_calloc(1, sizeof *b);
    if (!b) return hn_nomem(err, sizeof *b);
    b->prefix = hn_json_bool(hn_json_get(spec, "add_prefix_space"), true);
    hn_status st = HN_OK;
    if (hn_json_bool(hn_json_get(spec, "use_regex"), true)) st = hn_regex_new(hn_str_of(words), &b->pattern.regex, err);
    if (st == HN_OK) *state = b;
    else drop(b);
    return st;
}

static void map_bytes(hn_work *w) {
    hn_view_clear(&w->spare);
    w->spare_pieces.n = 0;
    for (size_t i = 0; i < w->pieces.n; i++) {
        size_t begin = w->spare.n;
        for (size_t k = w->pieces.v[i].begin; k < w->pieces.v[i].end; k++)
            hn_view_put(&w->spare, hn_byte_char((unsigned char)w->text.p[k]), hn_view_span(&w->text, k));
        hn_pieces_add(&w->spare_pieces, begin, w->spare.n);
    }
    hn_work_swap(w);
    hn_work_swap_pieces(w);
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const byte_level *b = state;
    if (b->prefix) HN_TRY(hn_prefix_pieces(w, " ", HN_PREFIX_ALWAYS, err));
    if (b->pattern.regex) HN_TRY(hn_split_at_pattern(w, &b->pattern, HN_SPLIT_ISOLATED, false, err));
    if (!w->raw_bytes) map_bytes(w);
    return hn_work_check(w, err);
}

const hn_step hn_pretok_byte_level = {
    .part = {.type = "ByteLevel", .about = "words of GPT-2 in the byte alphabet", .make = make, .drop = drop},
    .run = run,
};
