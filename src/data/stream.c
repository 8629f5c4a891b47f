/* stream.c - the records of all sources as one stream: slices, what is held out, and the mixture.
 *
 * A record's place is its number among the records of its part, bad ones counted, so that a slice or a split means the same
 * records whether bad rows are errors or left out. Only sizes are kept in memory, and a bit a record where some are held out. */
#include "data/records_impl.h"
#include "data/sources_impl.h"

#include <math.h>
#include <string.h>

typedef struct {
    hn_records *r;    /* the file that is being read; NULL: the next one is to be opened */
    size_t file;
    int64_t at;       /* records of the part passed so far */
    int64_t from, to; /* the part is [from, to) of its records */
    int64_t first;    /* number of record `from` among the records of all parts */
    int64_t given;
} part_state;

struct hn_stream {
    const hn_sources *s;
    part_state *part;
    int64_t *size;    /* [parts] records of this side; known if mixed */
    uint8_t *held;    /* a bit a record of all parts: it is held out; NULL: none is */
    bool held_out;    /* this side of the split */
    bool broken, mixed;
    hn_mixer mixer;
    size_t current;
};

static bool is_held(const hn_stream *s, int64_t i) { return s->held && (s->held[i / 8] >> (i % 8) & 1); }

/* ---- sizes */

static hn_status open_file(const hn_sources *s, const char *path, hn_records **out, hn_error *err) {
    HN_TRY(hn_records_open(path, out, err));
    hn_records_set_limit(*out, s->record_bytes);
    hn_records_set_unit(*out, s->text_unit);
    return HN_OK;
}

static hn_status count_records(const hn_sources *s, const char *path, int64_t *out, hn_error *err) {
    hn_records *r;
    HN_TRY(open_file(s, path, &r, err));
    hn_status st = HN_OK;
    if (r->reader->count) {
        st = r->reader->count(r, r->state, out, err);
        hn_records_close(r);
        return st;
    }
    for (*out = 0;; ++*out) {
        hn_raw raw;
        st = hn_records_next_raw(r, &raw, err);
        hn_json_free(raw.record);
        if (st == HN_EFORMAT && hn_records_usable(r)) continue;
        if (st != HN_OK || (!raw.p && !raw.record)) break;
    }
    hn_records_close(r);
    return st;
}

static int64_t percent_of(int64_t percent, int64_t n) { return (int64_t)nearbyint((double)percent * (double)n / 100); }

/* One end of a slice of n records; unset: otherwise. */
static int64_t end_of(int64_t v, bool percent, int64_t n, int64_t otherwise) {
    if (v == HN_UNSET_INT) return otherwise;
    if (percent) v = percent_of(v, n);
    if (v < 0) v += n;
    return v < 0 ? 0 : v > n ? n : v;
}

static bool needs_size(const hn_part *p) {
    const hn_slice *c = &p->slice;
    return c->percent || (c->from != HN_UNSET_INT && c->from < 0) || (c->to != HN_UNSET_INT && c->to < 0);
}

static hn_status measure(const hn_sources *s, size_t i, bool count, part_state *p, hn_error *err) {
    const hn_part *part = &s->part[i];
    int64_t n = INT64_MAX;
    if (count || needs_size(part)) {
        n = 0;
        for (size_t k = 0; k < part->files.n; k++) {
            int64_t more;
            HN_TRY(count_records(s, part->files.v[k], &more, err));
            n += more;
        }
    }
    p->from = end_of(part->slice.from, part->slice.percent, n, 0);
    p->to = end_of(part->slice.to, part->slice.percent, n, n);
    if (p->to < p->from) p->to = p->from;
    if (part->limit != HN_UNSET_INT && p->to - p->from > part->limit) p->to = p->from + part->limit;
    return HN_OK;
}

