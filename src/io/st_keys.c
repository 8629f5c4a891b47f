/* st_keys.c - finds a tensor name that occurs twice in a safetensors header.
 *
 * JSON readers let the last of two equal keys win, and so does the reference implementation: a file could then show
 * one tensor to one program and another to the next. We refuse such a file. The text is known to be valid JSON. */
#include "io/st_impl.h"

#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b) {
    const hn_str *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int order = n ? memcmp(x->p, y->p, n) : 0;
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

/* The end of the string that starts behind the quote at p. */
static const char *string_end(const char *p, const char *end) {
    while (p < end && *p != '"') p += *p == '\\' ? 2 : 1;
    return p < end ? p : end;
}

/* Calls of the outermost keys: with keys NULL only counts them. */
static size_t outer_keys(const char *p, const char *end, hn_str *keys) {
    size_t count = 0;
    int depth = 0;
    bool key_next = false;
    for (; p < end; p++) {
        if (*p == '{' || *p == '[') {
            depth++;
            key_next = *p == '{' && depth == 1;
        } else if (*p == '}' || *p == ']') {
            depth--;
        } else if (*p == ',' && depth == 1) {
            key_next = true;
        } else if (*p == '"') {
            const char *from = p + 1;
            p = string_end(from, end);
            if (key_next) {
                if (keys) keys[count] = (hn_str){from, (size_t)(p - from)};
                count++;
                key_next = false;
            }
        }
    }
    return count;
}

hn_status hn_st_check_keys(const char *p, size_t n, const char *path, hn_error *err) {
    size_t count = outer_keys(p, p + n, NULL);
    hn_str *keys = hn_alloc_array(count ? count : 1, sizeof *keys);
    if (!keys) return hn_nomem(err, count * sizeof *keys);
    outer_keys(p, p + n, keys);
    qsort(keys, count, sizeof *keys, by_text);
    hn_status st = HN_OK;
    for (size_t i = 0; i < count && st == HN_OK; i++) {
        int show = keys[i].n > 200 ? 200 : (int)keys[i].n;
        if (i + 1 < count && by_text(&keys[i], &keys[i + 1]) == 0)
            st = hn_fail(err, HN_EFORMAT, "%s: header: tensor '%.*s' occurs twice", path, show, keys[i].p);
        else if (memmem(keys[i].p, keys[i].n, "\\u0000", 6))
            st = hn_fail(err, HN_EFORMAT, "%s: header: the name '%.*s' holds a NUL", path, show, keys[i].p);
    }
    hn_free(keys);
    return st;
}
