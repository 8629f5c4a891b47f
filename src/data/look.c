/* look.c - a pass over a data set as training prepares it, one row at a time: for everything that shows or checks rows. */
#include <string.h>

#include "data/encode_impl.h"
#include "data/records_impl.h"

typedef struct {
    const hn_encode_opts *o;
    hn_look_fn *fn;
    void *user;
    hn_encoder e;
    hn_encoding spans; /* the row's text once more, with the place of every token */
    hn_row row;
    hn_convert_opts convert;
    hn_examples examples;
    bool settled;
    const hn_format *format;
    char reason[160];
    int64_t index;
} look;

static void truncate_part(const hn_encode_opts *o, hn_look_part *part) {
    part->kept = part->n;
    if (o->max_length == HN_UNSET_INT || part->n <= o->max_length) return;
    part->kept = o->max_length;
    part->from = o->keep_end ? part->n - o->max_length : 0;
}

static bool has_target(const hn_look_part *part) {
    for (int64_t i = 0; i < part->kept; i++)
        if (part->label[part->from + i] != HN_NO_TARGET) return true;
    return false;
}

static hn_status fill(look *l, const hn_example *x, hn_look_part *part, hn_error *err) {
    *part = (hn_look_part){.name = "row", .id = l->row.id, .label = l->row.label, .n = (int64_t)l->row.n};
    while (part->prompt < part->n && part->label[part->prompt] == HN_NO_TARGET) part->prompt++;
    part->prompt_alone = l->row.border ? (int64_t)l->e.prompt.n : part->prompt;
    truncate_part(l->o, part);
    if (!hn_example_needs_tokenizer(x)) return HN_OK;
    part->text = (hn_str){l->e.text.p ? l->e.text.p : "", l->e.text.n};
    HN_TRY(hn_tokenizer_encode(l->e.tok, part->text, HN_ENCODE_SPECIAL | HN_ENCODE_SPANS, &l->spans, err));
    if (l->spans.n == l->row.n) part->span = l->spans.span;
    return HN_OK;
}

/* One example of a record, or what is wrong with the record. */
static hn_status one(look *l, hn_look *row, hn_error *err) {
    hn_error why = {0};
    hn_look_part part = {0};
    row->index = l->index++;
    row->format = l->format ? hn_format_name(l->format) : NULL;
    row->reason = l->reason;
    if (row->st == HN_OK && row->example) {
        if (!l->settled) HN_TRY(hn_encoder_settle(&l->e, row->example, err));
        l->settled = true;
        row->st = hn_example_encode(row->example, &l->e, &l->row, &why);
        if (row->st == HN_OK) row->st = fill(l, row->example, &part, &why);
        if (row->st != HN_OK) row->err = &why;
        row->part = row->st == HN_OK ? &part : NULL;
        row->parts = row->st == HN_OK;
        row->dropped = row->parts && !l->o->keep_all && !has_target(&part);
    }
    if (row->st != HN_OK && row->st != HN_EFORMAT) {
        if (err) *err = *row->err;
        return row->st;
    }
    return l->fn(l->user, row, err);
}

/* Every example of a record; a record without any is shown once. */
static hn_status each(look *l, const hn_look *record, hn_error *err) {
    hn_error why = {0};
    hn_look row = *record;
    if (row.st == HN_OK && !l->format) row.st = hn_format_choose((hn_json *const[]){(hn_json *)(uintptr_t)row.record}, 1, &l->convert, &l->format, l->reason, &why);
    if (row.st == HN_OK) row.st = hn_format_convert(l->format, row.record, &l->convert, &l->examples, &why);
    if (row.st != HN_OK && !row.err) row.err = &why;
    if (row.st != HN_OK || l->examples.n == 0) return one(l, &row, err);
    for (size_t i = 0; i < l->examples.n; i++) {
        row = *record;
        row.example = &l->examples.v[i];
        HN_TRY(one(l, &row, err));
    }
    return HN_OK;
}

static hn_status one_file(look *l, hn_records *r, hn_error *err) {
    hn_json *first[HN_AHEAD];
    size_t n;
    HN_TRY(hn_records_ahead(r, first, &n, err));
    if (!l->format && n) {
        hn_status st = hn_format_choose(first, n, &l->convert, &l->format, l->reason, err);
        if (st != HN_OK && st != HN_EFORMAT) return st;
    }
    while (l->o->limit == HN_UNSET_INT || l->index < l->o->limit) {
        hn_json *record;
        hn_error why = {0};
        hn_look row = {.file = hn_records_path(r)};
        row.st = hn_records_next(r, &record, &row.line, &why);
        if (row.st == HN_OK && !record) break;
        row.record = record;
        if (row.st != HN_OK) row.err = &why;
        hn_status st = each(l, &row, err);
        hn_json_free(record);
        if (st == HN_OK && r->broken) {
            if (err) *err = why;
            st = row.st;
        }
        HN_TRY(st);
    }
    return HN_OK;
}

hn_status hn_rows_look(const hn_strlist *files, const hn_tokenizer *tok, const hn_encode_opts *o, hn_view view, hn_look_fn *fn,
                       void *user, hn_error *err) {
    if (view != HN_VIEW_SFT && view != HN_VIEW_TEXT) return hn_fail(err, HN_ENOTSUP, "rows of this task cannot be shown");
    look l = {.o = o, .fn = fn, .user = user, .e = {.tok = tok, .o = o}};
    l.convert = o->convert;
    l.convert.view = view;
    hn_status st = HN_OK;
    for (size_t i = 0; i < files->n && st == HN_OK; i++) {
        hn_records *r;
        st = hn_records_open(files->v[i], &r, err);
        if (st != HN_OK) break;
        st = one_file(&l, r, err);
        hn_records_close(r);
    }
    hn_encoder_release(&l.e);
    hn_encoding_release(&l.spans);
    hn_examples_release(&l.examples);
    hn_row_release(&l.row);
    return st;
}