/* TRL's fraction: shares of a mixture that is as large as it can be without a record twice. */
static hn_status take_fractions(hn_stream *s, bool any, hn_error *err) {
    if (!any) return HN_OK;
    double sum = 0, total = (double)INFINITY;
    for (size_t i = 0; i < s->s->n; i++) {
        double f = s->s->part[i].fraction;
        if (isnan(f))
            return hn_fail(err, HN_EARG, "'fraction' is set for some data sets of the mixture, but not for '%s'",
                           s->s->part[i].name);
        if (f < 0 || !isfinite(f)) return hn_fail(err, HN_EARG, "the fraction of '%s' is %g", s->s->part[i].name, f);
        sum += f;
    }
    if (!(sum > 0)) return hn_fail(err, HN_EARG, "the fractions of all data sets are 0");
    for (size_t i = 0; i < s->s->n; i++) {
        double share = s->s->part[i].fraction / sum, n = (double)(s->part[i].to - s->part[i].from);
        if (share > 0 && n / share < total) total = n / share;
    }
    for (size_t i = 0; i < s->s->n; i++) {
        int64_t n = (int64_t)nearbyint(s->s->part[i].fraction / sum * total);
        if (n < s->part[i].to - s->part[i].from) s->part[i].to = s->part[i].from + n;
    }
    return HN_OK;
}

/* Marks what datasets' train_test_split takes for the test set: the first of a permutation of all records. */
static hn_status hold_out(hn_stream *s, int64_t n, hn_error *err) {
    double want = s->s->hold_out;
    int64_t count = want < 1 ? (int64_t)ceil(want * (double)n) : (int64_t)want;
    if (count >= n) {
        hn_fail(err, HN_EARG, "%g records are to be held out of a data set of %lld: none would be left to train on", want,
                (long long)n);
        hn_error_fix(err, "--val_size takes a share below 1, or a number of records below %lld", (long long)n);
        return HN_EARG;
    }
    int64_t *order = hn_alloc_array((size_t)n, sizeof *order);
    s->held = hn_calloc((size_t)n / 8 + 1, 1);
    if (!order || !s->held) {
        hn_free(order);
        return hn_nomem(err, (size_t)n * sizeof *order);
    }
    hn_numpy_permutation(s->s->seed, n, order);
    for (int64_t i = 0; i < count; i++) s->held[order[i] / 8] |= (uint8_t)(1 << (order[i] % 8));
    hn_free(order);
    return HN_OK;
}

static hn_status measure_all(hn_stream *s, hn_error *err) {
    const hn_sources *from = s->s;
    bool fractions = false, count;
    for (size_t i = 0; i < from->n; i++) fractions = fractions || !isnan(from->part[i].fraction);
    count = s->mixed || fractions || from->hold_out > 0;
    for (size_t i = 0; i < from->n; i++) HN_TRY(measure(from, i, count, &s->part[i], err));
    HN_TRY(take_fractions(s, fractions, err));
    int64_t n = 0;
    for (size_t i = 0; i < from->n && count; i++) {
        s->part[i].first = n;
        n += s->part[i].to - s->part[i].from;
    }
    if (from->hold_out > 0) HN_TRY(hold_out(s, n, err));
    for (size_t i = 0; i < from->n && s->mixed; i++) {
        int64_t first = s->part[i].first, end = first + s->part[i].to - s->part[i].from;
        s->size[i] = end - first;
        for (int64_t k = first; k < end && s->held; k++) s->size[i] -= is_held(s, k);
    }
    return HN_OK;
}

/* ---- the stream */

