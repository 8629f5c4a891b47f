/* text_encode.c - text to ids: added tokens are cut out of the raw text, each rest is normalised, the normalised added
 * tokens are cut out of it, and what remains is split into pieces for the model. */
#include "text/text_impl.h"

typedef struct call {
    const hn_tokenizer *t;
    hn_work *w;
    hn_plain plain;
    hn_error *err;
} call;

/* The text in w->text, free of added tokens. */
static hn_status encode_plain(const call *c) {
    hn_work *w = c->w;
    const hn_model_part *model = (const hn_model_part *)(const void *)c->t->model.desc;
    w->pieces.n = 0;
    hn_pieces_add(&w->pieces, 0, w->text.n);
    HN_TRY(hn_work_check(w, c->err));
    HN_TRY(hn_step_run(&c->t->pretokenizer, w, c->err));
    for (size_t i = 0; i < w->pieces.n; i++)
        HN_TRY(model->run(c->t->model.state, w, w->pieces.v[i].begin, w->pieces.v[i].end, c->err));
    return HN_OK;
}

static hn_status encode_range(const call *c, size_t begin, size_t end) { /* of w->section */
    hn_view_clear(&c->w->text);
    hn_view_copy(&c->w->text, &c->w->section, begin, end);
    return encode_plain(c);
}

/* Keeps how much white space an added token has taken, for the post-processors that take it off the span. */
static hn_status note_blanks(const call *c, hn_str match) {
    hn_work *w = c->w;
    if (w->n_blanks == w->cap_blanks) {
        size_t cap = w->cap_blanks ? 2 * w->cap_blanks : 32;
        hn_blanks *v = hn_realloc_array(w->blanks, cap, sizeof *v);
        if (!v) return hn_nomem(c->err, cap * sizeof *v);
        w->blanks = v;
        w->cap_blanks = cap;
    }
    w->blanks[w->n_blanks].token = w->out->n;
    hn_blanks_count(match, &w->blanks[w->n_blanks++]);
    return HN_OK;
}

/* Emits an added token that was found as match. */
static hn_status emit_added(const call *c, int32_t id, hn_str match, hn_token_span src) {
    hn_encoding *e = c->w->out;
    HN_TRY(hn_encoding_room(e, 1, c->w->track, c->err));
    e->id[e->n] = id;
    if (c->w->track) {
        HN_TRY(note_blanks(c, match));
        e->span[e->n] = src;
        e->special[e->n] = 0;
    }
    e->n++;
    return HN_OK;
}

static hn_str part_of(hn_str text, hn_token_span at) {
    return (hn_str){text.p + at.begin, at.end - at.begin};
}

static hn_token_span source_of(const hn_view *v, size_t begin, size_t end) {
    if (!v->track || begin >= end) return (hn_token_span){0, 0};
    return (hn_token_span){v->src[begin].begin, v->src[end - 1].end};
}

/* A rest of the raw text between two added tokens. */
static hn_status encode_rest(const call *c, hn_str text, size_t begin, size_t end) {
    hn_work *w = c->w;
    if (begin >= end) return HN_OK;
    hn_view_clear(&w->text);
    hn_view_original(&w->text, text.p, begin, end);
    HN_TRY(hn_work_check(w, c->err));
    HN_TRY(hn_step_run(&c->t->normalizer, w, c->err));
    const hn_matcher *m = c->t->added.normalized;
    hn_token_span hit;
    int32_t id;
    size_t at = 0, taken = 0;
    const hn_plain plain = {.all = c->plain.all || c->plain.n > 0}; /* places of the normalised text are others */
    hn_str normal = {w->text.p, w->text.n};
    if (hn_matcher_empty(m) || !hn_added_next(c->t, m, normal, &at, taken, &plain, &hit, &id)) return encode_plain(c);
    hn_view section = w->section; /* the text moves there: what follows is done piece by piece */
    w->section = w->text;
    w->text = section;
    w->text.track = w->section.track;
    normal = (hn_str){w->section.p, w->section.n};
    do {
        if (taken < hit.begin) HN_TRY(encode_range(c, taken, hit.begin));
        HN_TRY(emit_added(c, id, part_of(normal, hit), source_of(&w->section, hit.begin, hit.end)));
        taken = hit.end;
    } while (hn_added_next(c->t, m, normal, &at, taken, &plain, &hit, &id));
    return taken < normal.n ? encode_range(c, taken, normal.n) : HN_OK;
}

static hn_status encode_text(const call *c, hn_str text) {
    const hn_matcher *m = c->t->added.raw;
    hn_token_span hit;
    int32_t id;
    size_t at = 0, taken = 0;
    while (hn_added_next(c->t, m, text, &at, taken, &c->plain, &hit, &id)) {
        HN_TRY(encode_rest(c, text, taken, hit.begin));
        HN_TRY(emit_added(c, id, part_of(text, hit), hit));
        taken = hit.end;
    }
    return encode_rest(c, text, taken, text.n);
}

/* The caller's memory, made ready for this tokenizer. */
static hn_status work_of(const hn_tokenizer *t, hn_encoding *e, unsigned flags, hn_error *err) {
    if (!e->work && !(e->work = hn_calloc(1, sizeof *e->work))) return hn_nomem(err, sizeof *e->work);
    hn_work *w = e->work;
    if (w->owner != t->serial) hn_work_forget(w);
    w->owner = t->serial;
    w->out = e;
    w->n_blanks = 0;
    w->raw_bytes = t->raw_bytes;
    w->track = (flags & HN_ENCODE_SPANS) != 0;
    w->text.track = w->spare.track = w->section.track = w->track || t->needs_spans;
    return HN_OK;
}

hn_status hn_tokenizer_encode(const hn_tokenizer *t, hn_str text, unsigned flags, hn_encoding *out, hn_error *err) {
    return hn_tokenizer_encode_parts(t, text, NULL, 0, flags, out, err);
}

hn_status hn_tokenizer_encode_parts(const hn_tokenizer *t, hn_str text, const hn_byte_span *plain, size_t plains, unsigned flags,
                                    hn_encoding *out, hn_error *err) {
    size_t bad;
    out->n = 0;
    if (!hn_utf8_valid(text.p, text.n, &bad)) return hn_fail(err, HN_EARG, "the text is no UTF-8 at byte %zu", bad);
    if (text.n > UINT32_MAX / 4) return hn_fail(err, HN_EARG, "a text of %zu bytes: at most 1 GiB at once", text.n);
    HN_TRY(work_of(t, out, flags, err));
    out->work->original = text;
    call c = {t, out->work, {(flags & HN_ENCODE_SPLIT_SPECIAL) != 0, plain, plains}, err};
    hn_status st = encode_text(&c, text);
    if (st == HN_OK) st = hn_post_run(&t->post, t, out, flags, err);
    if (st != HN_OK) out->n = 0;
    return st;
}
