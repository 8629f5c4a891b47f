/* encode.c - files to encoded rows: read a block of records, encode them on all threads, append in order.
 *
 * The pipeline of TRL's SFTTrainer: end token, tokenise, targets, truncate to max_length, drop what has no target
 * left (a target in the first position keeps a row, though no loss ever reads it). Only one block of records is in
 * memory at a time; results do not depend on the number of threads. */
#include "data/encode_impl.h"
#include "data/records_impl.h"
#include "data/rows_impl.h"

#include <string.h>

enum { BLOCK = 256, GRAIN = 8 };

typedef struct { /* one record, or one group of gathered records, on its way */
    hn_json *record; /* NULL: examples are there already */
    int64_t line;
    hn_examples examples;
    hn_row *row; /* [examples.n] and more: rows keep their memory */
    size_t rows;
    hn_status st;
    hn_error *err; /* of st; NULL where there was no memory for it */
} item;

typedef struct {
    const hn_tokenizer *tok;
    const hn_encode_opts *o;
    const hn_format *format;
    hn_gather *gather; /* NULL: the format needs none */
    hn_encoder like;   /* what has been settled */
    bool settled;
    item block[BLOCK];
    int64_t n;
    hn_rows *rows;
    hn_rows_cap cap;
    int64_t borders;
    hn_examples notes;    /* only its notes: of all records */
    char first_bad[1024]; /* the first record left out, for the warning */
} job;

void hn_encode_defaults(hn_encode_opts *o) {
    *o = (hn_encode_opts){.max_length = HN_UNSET_INT, .completion_only = -1, .add_eos = true, .limit = HN_UNSET_INT};
    hn_convert_defaults(&o->convert);
}

static hn_status encode_item(const job *j, item *it, hn_encoder *e, hn_error *err) {
    if (it->record) HN_TRY(hn_format_convert(j->format, it->record, &j->o->convert, &it->examples, err));
    size_t n = it->examples.n;
    if (n > it->rows) {
        hn_row *row = hn_realloc_array(it->row, n, sizeof *row);
        if (!row) return hn_nomem(err, n * sizeof *row);
        memset(row + it->rows, 0, (n - it->rows) * sizeof *row);
        it->row = row;
        it->rows = n;
    }
    for (size_t i = 0; i < n; i++) HN_TRY(hn_example_encode(&it->examples.v[i], e, &it->row[i], err));
    return HN_OK;
}

