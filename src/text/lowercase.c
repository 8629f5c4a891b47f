/* lowercase.c - lower case character by character, and dropping the characters of a class. */
#include <utf8proc.h>

#include "text/class_tables.h"
#include "text/unicode_impl.h"

static uint32_t lower(uint32_t cp) {
    if (cp < 0x80) return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    for (size_t i = 0; cp >= 0x1C00 && i < hn_lower_pairs_count; i++)
        if (hn_lower_pairs[i].first == cp) return hn_lower_pairs[i].last;
    return (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp);
}

hn_status hn_lowercase(hn_work *w, hn_error *err) {
    const hn_view *from = &w->text;
    hn_view *to = &w->spare;
    hn_view_clear(to);
    for (size_t i = 0; i < from->n;) {
        int len;
        uint32_t cp = hn_cp_at(from->p + i, &len);
        hn_token_span src = hn_view_span(from, i);
        if (cp == 0x130) { /* the one full mapping to two characters */
            hn_view_put(to, 'i', src);
            hn_view_put(to, 0x307, src);
        } else {
            hn_view_put(to, lower(cp), src);
        }
        i += (size_t)len;
    }
    hn_work_swap(w);
    return hn_work_check(w, err);
}

hn_status hn_drop_chars(hn_work *w, hn_char_test *drop, hn_error *err) {
    const hn_view *from = &w->text;
    hn_view_clear(&w->spare);
    size_t kept = 0;
    for (size_t i = 0; i < from->n;) {
        int len;
        bool out = drop(hn_cp_at(from->p + i, &len));
        if (out) {
            hn_view_copy(&w->spare, from, kept, i);
            kept = i + (size_t)len;
        }
        i += (size_t)len;
    }
    if (kept == 0) return hn_work_check(w, err);
    hn_view_copy(&w->spare, from, kept, from->n);
    hn_work_swap(w);
    return hn_work_check(w, err);
}
