/* look.c - a pass over a data set as training prepares it, one row at a time: for everything that shows or checks rows. */
#include "data/pass_impl.h"

typedef struct {
    const hn_encode_opts *o;
    hn_look_fn *fn;
    void *user;
    int64_t index;
} look;

static hn_look_part show(const hn_encode_opts *o, const hn_row *row) {
    hn_look_part p = {.name = row->name, .id = row->id, .label = hn_row_label(row), .n = (int64_t)row->n, .kept = (int64_t)row->n,
                      .prompt = (int64_t)row->prompt, .prompt_alone = (int64_t)row->prompt_alone, .wrote = row->wrote,
                      .wrotes = row->wrotes};
    if (row->text.p) {
        p.text = (hn_str){row->text.p, row->text.n};
        p.span = row->span;
    }
    if (o->max_length == HN_UNSET_INT || p.n <= o->max_length || o->packing != HN_PACK_NONE) return p;
    p.kept = o->max_length;
    p.from = o->keep_end ? p.n - o->max_length : 0;
    return p;
}

static bool has_target(const hn_look_part *p) {
    for (int64_t i = 0; i < p->kept; i++)
        if (p->label[p->from + i] != HN_NO_TARGET) return true;
    return false;
}

/* What training leaves out. A trained row without a target; with packing none. A pair whose prompt alone fills the length (dpo,
 * with keep_start only; kto), or with a side that is too long (reward). */
static bool is_dropped(const hn_encode_opts *o, const hn_look *row, hn_kind kind) {
    int64_t most = o->max_length == HN_UNSET_INT ? INT64_MAX : o->max_length;
    if (o->keep_all || o->packing != HN_PACK_NONE || row->parts == 0) return false;
    const hn_look_part *p = row->part;
    switch (kind) {
    case HN_KIND_PREFERENCE:
        if (o->whole_pairs) return p[0].n > most || p[1].n > most;
        return !o->keep_end && p->prompt >= most;
    case HN_KIND_UNPAIRED: return p->prompt >= most;
    case HN_KIND_CLASSIFY: case HN_KIND_TAG: case HN_KIND_QA: return false;
    default: return !has_target(p);
    }
}

static hn_status on_item(void *user, hn_pass *p, hn_item *it, hn_error *err) {
    look *l = user;
    hn_look row = {
        .file = it->raw.path, .line = it->raw.line, .record = it->record, .st = it->st, .err = it->err, .index = l->index};
    const hn_pass_part *known = &p->part[it->raw.part];
    row.format = known->format ? hn_format_name(known->format) : NULL;
    row.reason = known->reason;
    if (it->st != HN_OK || it->examples.n == 0) {
        l->index++;
        row.example = it->examples.n ? &it->examples.v[0] : NULL; /* converted, but it cannot be encoded */
        HN_TRY(l->fn(l->user, &row, err));
        if (it->st == HN_OK || (it->st == HN_EFORMAT && !it->fatal)) return HN_OK;
        if (err) *err = *it->err;
        return it->st;
    }
    for (size_t i = 0; i < it->count; i++) {
        hn_look_part part[HN_ROWS];
        const hn_encoded *x = &it->encoded[i];
        for (size_t k = 0; k < x->n; k++) part[k] = show(l->o, &x->row[k]);
        row.index = l->index++;
        row.example = &it->examples.v[i];
        row.part = part;
        row.parts = x->n;
        row.dropped = is_dropped(l->o, &row, row.example->kind);
        HN_TRY(l->fn(l->user, &row, err));
    }
    return HN_OK;
}

hn_status hn_sources_look(const hn_sources *s, bool held_out, const hn_tokenizer *tok, const hn_encode_opts *o, hn_view view,
                          hn_look_fn *fn, void *user, hn_error *err) {
    look l = {.o = o, .fn = fn, .user = user};
    hn_pass p = {
        .sources = s, .held_out = held_out, .tok = tok, .o = o, .convert = o->convert, .look = true, .fn = on_item, .user = &l};
    p.convert.view = view;
    hn_status st = hn_pass_run(&p, err);
    hn_pass_release(&p);
    return st;
}

hn_status hn_rows_look(const hn_strlist *files, const hn_tokenizer *tok, const hn_encode_opts *o, hn_view view, hn_look_fn *fn,
                       void *user, hn_error *err) {
    hn_sources s;
    hn_sources_init(&s);
    hn_status st = hn_sources_add_files(&s, files, err);
    if (st == HN_OK) st = hn_sources_look(&s, false, tok, o, view, fn, user, err);
    hn_sources_release(&s);
    return st;
}
