/* decode.c - ids back to text: the decoders as stages of a stream, and the plumbing between them.
 *
 * Decoding a list is feeding the stream and ending it, so both ways give the same text by construction. */
#include "text/text_impl.h"

hn_status hn_dec_pass(hn_dec_stage *s, const char *p, size_t n, bool more, hn_error *err) {
    if (s->next) return s->next->desc->put(s->next, p, n, more, err);
    hn_buf_add(s->sink, p, n);
    return s->sink->failed ? hn_nomem(err, n) : HN_OK;
}

hn_status hn_dec_put_whole(hn_dec_stage *s, const char *p, size_t n, bool more, hn_error *err) {
    if (!s->open && !more) return s->desc->token(s, (hn_str){p, n}, err);
    if (!s->open) hn_buf_clear(&s->held);
    hn_buf_add(&s->held, p, n);
    s->open = more;
    if (s->held.failed) return hn_nomem(err, n);
    return more ? HN_OK : s->desc->token(s, (hn_str){s->held.p, s->held.n}, err);
}

hn_status hn_dec_end_whole(hn_dec_stage *s, hn_error *err) {
    if (s->open) {
        s->open = false;
        HN_TRY(s->desc->token(s, (hn_str){s->held.p, s->held.n}, err));
    }
    return s->desc->finish ? s->desc->finish(s, err) : HN_OK;
}

static bool is_sequence(const hn_part *p) {
    return p->desc->drop == hn_parts_drop;
}

size_t hn_dec_stages(const hn_part *p) {
    if (!p->desc) return 0;
    if (!is_sequence(p)) return 1;
    const hn_parts *parts = p->state;
    size_t n = 0;
    for (size_t i = 0; i < parts->n; i++) n += hn_dec_stages(&parts->v[i]);
    return n;
}

void hn_dec_chain(const hn_part *p, hn_dec_stage **at) {
    if (!p->desc) return;
    if (!is_sequence(p)) {
        (*at)->desc = (const hn_dec *)(const void *)p->desc;
        (*at)->state = p->state;
        (*at)++;
        return;
    }
    const hn_parts *parts = p->state;
    for (size_t i = 0; i < parts->n; i++) hn_dec_chain(&parts->v[i], at);
}

struct hn_decode_stream {
    const hn_tokenizer *t;
    bool skip_special, joins; /* joins: no decoder at all, tokens are set apart by a space */
    hn_dec_stage *stage;
    size_t n;
    uint64_t tokens;
};

hn_decode_stream *hn_decode_stream_new(const hn_tokenizer *t, bool skip_special) {
    hn_decode_stream *s = hn_calloc(1, sizeof *s);
    if (!s) return NULL;
    s->t = t;
    s->skip_special = skip_special;
    s->joins = !t->decoder.desc;
    s->n = hn_dec_stages(&t->decoder);
    s->stage = hn_calloc(s->n ? s->n : 1, sizeof *s->stage);
    if (!s->stage) {
        hn_free(s);
        return NULL;
    }
    hn_dec_stage *end = s->stage;
    hn_dec_chain(&t->decoder, &end);
    for (size_t i = 0; i + 1 < s->n; i++) s->stage[i].next = &s->stage[i + 1];
    return s;
}

void hn_decode_stream_free(hn_decode_stream *s) {
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) {
        hn_buf_release(&s->stage[i].held);
        hn_buf_release(&s->stage[i].work);
        hn_buf_release(&s->stage[i].last);
    }
    hn_free(s->stage);
    hn_free(s);
}

static void set_sink(hn_decode_stream *s, hn_buf *out) {
    for (size_t i = 0; i < s->n; i++) s->stage[i].sink = out;
}

hn_status hn_decode_stream_put(hn_decode_stream *s, int32_t id, hn_buf *out, hn_error *err) {
    const hn_added_token *added = hn_added_of(s->t, id);
    hn_str text = added ? added->spelled : hn_vocab_text(s->t->vocab, id);
    if (!text.p || (s->skip_special && added && hn_added_special(s->t, text))) return HN_OK;
    uint64_t before = s->tokens++;
    if (s->n > 0) {
        set_sink(s, out);
        return s->stage[0].desc->put(&s->stage[0], text.p, text.n, false, err);
    }
    if (s->joins && before > 0) hn_buf_putc(out, ' ');
    hn_buf_add(out, text.p, text.n);
    return out->failed ? hn_nomem(err, text.n) : HN_OK;
}

hn_status hn_decode_stream_end(hn_decode_stream *s, hn_buf *out, hn_error *err) {
    set_sink(s, out);
    for (size_t i = 0; i < s->n; i++)
        if (s->stage[i].desc->end) HN_TRY(s->stage[i].desc->end(&s->stage[i], err));
    return HN_OK;
}

hn_status hn_tokenizer_decode(const hn_tokenizer *t, const int32_t *id, size_t n, bool skip_special, hn_buf *out,
                              hn_error *err) {
    hn_decode_stream *s = hn_decode_stream_new(t, skip_special);
    if (!s) return hn_nomem(err, sizeof *s);
    hn_status st = HN_OK;
    hn_buf_add(out, "", 0);
    for (size_t i = 0; i < n && st == HN_OK; i++) st = hn_decode_stream_put(s, id[i], out, err);
    if (st == HN_OK) st = hn_decode_stream_end(s, out, err);
    hn_decode_stream_free(s);
    return st;
}
