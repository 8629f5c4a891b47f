/* sample_text.c - one sample: its next token, the text that has become certain, and whether it ends.
 *
 * Text that might be the beginning of a stop string is held back until the next tokens decide. */
#include <math.h>
#include <string.h>

#include "gen/engine_impl.h"

/* Position of the first stop string in p[0..n), or -1. */
static int64_t stop_at(const hn_gen_opts *o, const char *p, size_t n) {
    int64_t best = -1;
    for (size_t i = 0; i < o->stop_count; i++) {
        size_t len = strlen(o->stop[i]);
        const char *hit = len && n >= len ? memmem(p, n, o->stop[i], len) : NULL;
        if (hit && (best < 0 || hit - p < best)) best = hit - p;
    }
    return best;
}

/* Bytes at the end of p that are a proper beginning of some stop string. */
static size_t held_back(const hn_gen_opts *o, const char *p, size_t n) {
    size_t hold = 0;
    for (size_t i = 0; i < o->stop_count; i++) {
        size_t len = strlen(o->stop[i]);
        for (size_t k = len ? len - 1 : 0; k > hold; k--)
            if (k <= n && memcmp(p + n - k, o->stop[i], k) == 0) {
                hold = k;
                break;
            }
    }
    return hold;
}

static bool is_end(const engine *e, int32_t id) {
    if (e->o->ignore_eos) return false;
    for (int32_t i = 0; i < e->info->eos_count; i++)
        if (e->info->eos[i] == id) return true;
    return e->tok && hn_tokenizer_special_id(e->tok, HN_EOS) == id && id >= 0;
}

static hn_status tell(engine *e, const sample *s, const char *p, size_t n, int32_t token, const char *reason, hn_error *err) {
    hn_gen_piece piece = {s->prompt, s->number, {p ? p : "", n}, token, reason};
    return e->fn(&piece, e->user) ? HN_OK : hn_fail(err, HN_ECANCEL, "generation was stopped by its caller");
}

/* Tells the text that is certain; at the end all of it. Sets *stopped where a stop string came up. */
static hn_status emit(engine *e, sample *s, int32_t token, bool last, bool *stopped, hn_error *err) {
    if (s->pending.failed) return hn_nomem(err, s->pending.n);
    const char *text = s->pending.p ? s->pending.p : "";
    int64_t stop = stop_at(e->o, text, s->pending.n);
    *stopped = stop >= 0;
    size_t n = s->pending.n;
    if (*stopped) n = (size_t)stop;
    else if (!last) n -= held_back(e->o, text, n);
    HN_TRY(tell(e, s, text, n, token, NULL, err));
    size_t rest = *stopped ? 0 : s->pending.n - n;
    if (rest) memmove(s->pending.p, s->pending.p + n, rest);
    s->pending.n = rest;
    if (s->pending.p) s->pending.p[rest] = '\0';
    return HN_OK;
}

static hn_status finish(engine *e, sample *s, const char *reason, hn_error *err) {
    bool stopped = false;
    if (s->stream) {
        HN_TRY(hn_decode_stream_end(s->stream, &s->pending, err));
        if (s->pending.n) HN_TRY(emit(e, s, -1, true, &stopped, err));
    }
    s->ended = true;
    return tell(e, s, NULL, 0, -1, stopped ? "stop" : reason, err);
}

hn_status hn_sample_take(engine *e, sample *s, int64_t row, hn_error *err) {
    size_t width = hn_dtype_size(e->logits->dtype);
    const char *logits = (const char *)e->logits->data + (size_t)row * (size_t)e->vocab * width;
    hn_convert(e->vocab, e->logits->dtype, logits, HN_F64, e->values);
    for (int64_t i = 0; i < e->vocab; i++)
        if (isnan(e->values[i]) || e->values[i] == (double)INFINITY)
            return hn_fail(err, HN_ENUMERIC, "prompt %lld: the logit of token %lld is %g", (long long)s->prompt, (long long)i,
                           e->values[i]);
    hn_rng_key key = {e->o->seed, HN_RNG_SAMPLE, (uint32_t)s->number, (uint64_t)s->prompt};
    double u = hn_rng_uniform(&key, (uint64_t)s->made);
    int32_t id = hn_sampler_pick(&e->o->sampler, e->values, e->vocab, s->seen, u, e->work);
    s->made++;
    s->last = id;
    if (s->seen) s->seen[id] = 1;
    if (is_end(e, id)) return finish(e, s, "stop", err);
    bool stopped = false;
    if (s->stream) {
        HN_TRY(hn_decode_stream_put(s->stream, id, &s->pending, err));
        HN_TRY(emit(e, s, id, false, &stopped, err));
    } else {
        HN_TRY(tell(e, s, NULL, 0, id, NULL, err));
    }
    if (stopped) {
        hn_buf_clear(&s->pending);
        s->ended = true;
        return tell(e, s, NULL, 0, -1, "stop", err);
    }
    int64_t place = hn_kv_cache_path(e->cache, s->segment) + 1;
    bool full = e->positions > 0 && place >= e->positions;
    return s->made >= e->o->max_new_tokens || full ? finish(e, s, "length", err) : HN_OK;
}
