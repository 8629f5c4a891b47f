/* norm_nmt.c - control characters out, and characters that count as white space there become spaces. */
#include "text/class_tables.h"
#include "text/unicode_impl.h"

static bool is_control(uint32_t cp) {
    return (cp >= 0x1 && cp <= 0x8) || cp == 0xB || (cp >= 0xE && cp <= 0x1F) || cp == 0x7F || cp == 0x8F || cp == 0x9F;
}

static bool is_blank(uint32_t cp) {
    static const hn_range blank[] = {{0x9, 0xA}, {0xC, 0xD}, {0x1680, 0x1680}, {0x200B, 0x200F}, {0x2028, 0x2029},
                                     {0x2581, 0x2581}, {0xFEFF, 0xFEFF}, {0xFFFD, 0xFFFD}};
    return hn_range_find(blank, sizeof blank / sizeof *blank, cp) != NULL;
}

static hn_status run(const void *state, hn_work *w, hn_error *err) {
    (void)state;
    HN_TRY(hn_drop_chars(w, is_control, err));
    const hn_view *from = &w->text;
    hn_view_clear(&w->spare);
    for (size_t i = 0; i < from->n;) {
        int len;
        if (is_blank(hn_cp_at(from->p + i, &len))) hn_view_put(&w->spare, ' ', hn_view_span(from, i));
        else hn_view_copy(&w->spare, from, i, i + (size_t)len);
        i += (size_t)len;
    }
    hn_work_swap(w);
    return hn_work_check(w, err);
}

const hn_step hn_norm_nmt = {
    .part = {.type = "Nmt", .about = "control characters out, odd white space to spaces"},
    .run = run,
};
