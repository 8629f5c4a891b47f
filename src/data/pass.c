/* pass.c - records to encoded examples on all threads: while one block of records is converted and encoded, the block before it
 * is handed on and the one behind it is read.
 *
 * A block is cut by its bytes and its number of records, so memory is bounded whatever the size of the files, and nothing
 * depends on the number of threads. What is wrong with a record travels with it and is met in its place. */
#include "data/pass_impl.h"

#include <stdatomic.h>
#include <string.h>

enum {
    ITEMS = 2048,           /* records of a block */
    BLOCK_BYTES = 4 << 20,  /* of its text */
    GRAIN = 8,              /* records that a thread takes at a time */
    FIRST = 64,             /* records that decide the format */
    KEEP_TOKENS = 1024      /* of a row whose memory is kept for the next one: every place of a block would grow to the longest */
};

typedef struct { /* records one after the other */
    hn_item item[ITEMS];
    int64_t n;
    hn_buf bytes;
} block;

typedef struct { /* working memory, lent to a thread for a few records */
    hn_encoder e;
    _Atomic bool lent;
} desk;

typedef struct run run;
struct run {
    hn_pass *p;
    hn_encoder like;    /* what has been settled */
    bool settled;
    hn_stream *stream;
    hn_raw first_raw;   /* read already, but begins the next block */
    hn_buf first_bytes;
    bool has_first;
    uint64_t total;     /* bytes of all files */
    size_t gathering;   /* the part whose gathered examples are taken out */
    bool end;
    void (*fill)(run *r, block *b); /* reads a block; empty at the end */
    bool beside;        /* blocks are read and handed on beside the encoding */
    block *block[3], *before, *now, *next; /* before: to be handed on; NULL: nothing is */
    desk *desk;
    int desks;
    hn_unpair pairs;
    hn_status st; /* of handing on */
    hn_error err;
};

static void spoil(hn_item *it, hn_status st, const hn_error *why) {
    it->st = st;
    it->err = hn_alloc(sizeof *why);
    if (it->err) *it->err = *why;
}

static void clear(hn_item *it) {
    hn_json_free(it->record);
    hn_json_free(it->raw.record);
    hn_free(it->err);
    hn_examples_clear(&it->examples);
    for (size_t i = 0; i < it->room; i++)
        if (it->encoded[i].row[0].cap > KEEP_TOKENS) hn_encoded_release(&it->encoded[i]);
    *it = (hn_item){.examples = it->examples, .encoded = it->encoded, .room = it->room};
}

/* ------------------------------------------------------------------ reading */

static hn_pass_part *part_of(const run *r, const hn_item *it) { return &r->p->part[it->raw.part]; }

/* A source of which nothing is known begins with a block, so that its first records are seen together. */
static bool begins_block(const run *r, const block *b, const hn_item *it) {
    if (b->n == 0 || it->st != HN_OK || part_of(r, it)->format) return false;
    return part_of(r, &b->item[0])->format != NULL;
}

/* Takes the next record into the block; false: it has none to take any more. */
static bool read_one(run *r, block *b) {
    hn_item *it = &b->item[b->n];
    hn_error why = {0};
    hn_status st = hn_stream_next(r->stream, &it->raw, &why);
    if (st == HN_OK && !it->raw.p && !it->raw.record) return false;
    it->at = b->bytes.n;
    if (st == HN_OK && it->raw.p) hn_buf_add(&b->bytes, it->raw.p, it->raw.n);
    if (b->bytes.failed && st == HN_OK) st = hn_nomem(&why, it->raw.n);
    if (st != HN_OK) spoil(it, st, &why);
    it->fatal = st != HN_OK && (st != HN_EFORMAT || !hn_stream_usable(r->stream));
    r->p->read++;
    part_of(r, it)->records++;
    b->n++;
    return !it->fatal;
}

/* The last record of a block becomes the first of the next one. */
static void put_off(run *r, block *b) {
    hn_item *it = &b->item[--b->n];
    hn_buf_clear(&r->first_bytes);
    if (it->raw.p) hn_buf_add(&r->first_bytes, b->bytes.p + it->at, it->raw.n);
    r->first_raw = it->raw;
    r->has_first = true;
    it->raw = (hn_raw){0};
}

static void take_first(run *r, block *b) {
    hn_item *it = &b->item[0];
    it->raw = r->first_raw;
    if (it->raw.p) hn_buf_add(&b->bytes, r->first_bytes.p, it->raw.n);
    r->has_first = false;
    b->n = 1;
}