hn_status hn_stream_open(const hn_sources *from, bool held_out, hn_stream **out, hn_error *err) {
    *out = NULL;
    hn_stream *s = hn_calloc(1, sizeof *s);
    if (!s) return hn_nomem(err, sizeof *s);
    s->s = from;
    s->held_out = held_out;
    s->mixed = from->mix == HN_MIX_INTERLEAVE && from->n > 1 && !held_out;
    s->part = hn_calloc(from->n ? from->n : 1, sizeof *s->part);
    s->size = hn_calloc(from->n ? from->n : 1, sizeof *s->size);
    hn_status st = s->part && s->size ? measure_all(s, err) : hn_nomem(err, from->n * sizeof *s->part);
    if (st == HN_OK && s->mixed) st = hn_mixer_open(&s->mixer, from, s->size, err);
    if (st != HN_OK) hn_stream_close(s);
    else *out = s;
    return st;
}

static void rewind_part(part_state *p) {
    hn_records_close(p->r);
    p->r = NULL;
    p->file = 0;
    p->at = 0;
}

/* The next record of part k; *got false at its end. */
static hn_status part_next(hn_stream *s, size_t k, hn_raw *raw, bool *got, hn_error *err) {
    part_state *p = &s->part[k];
    const hn_part *part = &s->s->part[k];
    *got = false;
    while (p->at < p->to && (p->r || p->file < part->files.n)) {
        if (!p->r) {
            HN_TRY(open_file(s->s, part->files.v[p->file], &p->r, err));
            p->r->columns = part->columns.n ? &part->columns : NULL;
        }
        if (p->at < p->from && p->r->reader->skip) {
            int64_t skipped = 0;
            HN_TRY(p->r->reader->skip(p->r, p->r->state, p->from - p->at, &skipped, err));
            p->at += skipped;
        }
        hn_status st = hn_records_next_raw(p->r, raw, err);
        if (st != HN_OK && (st != HN_EFORMAT || !hn_records_usable(p->r))) return st;
        if (st == HN_OK && !raw->p && !raw->record) {
            hn_records_close(p->r);
            p->r = NULL;
            p->file++;
            continue;
        }
        int64_t i = p->at++;
        if (i >= p->from && is_held(s, p->first + i - p->from) == s->held_out) {
            p->given++;
            raw->path = part->files.v[p->file];
            raw->part = k;
            raw->columns = part->columns.n ? &part->columns : NULL;
            *got = true;
            return st;
        }
        hn_json_free(raw->record);
    }
    return HN_OK;
}

hn_status hn_stream_next(hn_stream *s, hn_raw *raw, hn_error *err) {
    if (s->broken) return hn_fail(err, HN_ESTATE, "a data set is read on after an error");
    bool got = false;
    hn_status st = HN_OK;
    if (!s->mixed) {
        for (; s->current < s->s->n; s->current++) {
            st = part_next(s, s->current, raw, &got, err);
            if (got || st != HN_OK) break;
        }
    } else if (hn_mixer_next(&s->mixer, &s->current)) {
        st = part_next(s, s->current, raw, &got, err);
        if (st == HN_OK && !got) {
            rewind_part(&s->part[s->current]);
            st = part_next(s, s->current, raw, &got, err);
        }
    }
    if (!got) *raw = (hn_raw){0};
    s->broken = st != HN_OK && !got;
    return st;
}

uint64_t hn_stream_position(const hn_stream *s) {
    uint64_t n = 0;
    for (size_t i = 0; i < s->s->n; i++) {
        const part_state *p = &s->part[i];
        for (size_t k = 0; k < p->file; k++) n += (uint64_t)hn_file_size(s->s->part[i].files.v[k]);
        if (p->r) n += hn_records_position(p->r);
    }
    return n;
}

bool hn_stream_usable(const hn_stream *s) { return !s->broken; }

int64_t hn_stream_given(const hn_stream *s, size_t i) { return i < s->s->n ? s->part[i].given : 0; }

void hn_stream_close(hn_stream *s) {
    if (!s) return;
    for (size_t i = 0; s->part && i < s->s->n; i++) hn_records_close(s->part[i].r);
    hn_mixer_close(&s->mixer);
    hn_free(s->part);
    hn_free(s->size);
    hn_free(s->held);
    hn_free(s);
}
