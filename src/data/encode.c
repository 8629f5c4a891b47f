/* encode.c - files to encoded rows: read a block of records, encode them on all threads, append in order.
 *
 * The pipeline of TRL's SFTTrainer: end token, tokenise, targets, truncate to max_length, drop what has no target
 * left (a target in the first position keeps a row, though no loss ever reads it). Only one block of records is in
 * memory at a time; results do not depend on the number of threads. */
#include "data/formats_impl.h"
#include "data/records_impl.h"
#include "data/rows_impl.h"

#include <string.h>

enum { BLOCK = 256, GRAIN = 8 };

typedef struct { /* one record on its way */
    hn_json *record;
    int64_t line;
    hn_row row;
    hn_status st;
    hn_error *err; /* of st; NULL where there was no memory for it */
} item;

typedef struct {
    const hn_tokenizer *tok;
    const hn_encode_opts *o;
    const hn_format *format;
    hn_str eos;
    bool completion_only;
    item block[BLOCK];
    int64_t n;
    hn_rows *rows;
    hn_rows_cap cap;
    int64_t borders;
    char first_bad[1024]; /* the first record left out, for the warning */
} job;

void hn_encode_defaults(hn_encode_opts *o) {
    *o = (hn_encode_opts){.text_field = "text", .max_length = HN_UNSET_INT, .completion_only = -1, .add_eos = true,
                          .limit = HN_UNSET_INT};
}

static void encode_some(void *ctx, int64_t begin, int64_t end) {
    job *j = ctx;
    hn_encoder e = {.tok = j->tok, .o = j->o, .eos = j->eos, .completion_only = j->completion_only};
    for (int64_t i = begin; i < end; i++) {
        item *it = &j->block[i];
        hn_error err = {0};
        it->row.n = 0;
        it->row.border = false;
        it->st = j->format->encode(it->record, &e, &it->row, &err);
        if (it->st == HN_OK) continue;
        it->err = hn_alloc(sizeof err);
        if (it->err) *it->err = err;
    }
    hn_encoding_release(&e.whole);
    hn_encoding_release(&e.prompt);
    hn_buf_release(&e.text);
    hn_buf_release(&e.other);
}

/* A record that cannot be used: the end, or with skip_bad one more that is left out. */
static hn_status refuse(job *j, hn_status st, const hn_error *why, hn_error *err) {
    if (!j->o->skip_bad || st != HN_EFORMAT) {
        if (err) *err = *why;
        return st;
    }
    if (j->rows->bad++ == 0) snprintf(j->first_bad, sizeof j->first_bad, "%s", why->msg);
    return HN_OK;
}

static hn_status keep(job *j, item *it, hn_error *err) {
    const hn_encode_opts *o = j->o;
    int32_t *id = it->row.id, *label = it->row.label;
    int64_t n = (int64_t)it->row.n;
    bool cut = o->max_length != HN_UNSET_INT && n > o->max_length;
    if (cut && o->keep_end) {
        id += n - o->max_length;
        label += n - o->max_length;
    }
    if (cut) n = o->max_length;
    bool target = o->keep_all;
    for (int64_t i = 0; i < n && !target; i++) target = label[i] != HN_NO_TARGET;
    j->rows->truncated += cut;
    j->rows->dropped += !target;
    j->borders += it->row.border;
    return target ? hn_rows_add(&j->cap, j->rows, id, label, n, it->line, err) : HN_OK;
}

static hn_status flush(job *j, const hn_records *r, hn_error *err) {
    hn_status st = HN_OK;
    hn_par_for(j->n, GRAIN, encode_some, j);
    for (int64_t i = 0; i < j->n; i++) {
        item *it = &j->block[i];
        if (st == HN_OK && it->st == HN_OK) st = keep(j, it, err);
        else if (st == HN_OK && !it->err) st = hn_nomem(err, sizeof *it->err);
        else if (st == HN_OK) {
            char place[600];
            hn_records_place(r, it->line, place, sizeof place);
            hn_error_context(it->err, "%s", place);
            st = refuse(j, it->st, it->err, err);
        }
        hn_json_free(it->record);
        hn_free(it->err);
        it->record = NULL;
        it->err = NULL;
    }
    j->n = 0;
    return st;
}

static hn_status find_eos(job *j, hn_error *err) {
    const char *eos = j->o->eos_token ? j->o->eos_token : hn_tokenizer_special(j->tok, HN_EOS);
    if (!eos) {
        hn_fail(err, HN_EARG, "the tokenizer names no end token, and none is given");
        hn_error_fix(err, "--eos_token TOKEN, a token of the vocabulary");
        return HN_EARG;
    }
    if (hn_tokenizer_id(j->tok, eos) < 0) {
        hn_fail(err, HN_EARG, "the end token \"%s\" is not in the tokenizer's vocabulary", eos);
        hn_error_fix(err, "--eos_token TOKEN, a token of the vocabulary");
        return HN_EARG;
    }
    j->eos = hn_str_of(eos);
    return HN_OK;
}

/* What the first record decides for all: format, which part is trained on, end token. */
static hn_status settle(job *j, const hn_json *record, hn_error *err) {
    hn_rows *r = j->rows;
    if (j->o->format) {
        j->format = hn_format_find(j->o->format);
        snprintf(r->reason, sizeof r->reason, "as asked for");
    } else {
        HN_TRY(hn_format_detect(record, j->o, &j->format, r->reason, err));
    }
    snprintf(r->format, sizeof r->format, "%s", j->format->name);
    j->completion_only = j->o->completion_only < 0 ? j->format->completion_only(record) : j->o->completion_only != 0;
    hn_str first = hn_record_text(record, j->o);
    size_t n = first.n < sizeof r->first_text ? first.n : sizeof r->first_text - 1;
    while (n > 0 && n < first.n && ((unsigned char)first.p[n] & 0xC0) == 0x80) n--; /* whole characters */
    memcpy(r->first_text, first.p, n);
    if (!j->format->needs_tokenizer) return HN_OK;
    if (!j->tok) {
        hn_fail(err, HN_EARG, "rows of text need a tokenizer");
        hn_error_fix(err, "--tokenizer_name FOLDER, or rows with \"input_ids\"");
        return HN_EARG;
    }
    return j->o->add_eos ? find_eos(j, err) : HN_OK;
}