static void encode_some(void *ctx, int64_t begin, int64_t end) {
    job *j = ctx;
    hn_encoder e = {.tok = j->tok, .o = j->o, .eos = j->like.eos, .completion_only = j->like.completion_only};
    for (int64_t i = begin; i < end; i++) {
        item *it = &j->block[i];
        hn_error err = {0};
        it->st = encode_item(j, it, &e, &err);
        if (it->st == HN_OK) continue;
        it->err = hn_alloc(sizeof err);
        if (it->err) *it->err = err;
    }
    hn_encoder_release(&e);
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

static hn_status keep(job *j, const hn_row *row, int64_t line, hn_error *err) {
    const hn_encode_opts *o = j->o;
    int32_t *id = row->id, *label = row->label;
    int64_t n = (int64_t)row->n;
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
    j->borders += row->border;
    return target ? hn_rows_add(&j->cap, j->rows, id, label, n, line, err) : HN_OK;
}

static hn_status keep_all(job *j, const item *it, hn_error *err) {
    for (size_t i = 0; i < it->examples.notes; i++) hn_examples_note(&j->notes, it->examples.note[i].what, it->examples.note[i].n);
    for (size_t i = 0; i < it->examples.n; i++) HN_TRY(keep(j, &it->row[i], it->line, err));
    return HN_OK;
}

/* The first example decides for all which part is trained on, and whether an end token is needed. */
static hn_status settle_encoder(job *j, hn_error *err) {
    hn_examples x = {0};
    hn_status st = HN_OK;
    for (int64_t i = 0; i < j->n && st == HN_OK && !j->settled; i++) {
        const hn_examples *have = &j->block[i].examples;
        if (j->block[i].record) {
            if (hn_format_convert(j->format, j->block[i].record, &j->o->convert, &x, NULL) != HN_OK) continue; /* said when it is encoded */
            have = &x;
        }
        if (have->n == 0) continue;
        j->like = (hn_encoder){.tok = j->tok, .o = j->o};
        st = hn_encoder_settle(&j->like, &have->v[0], err);
        hn_str first = hn_example_text(&have->v[0]);
        size_t n = first.n < sizeof j->rows->first_text ? first.n : sizeof j->rows->first_text - 1;
        while (n > 0 && n < first.n && ((unsigned char)first.p[n] & 0xC0) == 0x80) n--; /* whole characters */
        memcpy(j->rows->first_text, first.p, n);
        j->settled = true;
    }
    hn_examples_release(&x);
    return st;
}

static hn_status flush(job *j, const hn_records *r, hn_error *err) {
    hn_status st = j->settled ? HN_OK : settle_encoder(j, err);
    if (st == HN_OK) hn_par_for(j->n, GRAIN, encode_some, j);
    for (int64_t i = 0; i < j->n; i++) {
        item *it = &j->block[i];
        if (st == HN_OK && it->st == HN_OK) st = keep_all(j, it, err);
        else if (st == HN_OK && !it->err) st = hn_nomem(err, sizeof *it->err);
        else if (st == HN_OK) {
            char place[600] = "";
            if (r) hn_records_place(r, it->line, place, sizeof place);
            if (r) hn_error_context(it->err, "%s", place);
            st = refuse(j, it->st, it->err, err);
        }
        hn_json_free(it->record);
        hn_free(it->err);
        hn_examples_clear(&it->examples);
        it->record = NULL;
        it->err = NULL;
    }
    j->n = 0;
    return st;
}

/* The format, from the first records. */
static hn_status settle(job *j, hn_records *r, hn_error *err) {
    hn_json *first[HN_AHEAD];
    size_t n;
    HN_TRY(hn_records_ahead(r, first, &n, err));
    if (n == 0) return HN_OK;
    hn_status st = hn_format_choose(first, n, &j->o->convert, &j->format, j->rows->reason, err);
    if (st != HN_OK) return j->o->skip_bad && st == HN_EFORMAT ? HN_OK : st;
    snprintf(j->rows->format, sizeof j->rows->format, "%s", hn_format_name(j->format));
    return hn_format_gathers(j->format) ? hn_gather_new(j->format, &j->gather, err) : HN_OK;
}

/* Takes a record. */
static hn_status take(job *j, hn_json *record, int64_t line, const hn_records *r, hn_error *err) {
    hn_error why = {0};
    hn_status st = HN_OK;
    if (j->format && !j->gather) {
        item *it = &j->block[j->n++];
        it->record = record;
        it->line = line;
        return j->n == BLOCK ? flush(j, r, err) : HN_OK;
    }
    if (j->gather) st = hn_gather_add(j->gather, record, line, &j->o->convert, &why);
    else st = hn_format_choose(&record, 1, &j->o->convert, &j->format, j->rows->reason, &why);
    hn_json_free(record);
    if (st == HN_OK) return HN_OK;
    char place[600];
    hn_records_place(r, line, place, sizeof place);
    hn_error_context(&why, "%s", place);
    return refuse(j, st, &why, err);
}

static hn_status read_file(job *j, hn_records *r, hn_error *err) {
    if (!j->format) {
        hn_status st = settle(j, r, err);
        char place[600];
        hn_records_place(r, r->ahead ? r->ahead[0].line : 0, place, sizeof place);
        if (st == HN_EFORMAT) hn_error_context(err, "%s", place);
        HN_TRY(st);
    }
    for (;;) {
        if (j->o->limit != HN_UNSET_INT && j->rows->read >= j->o->limit) return flush(j, r, err);
        hn_json *record;
        int64_t line;
        hn_error why = {0};
        hn_status st = hn_records_next(r, &record, &line, &why);
        if (st == HN_OK && !record) return flush(j, r, err);
        j->rows->read++;
        if (st == HN_OK) {
            HN_TRY(take(j, record, line, r, err));
            continue;
        }
        HN_TRY(flush(j, r, err)); /* an earlier record may be the first bad one */
        if (r->broken || st != HN_EFORMAT) {
            if (err) *err = why;
            return st;
        }
        HN_TRY(refuse(j, st, &why, err));
    }
}

/* The examples of records that were gathered. */
static hn_status read_gathered(job *j, hn_error *err) {
    bool more = j->gather != NULL;
    while (more) {
        item *it = &j->block[j->n];
        HN_TRY(hn_gather_next(j->gather, &j->o->convert, &it->examples, &it->line, &more, err));
        j->n += more;
        if (j->n == BLOCK || !more) HN_TRY(flush(j, NULL, err));
    }
    return HN_OK;
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
    for (size_t i = 0; i < j->notes.notes; i++) hn_info("%lld %s", (long long)j->notes.note[i].n, j->notes.note[i].what);
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
    const hn_format *f;
    char reason[HN_REASON];
    if (o->max_length != HN_UNSET_INT && o->max_length < 1)
        return hn_fail(err, HN_EARG, "max_length is %lld, at least 1 is expected", (long long)o->max_length);
    return o->convert.format ? hn_format_choose(NULL, 0, &o->convert, &f, reason, err) : HN_OK;
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
    if (st == HN_OK) st = read_gathered(j, err);
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
        hn_examples_release(&j->block[i].examples);
        for (size_t k = 0; k < j->block[i].rows; k++) hn_row_release(&j->block[i].row[k]);
        hn_free(j->block[i].row);
    }
    if (j) hn_gather_free(j->gather);
    if (j) hn_rows_free(j->rows);
    hn_free(j);
    return st;
}
