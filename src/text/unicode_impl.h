/* unicode_impl.h - changes of whole texts by Unicode's rules, with their spans. */
#ifndef HN_TEXT_UNICODE_IMPL_H
#define HN_TEXT_UNICODE_IMPL_H

#include "text/text_impl.h"

enum { HN_DECOMPOSE = 0, HN_COMPOSE = 1, HN_COMPAT = 2 };
hn_status hn_normalize(hn_work *w, unsigned form, hn_error *err); /* normalize.c */
hn_status hn_lowercase(hn_work *w, hn_error *err);                /* lowercase.c */
hn_status hn_drop_chars(hn_work *w, hn_char_test *drop, hn_error *err);
bool hn_is_mark(uint32_t cp); /* M* as the reference's table has it */

#endif
