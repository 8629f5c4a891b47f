/* class_tables.h - the reference's own character tables (class_tables.c) and the search in them. */
#ifndef HN_TEXT_CLASS_TABLES_H
#define HN_TEXT_CLASS_TABLES_H

#include "text/regex_impl.h"

extern const hn_range hn_punct_ranges[], hn_mark_ranges[], hn_accent_ranges[], hn_clean_ranges[], hn_numeric_ranges[],
    hn_word_ranges[], hn_undecomposed_ranges[], hn_uncomposed_ranges[], hn_unordered_ranges[];
extern const size_t hn_punct_ranges_count, hn_mark_ranges_count, hn_accent_ranges_count, hn_clean_ranges_count,
    hn_numeric_ranges_count, hn_word_ranges_count, hn_undecomposed_ranges_count, hn_uncomposed_ranges_count,
    hn_unordered_ranges_count;
extern const hn_range hn_lower_pairs[]; /* {upper, lower}, ascending */
extern const size_t hn_lower_pairs_count;

typedef struct hn_script_range {
    uint32_t first, last;
    uint8_t script; /* from 1; which is which does not matter */
} hn_script_range;
extern const hn_script_range hn_script_ranges[]; /* script_table.c */
extern const size_t hn_script_ranges_count;

/* The range that holds cp, or NULL. */
static inline const hn_range *hn_range_find(const hn_range *v, size_t n, uint32_t cp) {
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v[mid].last < cp) lo = mid + 1;
        else hi = mid;
    }
    return lo < n && v[lo].first <= cp ? &v[lo] : NULL;
}

#endif
