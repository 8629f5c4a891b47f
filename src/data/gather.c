/* gather.c - formats whose examples need several records: all of them first, then the examples. */
#include "data/formats_impl.h"

struct hn_gather {
    const hn_format *format;
    void *state;
};

bool hn_format_gathers(const hn_format *f) { return f->gather != NULL; }

hn_status hn_gather_new(const hn_format *f, hn_gather **out, hn_error *err) {
    *out = NULL;
    hn_gather *g = hn_calloc(1, sizeof *g);
    void *state = hn_calloc(1, f->state ? f->state : 1);
    if (!g || !state) {
        hn_free(g);
        hn_free(state);
        return hn_nomem(err, f->state);
    }
    *g = (hn_gather){f, state};
    *out = g;
    return HN_OK;
}

hn_status hn_gather_add(hn_gather *g, const hn_json *record, int64_t line, const hn_convert_opts *o, hn_error *err) {
    if (!o->columns) return g->format->gather(g->state, record, line, o, err);
    hn_json *mapped;
    HN_TRY(hn_columns_map(record, o, &mapped, err));
    hn_status st = g->format->gather(g->state, mapped, line, o, err);
    hn_json_free(mapped);
    return st;
}

hn_status hn_gather_next(hn_gather *g, const hn_convert_opts *o, hn_examples *out, int64_t *line, bool *more, hn_error *err) {
    hn_examples_clear(out);
    *more = false;
    *line = 0;
    HN_TRY(g->format->next(g->state, o, out, line, more, err));
    return hn_examples_adapt(out, o->view, err);
}

void hn_gather_free(hn_gather *g) {
    if (!g) return;
    if (g->format->drop) g->format->drop(g->state);
    hn_free(g->state);
    hn_free(g);
}
