/* jinja_char_table.h - tables of characters behind Python's str methods; lists end with 0. */
#ifndef HN_JINJA_CHAR_TABLE_H
#define HN_JINJA_CHAR_TABLE_H

#include <stdint.h>

typedef struct hn_jcase { uint32_t cp; char to[12]; } hn_jcase;
extern const uint32_t hn_jc_digit[][2], hn_jc_numeric[][2], hn_jc_lower[][2], hn_jc_upper[][2];
extern const hn_jcase hn_jc_upper_many[], hn_jc_title_many[];

#endif
