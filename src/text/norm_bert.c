/* norm_bert.c - BERT's cleaning: control characters out and every white space a space, spaces around CJK characters,
 * accents off (after NFD), lower case, in this order. */
#include "text/class_tables.h"
#include "text/unicode_impl.h"

typedef struct bert {
    bool clean, chinese, accents, lower;
} bert;

static hn_status make(const hn_json *spec, void **state, hn_error *err) {
    bert *b = hn_calloc(1, sizeof *b);
    if (!b) return hn_nomem(err, sizeof *b);
    b->clean = hn_json_bool(hn_json_get(spec, "clean_text"), true);
    b->chinese = hn_json_bool(hn_json_get(spec, "handle_chinese_chars"), true);
    b->lower = hn_json_bool(hn_json_get(spec, "lowercase"), true);
    b->accents = hn_json_bool(hn_json_get(spec, "strip_accents"), b->lower);
    *state = b;
    return HN_OK;
}

static bool is_control(uint32_t cp) {
    return hn_range_find(hn_clean_ranges, hn_clean_ranges_count, cp) != NULL;
}

static bool is_accent(uint32_t cp) {
    return cp >= 0x300 && hn_range_find(hn_accent_ranges, hn_accent_ranges_count, cp) != NULL;
}

/* The reference's blocks, without U+2B820 to U+2B91F. */
static bool is_chinese(uint32_t cp) {
    static const hn_range blocks[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},  {0x20000, 0x2A6DF},
                                      {0x2A700, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
    return cp >= 0x3400 && hn_range_find(blocks, sizeof blocks / sizeof *blocks, cp) != NULL;
}

/* White space to spaces and, if asked for, spaces around CJK characters. */
static hn_status space_out(hn_work *w, const bert *b, hn_error *err) {
    const hn_view *from = &w->text;
    hn_view *to = &w->spare;
    hn_view_clear(to);
    for (size_t i = 0; i < from->n;) {
        int len;
        uint32_t cp = hn_cp_at(from->p + i, &len);
        hn_token_span src = hn_view_span(from, i);
        bool chinese = b->chinese && is_chinese(cp);
        if (chinese) hn_view_put(to, ' ', src);
        if (b->clean && hn_is_space(cp)) hn_view_put(to, ' ', src);
        else hn_view_add(to, from->p + i, (size_t)len, src);
        if (chinese) hn_view_put(to, ' ', src);
        i += (size_t)len;
    }
    hn_work_swap(w);
    return hn_work_check(w, err);
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    const bert *b = state;
    if (b->clean) HN_TRY(hn_drop_chars(w, is_control, err));
    if (b->clean || b->chinese) HN_TRY(space_out(w, b, err));
    if (b->accents) {
        HN_TRY(hn_normalize(w, HN_DECOMPOSE, err));
        HN_TRY(hn_drop_chars(w, is_accent, err));
    }
    return b->lower ? hn_lowercase(w, err) : HN_OK;
}

const hn_step hn_norm_bert = {
    .part = {.type = "BertNormalizer", .about = "BERT's cleaning", .make = make, .drop = hn_free},
    .run = run,
};