static void read_block(run *r, block *b) {
    const hn_encode_opts *o = r->p->o;
    hn_buf_clear(&b->bytes);
    b->n = 0;
    if (r->has_first) take_first(r, b);
    while (!r->end && b->n < ITEMS && b->bytes.n < BLOCK_BYTES) {
        if ((o->limit != HN_UNSET_INT && r->p->read >= o->limit) || !read_one(r, b)) r->end = true;
        else if (begins_block(r, b, &b->item[b->n - 1])) {
            put_off(r, b);
            break;
        }
    }
    for (int64_t i = 0; i < b->n; i++)
        if (b->item[i].raw.p) b->item[i].raw.p = b->bytes.p + b->item[i].at;
    r->p->bytes = hn_stream_position(r->stream);
}

/* The examples of gathered records take the place of the records. */
static void read_gathered(run *r, block *b) {
    hn_pass *p = r->p;
    b->n = 0;
    while (b->n < ITEMS / 8 && r->gathering < p->sources->n) {
        hn_item *it = &b->item[b->n];
        hn_gather *g = p->part[r->gathering].gather;
        hn_error why = {0};
        bool more = false;
        hn_status st = g ? hn_gather_next(g, &p->part[r->gathering].convert, &it->examples, &it->raw.line, &more, &why) : HN_OK;
        if (st == HN_OK && !more) {
            r->gathering++;
            continue;
        }
        it->raw.part = r->gathering;
        it->raw.path = p->sources->part[r->gathering].files.v[0];
        it->gathered = true;
        b->n++;
        if (st == HN_OK) continue;
        spoil(it, st, &why);
        it->fatal = true;
        r->gathering = p->sources->n;
    }
}

/* ------------------------------------------------------------------ what the first records decide */

static hn_status parse(hn_item *it, hn_error *err) { return it->record ? HN_OK : hn_raw_parse(&it->raw, &it->record, err); }

static void parse_here(hn_item *it) {
    hn_error why = {0};
    hn_status st = it->st == HN_OK ? parse(it, &why) : HN_OK;
    if (st != HN_OK) spoil(it, st, &why);
}

static hn_status misfit(const hn_item *it, hn_error *err) {
    char place[600];
    hn_raw_place(&it->raw, place, sizeof place);
    hn_error_context(err, "%s", place);
    return HN_EFORMAT;
}

static void say_first(hn_pass_part *known, const hn_item *it) {
    char place[380];
    hn_raw_place(&it->raw, place, sizeof place);
    snprintf(known->first, sizeof known->first, "%s is", place);
    known->convert.first = known->first;
}

/* The format of a source: the one that fits its first records; if they are of several, the first record that fits one. */
static hn_status choose_format(run *r, block *b, size_t part, hn_error *err) {
    hn_pass *p = r->p;
    hn_pass_part *known = &p->part[part];
    hn_json *first[FIRST];
    size_t n = 0;
    const hn_item *from = NULL;
    known->convert = p->convert;
    if (p->sources->part[part].format) known->convert.format = p->sources->part[part].format;
    for (int64_t i = 0; i < b->n && n < FIRST; i++) {
        if (b->item[i].raw.part != part) continue;
        parse_here(&b->item[i]);
        if (b->item[i].st != HN_OK) continue;
        if (!from) from = &b->item[i];
        first[n++] = b->item[i].record;
    }
    if (n == 0) return HN_OK;
    hn_status st = hn_format_choose(first, n, &known->convert, &known->format, known->reason, err);
    if (st == HN_EFORMAT && p->stop_at_bad) return misfit(from, err);
    for (int64_t i = 0; i < b->n && st == HN_EFORMAT; i++) {
        hn_item *it = &b->item[i];
        if (it->raw.part != part) continue;
        parse_here(it);
        if (it->st != HN_OK) continue;
        hn_error why = {0};
        st = hn_format_choose(&it->record, 1, &known->convert, &known->format, known->reason, &why);
        if (st == HN_EFORMAT) spoil(it, misfit(it, &why), &why);
        else if (st != HN_OK && err) *err = why;
    }
    if (!known->format) return st == HN_EFORMAT ? HN_OK : st; /* every record of the block is bad */
    for (int64_t i = 0; i < b->n && !known->convert.first; i++)
        if (b->item[i].raw.part == part && b->item[i].record && hn_format_fits(known->format, b->item[i].record, &known->convert))
            say_first(known, &b->item[i]);
    return hn_format_gathers(known->format) ? hn_gather_new(known->format, &known->gather, err) : HN_OK;
}

static hn_status choose_formats(run *r, block *b, hn_error *err) {
    for (size_t k = 0; k < r->p->sources->n; k++)
        if (!r->p->part[k].format) HN_TRY(choose_format(r, b, k, err));
    return HN_OK;
}