static hn_status read_file(job *j, hn_records *r, hn_error *err) {
    for (;;) {
        if (j->o->limit != HN_UNSET_INT && j->rows->read >= j->o->limit) return flush(j, r, err);
        hn_json *record;
        int64_t line;
        hn_error why = {0};
        hn_status st = hn_records_next(r, &record, &line, &why);
        if (st == HN_OK && !record) return flush(j, r, err);
        j->rows->read++;
        if (st == HN_OK && !j->format) {
            st = settle(j, record, &why);
            char place[600];
            hn_records_place(r, line, place, sizeof place);
            if (st == HN_EFORMAT) hn_error_context(&why, "%s", place);
            if (st != HN_OK) hn_json_free(record);
        }
        if (st != HN_OK) {
            HN_TRY(flush(j, r, err)); /* an earlier record may be the first bad one */
            if (r->broken || st != HN_EFORMAT) {
                if (err) *err = why;
                return st;
            }
            HN_TRY(refuse(j, st, &why, err));
            continue;
        }
        item *it = &j->block[j->n++];
        *it = (item){.record = record, .line = line, .row = it->row}; /* the row keeps its memory */
        if (j->n == BLOCK) HN_TRY(flush(j, r, err));
    }
}

static hn_status nothing_left(const job *j, const hn_strlist *files, hn_error *err) {
    const hn_rows *r = j->rows;
    const char *name = files->n ? files->v[0] : "no file";
    if (r->read == 0) {
        hn_fail(err, HN_EFORMAT, "%s: no records: the data set is empty", name);
        hn_error_fix(err, "check --dataset_name");
        return HN_EFORMAT;
    }
    if (r->bad == r->read) {
        hn_fail(err, HN_EFORMAT, "%s: none of its %lld records can be used", name, (long long)r->read);
        hn_error_detail(err, "the first: %s", j->first_bad);
        hn_error_fix(err, "correct the records; without --on_bad_row skip the first error is shown whole");
        return HN_EFORMAT;
    }
    hn_fail(err, HN_EFORMAT, "%s: every row dropped: none of %lld has a token to train on", name, (long long)(r->read - r->bad));
    if (r->truncated) {
        hn_error_detail(err, "%lld rows were cut to %lld tokens", (long long)r->truncated, (long long)j->o->max_length);
        hn_error_fix(err, "raise --max_length above %lld", (long long)j->o->max_length);
    } else {
        hn_error_fix(err, "rows need a completion, or labels other than -100");
    }
    return HN_EFORMAT;
}

static void say_what_happened(const job *j) {
    const hn_rows *r = j->rows;
    if (r->bad) hn_warn("%lld records left out as not usable; the first: %s", (long long)r->bad, j->first_bad);
    if (r->dropped) {
        hn_warn("%lld of %lld rows dropped: no token to train on is left in them%s", (long long)r->dropped, (long long)r->read,
                r->truncated ? " after truncation" : "");
    }
    if (j->borders) {
        hn_warn("in %lld rows the end of the prompt and the start of the completion are one token; training counts that "
                "token to the completion, while a prompt alone is tokenised differently", (long long)j->borders);
    }
}

static hn_status check(const hn_encode_opts *o, hn_error *err) {
    if (o->max_length != HN_UNSET_INT && o->max_length < 1)
        return hn_fail(err, HN_EARG, "max_length is %lld, at least 1 is expected", (long long)o->max_length);
    if (!o->format || hn_format_find(o->format)) return HN_OK;
    hn_fail(err, HN_EARG, "no record format is called \"%s\"", o->format);
    const hn_format *f;
    for (size_t i = 0; (f = hn_format_at(i)); i++) hn_error_detail(err, "%s: %s", f->name, f->about);
    hn_error_fix(err, "leave --dataset_format out: the columns decide");
    return HN_EARG;
}

hn_status hn_rows_encode(const hn_strlist *files, const hn_tokenizer *tok, const hn_encode_opts *o, hn_rows **out, hn_error *err) {
    *out = NULL;
    HN_TRY(check(o, err));
    job *j = hn_calloc(1, sizeof *j);
    hn_status st = j && (j->rows = hn_rows_new()) ? HN_OK : hn_nomem(err, sizeof *j);
    for (size_t i = 0; i < files->n && st == HN_OK; i++) {
        hn_records *r;
        j->tok = tok;
        j->o = o;
        st = hn_records_open(files->v[i], &r, err);
        if (st != HN_OK) break;
        st = read_file(j, r, err);
        hn_records_close(r);
    }
    if (st == HN_OK && j->rows->rows == 0) {
        j->o = o;
        st = nothing_left(j, files, err);
    }
    if (st == HN_OK) st = hn_rows_seal(j->rows, err);
    if (st == HN_OK) {
        say_what_happened(j);
        *out = j->rows;
        j->rows = NULL;
    }
    for (int64_t i = 0; j && i < BLOCK; i++) {
        hn_json_free(j->block[i].record);
        hn_row_release(&j->block[i].row);
    }
    if (j) hn_rows_free(j->rows);
    hn_free(j);
    return st;
}
