/* regex_impl.h - character classes for the pattern translator. */
#ifndef HN_TEXT_REGEX_IMPL_H
#define HN_TEXT_REGEX_IMPL_H

#include "text/text_impl.h"

typedef struct hn_range {
    uint32_t first, last;
} hn_range;

typedef struct hn_class {
    const char *name; /* general category or script; "w" is \w */
    const hn_range *v;
    size_t n;
    bool script;
    bool whole; /* v is the class; else v is what PCRE2's class lacks */
} hn_class;
extern const hn_class hn_classes[];
extern const size_t hn_class_count;

#endif