/* The first example decides for all which part is trained on, and whether an end token is needed. */
static hn_status settle(run *r, block *b, hn_error *err) {
    hn_pass *p = r->p;
    hn_examples x = {0};
    hn_status st = HN_OK;
    for (int64_t i = 0; i < b->n && st == HN_OK && !r->settled; i++) {
        hn_item *it = &b->item[i];
        const hn_examples *have = it->gathered ? &it->examples : &x;
        if (it->st != HN_OK || (!it->gathered && part_of(r, it)->gather)) continue;
        if (!it->gathered) parse_here(it);
        if (it->st != HN_OK) continue;
        if (!it->gathered && hn_format_convert(part_of(r, it)->format, it->record, &part_of(r, it)->convert, &x, NULL) != HN_OK)
            continue; /* said when it is encoded */
        if (have->n == 0) continue;
        r->like = (hn_encoder){.tok = p->tok, .o = p->o, .look = p->look};
        st = hn_encoder_settle(&r->like, &have->v[0], err);
        hn_str first = hn_example_text(&have->v[0]);
        size_t n = first.n < sizeof p->first_text ? first.n : sizeof p->first_text - 1;
        while (n > 0 && n < first.n && ((unsigned char)first.p[n] & 0xC0) == 0x80) n--; /* whole characters */
        memcpy(p->first_text, first.p, n);
        r->settled = true;
        p->stop_untrained = r->like.stop_untrained;
        p->conversational = r->like.conversational;
    }
    hn_examples_release(&x);
    return st;
}

/* ------------------------------------------------------------------ a record on one thread */

static hn_status encode_examples(hn_item *it, hn_encoder *e, hn_error *err) {
    size_t n = it->examples.n;
    if (n > it->room) {
        hn_encoded *p = hn_realloc_array(it->encoded, n, sizeof *p);
        if (!p) return hn_nomem(err, n * sizeof *p);
        memset(p + it->room, 0, (n - it->room) * sizeof *p);
        it->encoded = p;
        it->room = n;
    }
    for (size_t i = 0; i < n; i++) {
        HN_TRY(hn_example_encode(&it->examples.v[i], e, &it->encoded[i], err));
        it->encoded[i].second = it->examples.v[i].second;
    }
    it->count = n;
    return HN_OK;
}

static hn_status convert(run *r, hn_item *it, hn_encoder *e, hn_error *err) {
    const hn_pass_part *part = part_of(r, it);
    hn_status st = it->gathered ? HN_OK : hn_format_convert(part->format, it->record, &part->convert, &it->examples, err);
    if (st != HN_OK) {
        hn_examples_clear(&it->examples); /* half an example is none */
        return st;
    }
    return encode_examples(it, e, err);
}

static void work(run *r, hn_item *it, hn_encoder *e) {
    hn_error why = {0};
    if (it->st != HN_OK) return;
    bool to_gather = !it->gathered && part_of(r, it)->gather;
    hn_status st = it->gathered ? HN_OK : parse(it, &why);
    if (st == HN_OK && !to_gather) {
        st = convert(r, it, e, &why);
        if (st != HN_OK) {
            char place[600];
            hn_raw_place(&it->raw, place, sizeof place);
            if (!it->gathered) hn_error_context(&why, "%s", place);
        }
    }
    if (st != HN_OK) spoil(it, st, &why);
    if (r->p->look || to_gather) return;
    hn_json_free(it->record);
    it->record = NULL;
    for (size_t i = 0; i < it->examples.n; i++) hn_json_free(it->examples.v[i].value);
    it->examples.n = 0; /* the notes are still to be counted */
}

/* ------------------------------------------------------------------ blocks */

static hn_status hand_on(run *r, block *b, hn_error *err) {
    hn_pass *p = r->p;
    for (int64_t i = 0; i < b->n; i++) {
        hn_item *it = &b->item[i];
        if (it->st != HN_OK && !it->err) return hn_nomem(err, sizeof *it->err);
        if (it->st == HN_OK && !it->gathered && part_of(r, it)->gather) {
            hn_error why = {0};
            hn_status st = hn_gather_add(part_of(r, it)->gather, it->record, it->raw.line, &part_of(r, it)->convert, &why);
            if (st == HN_OK) continue;
            if (st == HN_EFORMAT) misfit(it, &why);
            spoil(it, st, &why);
        }
        HN_TRY(hn_unpair_pass(&r->pairs, p, it, err));
    }
    return HN_OK;
}

static void hand_on_before(run *r) {
    if (r->before && r->st == HN_OK) r->st = hand_on(r, r->before, &r->err);
    if (!r->before) return;
    for (int64_t i = 0; i < r->before->n; i++) clear(&r->before->item[i]);
    r->before->n = 0;
}

static desk *borrow(run *r) {
    for (int i = 0;; i = (i + 1) % r->desks) { /* there is one for every thread */
        bool lent = false;
        if (atomic_compare_exchange_strong(&r->desk[i].lent, &lent, true)) return &r->desk[i];
    }
}

