/* look.c - a pass over a data set as training prepares it, one row at a time: for everything that shows or checks rows. */
#include <string.h>

#include "data/formats_impl.h"
#include "data/records_impl.h"

typedef struct {
    const hn_encode_opts *o;
    hn_look_fn *fn;
    void *user;
    hn_encoder e;
    hn_encoding spans; /* the row's text once more, with the place of every token */
    hn_row row;
    const hn_format *format;
    char reason[160];
    int64_t index;
} look;

static hn_status settle(look *l, const hn_json *record, hn_error *err) {
    if (l->o->format) {
        l->format = hn_format_find(l->o->format);
        if (!l->format) return hn_fail(err, HN_EARG, "no record format is called \"%s\"", l->o->format);
        snprintf(l->reason, sizeof l->reason, "as asked for");
    } else {
        HN_TRY(hn_format_detect(record, l->o, &l->format, l->reason, err));
    }
    l->e.completion_only = l->o->completion_only < 0 ? l->format->completion_only(record) : l->o->completion_only != 0;
    if (!l->format->needs_tokenizer) return HN_OK;
    if (!l->e.tok) return hn_fail(err, HN_EARG, "rows of text need a tokenizer");
    const char *eos = l->o->eos_token ? l->o->eos_token : hn_tokenizer_special(l->e.tok, HN_EOS);
    if (l->o->add_eos && eos) l->e.eos = hn_str_of(eos);
    return HN_OK;
}

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

static hn_status fill(look *l, hn_look_part *part, hn_error *err) {
    *part = (hn_look_part){.name = "row", .id = l->row.id, .label = l->row.label, .n = (int64_t)l->row.n};
    while (part->prompt < part->n && part->label[part->prompt] == HN_NO_TARGET) part->prompt++;
    part->prompt_alone = l->row.border ? (int64_t)l->e.prompt.n : part->prompt;
    truncate_part(l->o, part);
    if (!l->format->needs_tokenizer) return HN_OK;
    part->text = (hn_str){l->e.text.p ? l->e.text.p : "", l->e.text.n};
    HN_TRY(hn_tokenizer_encode(l->e.tok, part->text, HN_ENCODE_SPECIAL | HN_ENCODE_SPANS, &l->spans, err));
    if (l->spans.n == l->row.n) part->span = l->spans.span;
    return HN_OK;
}

static hn_status one(look *l, hn_look *row, hn_error *err) {
    hn_error why = {0};
    hn_look_part part = {0};
    row->index = l->index++;
    if (row->st == HN_OK && !l->format) row->st = settle(l, row->record, &why);
    if (row->st == HN_EARG) {
        if (err) *err = why;
        return row->st;
    }
    if (row->st == HN_OK) {
        l->row.n = 0;
        l->row.border = false;
        row->st = l->format->encode(row->record, &l->e, &l->row, &why);
        if (row->st == HN_OK) row->st = fill(l, &part, &why);
        if (row->st != HN_OK) row->err = &why;
    } else if (!row->err) {
        row->err = &why;
    }
    row->format = l->format ? l->format->name : NULL;
    row->reason = l->reason;
    if (row->st == HN_OK) {
        row->part = &part;
        row->parts = 1;
        row->dropped = !l->o->keep_all && !has_target(&part);
    } else if (row->st != HN_EFORMAT) {
        if (err) *err = *row->err;
        return row->st;
    }
    return l->fn(l->user, row, err);
}

static hn_status one_file(look *l, hn_records *r, hn_error *err) {
    while (l->o->limit == HN_UNSET_INT || l->index < l->o->limit) {
        hn_json *record;
        hn_error why = {0};
        hn_look row = {.file = hn_records_path(r)};
        row.st = hn_records_next(r, &record, &row.line, &why);
        if (row.st == HN_OK && !record) break;
        row.record = record;
        if (row.st != HN_OK) row.err = &why;
        hn_status st = one(l, &row, err);
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
    hn_status st = HN_OK;
    for (size_t i = 0; i < files->n && st == HN_OK; i++) {
        hn_records *r;
        st = hn_records_open(files->v[i], &r, err);
        if (st != HN_OK) break;
        st = one_file(&l, r, err);
        hn_records_close(r);
    }
    hn_encoding_release(&l.e.whole);
    hn_encoding_release(&l.e.prompt);
    hn_encoding_release(&l.spans);
    hn_buf_release(&l.e.text);
    hn_buf_release(&l.e.other);
    hn_row_release(&l.row);
    return st;
}
