/* classes.c - the character classes of the reference's parts, over its own tables. */
#include "text/class_tables.h"
#include "text/unicode_impl.h"

bool hn_is_space(uint32_t cp) {
    if (cp <= 0x20) return cp == 0x20 || (cp >= 0x9 && cp <= 0xD);
    if (cp < 0x1680) return cp == 0x85 || cp == 0xA0;
    return cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F ||
           cp == 0x3000;
}

bool hn_is_word(uint32_t cp) {
    return hn_range_find(hn_word_ranges, hn_word_ranges_count, cp) != NULL;
}

bool hn_is_numeric(uint32_t cp) {
    if (cp < 0x80) return cp >= '0' && cp <= '9';
    return hn_range_find(hn_numeric_ranges, hn_numeric_ranges_count, cp) != NULL;
}

bool hn_is_punct(uint32_t cp) {
    return hn_range_find(hn_punct_ranges, hn_punct_ranges_count, cp) != NULL;
}

bool hn_is_mark(uint32_t cp) {
    return cp >= 0x300 && hn_range_find(hn_mark_ranges, hn_mark_ranges_count, cp) != NULL;
}