/* Index 0 is the reading and handing on; each other one some records of the block. */
static void step(void *ctx, int64_t begin, int64_t end) {
    run *r = ctx;
    for (int64_t k = begin; k < end; k++) {
        if (k == 0) {
            if (!r->beside) continue;
            hand_on_before(r);
            r->fill(r, r->next);
            continue;
        }
        desk *d = borrow(r);
        d->e.eos = r->like.eos;
        d->e.completion_only = r->like.completion_only;
        d->e.assistant_only = r->like.assistant_only;
        int64_t from = (k - 1) * GRAIN, to = from + GRAIN < r->now->n ? from + GRAIN : r->now->n;
        for (int64_t i = from; i < to; i++) work(r, &r->now->item[i], &d->e);
        atomic_store(&d->lent, false);
    }
}

static block *unused(const run *r) {
    for (int i = 0;; i++)
        if (r->block[i] != r->before && r->block[i] != r->now) return r->block[i];
}

static hn_status run_blocks(run *r, hn_error *err) {
    hn_pass *p = r->p;
    r->end = false;
    r->before = NULL;
    r->now = r->block[0];
    r->fill(r, r->now);
    while (r->now->n) {
        if (r->fill == read_block) HN_TRY(choose_formats(r, r->now, err));
        if (!r->settled) HN_TRY(settle(r, r->now, err));
        r->next = unused(r);
        hn_par_for(1 + (r->now->n + GRAIN - 1) / GRAIN, 1, step, r);
        if (!r->beside) {
            r->before = r->now;
            hand_on_before(r);
            r->fill(r, r->next);
        }
        if (r->st != HN_OK) break;
        r->before = r->beside ? r->now : NULL;
        r->now = r->next;
        if (p->o->progress) p->o->progress(p->o->progress_user, p->bytes, r->total, p->read);
    }
    if (r->st == HN_OK) hand_on_before(r);
    if (r->st != HN_OK && err) *err = r->err;
    return r->st;
}

static void close_run(run *r) {
    for (int k = 0; k < 3; k++) {
        for (int64_t i = 0; r->block[k] && i < ITEMS; i++) {
            hn_item *it = &r->block[k]->item[i];
            clear(it);
            hn_examples_release(&it->examples);
            for (size_t j = 0; j < it->room; j++) hn_encoded_release(&it->encoded[j]);
            hn_free(it->encoded);
        }
        if (r->block[k]) hn_buf_release(&r->block[k]->bytes);
        hn_free(r->block[k]);
    }
    hn_unpair_release(&r->pairs);
    hn_encoder_release(&r->like);
    for (int i = 0; r->desk && i < r->desks; i++) hn_encoder_release(&r->desk[i].e);
    hn_free(r->desk);
    hn_buf_release(&r->first_bytes);
    hn_json_free(r->has_first ? r->first_raw.record : NULL);
    hn_stream_close(r->stream);
}

static hn_status open_run(run *r, hn_error *err) {
    hn_pass *p = r->p;
    r->desks = hn_par_threads();
    r->desk = hn_calloc((size_t)r->desks, sizeof *r->desk);
    if (!r->desk) return hn_nomem(err, (size_t)r->desks * sizeof *r->desk);
    for (int i = 0; i < r->desks; i++) r->desk[i].e = (hn_encoder){.tok = p->tok, .o = p->o, .look = p->look};
    for (int k = 0; k < 3; k++)
        if (!(r->block[k] = hn_calloc(1, sizeof *r->block[k]))) return hn_nomem(err, sizeof *r->block[k]);
    p->part = hn_calloc(p->sources->n, sizeof *p->part);
    if (!p->part) return hn_nomem(err, p->sources->n * sizeof *p->part);
    r->total = hn_sources_bytes(p->sources);
    return hn_stream_open(p->sources, p->held_out, &r->stream, err);
}

static bool gathers(const hn_pass *p) {
    for (size_t i = 0; i < p->sources->n; i++)
        if (p->part[i].gather) return true;
    return false;
}

void hn_pass_release(hn_pass *p) {
    for (size_t i = 0; p->part && i < p->sources->n; i++) hn_gather_free(p->part[i].gather);
    hn_free(p->part);
    p->part = NULL;
}

hn_status hn_pass_run(hn_pass *p, hn_error *err) {
    run r = {.p = p, .fill = read_block, .beside = !p->look};
    if (p->sources->n == 0) return HN_OK;
    hn_status st = open_run(&r, err);
    if (st == HN_OK) st = run_blocks(&r, err);
    if (st == HN_OK && gathers(p)) {
        r.fill = read_gathered;
        r.beside = false; /* groups may share parts of their records */
        st = run_blocks(&r, err);
    }
    if (st == HN_OK) st = hn_unpair_end(&r.pairs, p, err);
    close_run(&r);
    return st;
}
