/* jinja_filter_impl.h - shared by the files of filters. */
#ifndef HN_JINJA_FILTER_IMPL_H
#define HN_JINJA_FILTER_IMPL_H

#include "text/jinja/jinja_ast_impl.h"

#define HN_FILTER(name) HN_J_BUILTIN(hn_jf_##name)

/* "address.city.0": what to take from an item, step by step (jinja_filters_seq.c). Text keys are compared in lower case unless
 * the case counts. */
typedef struct hn_jpath {
    hn_jval *part;
    size_t n;
    bool fold;          /* lower case of strings */
    hn_jval otherwise;  /* instead of what is undefined; MISSING: nothing */
} hn_jpath;
bool hn_j_path(hn_jrun *r, hn_jval attribute, bool fold, hn_jpath *out);
bool hn_j_path_get(hn_jrun *r, const hn_jpath *p, hn_jval item, hn_jval *out);

/* Sorts n indices by keys of k values each, stable; descending keeps equal ones in order as well. lists: keys compare as lists
 * do, so that equal values are never asked which is less. jinja_sort.c */
bool hn_j_sort(hn_jrun *r, uint32_t *order, size_t n, const hn_jval *key, size_t k, bool lists, bool descending);

#endif
