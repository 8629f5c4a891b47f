/* examples.c - lists of examples, and building one. */
#include "data/formats_impl.h"

#include <string.h>

void hn_examples_clear(hn_examples *x) {
    for (size_t i = 0; i < x->n; i++) hn_json_free(x->v[i].value);
    x->n = x->notes = 0;
}

void hn_examples_release(hn_examples *x) {
    hn_examples_clear(x);
    hn_free(x->v);
    *x = (hn_examples){0};
}

void hn_examples_note(hn_examples *x, const char *what, int64_t n) {
    size_t i = 0;
    while (i < x->notes && strcmp(x->note[i].what, what) != 0) i++;
    if (i == HN_NOTES) return;
    if (i == x->notes) x->note[x->notes++] = (hn_note){what, 0};
    x->note[i].n += n;
}

hn_status hn_put(hn_json *object, const char *key, hn_json *value, hn_error *err) {
    if (!value) return hn_nomem(err, sizeof(void *));
    hn_json_set(object, key, value);
    return HN_OK;
}

hn_status hn_examples_add(hn_examples *out, hn_kind kind, hn_json **value, hn_error *err) {
    if (out->n == out->cap) {
        size_t cap = out->cap ? 2 * out->cap : 1;
        hn_example *v = hn_realloc_array(out->v, cap, sizeof *v);
        if (!v) return hn_nomem(err, cap * sizeof *v);
        out->v = v;
        out->cap = cap;
    }
    *value = hn_json_new_object();
    if (!*value) return hn_nomem(err, sizeof(void *));
    out->v[out->n++] = (hn_example){.kind = kind, .value = *value};
    return HN_OK;
}
