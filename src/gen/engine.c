/* engine.c - continuous batching over one KV cache.
 *
 * Every prompt is one cached segment, computed once; each of its samples is a child segment that grows by a token a
 * step. A step is one forward of all running samples, one token each. Samples that end leave at once and the next prompt
 * is admitted. With a prefix cache the prompt goes on in the cache's segment, and a single sample after it. Rows of a
 * forward do not see each other, so a sample's tokens depend on its prompt, its number and the seed alone. */
#include <string.h>

#include "gen/engine_impl.h"

static hn_status admit_memory(engine *e, hn_error *err) {
    int64_t want = e->running + e->o->samples;
    if (want <= e->capacity) return HN_OK;
    sample *grown = hn_realloc_array(e->run, (size_t)want, sizeof *grown);
    if (!grown) return hn_nomem(err, (size_t)want * sizeof *grown);
    e->run = grown;
    e->capacity = want;
    return HN_OK;
}

/* One forward; logits of the chosen rows are left in e->logits as [rows, V] of the tape. */
static hn_status forward(engine *e, const int32_t *append, const int32_t *row, int64_t rows, hn_error *err) {
    HN_TRY(hn_kv_cache_append_to(e->cache, append, (int32_t)e->batch.segments, err));
    hn_tape_reset(e->tape);
    hn_tensor *hidden = hn_model_hidden(e->model, e->tape, &e->batch, &(hn_forward_opts){.cache = e->cache});
    hn_tensor *logits = hn_model_logits(e->model, e->tape, hidden, row, rows);
    HN_TRY(hn_tape_status(e->tape, err));
    e->logits = logits;
    return HN_OK;
}

static hn_status batch_make(engine *e, int64_t tokens, int64_t segments, hn_error *err) {
    hn_batch *b = &e->batch;
    hn_arena_reset(&b->arena);
    b->tokens = tokens;
    b->segments = segments;
    b->rows = 0;
    size_t n = (size_t)tokens, s = (size_t)segments;
    b->id = hn_arena_alloc(&b->arena, n * sizeof *b->id);
    b->pos = hn_arena_alloc(&b->arena, n * sizeof *b->pos);
    b->length = hn_arena_alloc(&b->arena, n * sizeof *b->length);
    b->start = hn_arena_alloc(&b->arena, (s + 1) * sizeof *b->start);
    b->parent = hn_arena_alloc(&b->arena, s * sizeof *b->parent);
    e->append = hn_arena_alloc(&b->arena, s * sizeof *e->append);
    e->row = hn_arena_alloc(&b->arena, s * sizeof *e->row);
    bool ok = b->id && b->pos && b->length && b->start && b->parent && e->append && e->row;
    return ok ? HN_OK : hn_nomem(err, n * 16);
}

static hn_status sample_start(engine *e, sample *s, int64_t prompt, int64_t number, int32_t parent, hn_error *err) {
    int64_t room = e->o->max_new_tokens < 256 ? e->o->max_new_tokens : 256;
    *s = (sample){.prompt = prompt, .number = number, .kept = e->o->prefix && e->o->samples == 1};
    if (s->kept) s->segment = parent;
    else HN_TRY(hn_kv_cache_add(e->cache, parent, room, &s->segment, err));
    if (e->tok) {
        s->stream = hn_decode_stream_new(e->tok, !e->o->keep_special);
        if (!s->stream) return hn_nomem(err, sizeof *s);
    }
    if (e->o->sampler.repetition_penalty != 1) {
        s->seen = hn_calloc((size_t)e->vocab, 1);
        if (!s->seen) return hn_nomem(err, (size_t)e->vocab);
        const hn_gen_prompt *p = &e->prompts[prompt];
        for (int64_t i = 0; i < p->n; i++) s->seen[p->id[i]] = 1;
    }
    return HN_OK;
}

void hn_sample_release(engine *e, sample *s) {
    if (s->segment > 0 && !s->kept) hn_kv_cache_release(e->cache, s->segment);
    hn_decode_stream_free(s->stream);
    hn_buf_release(&s->pending);
    hn_free(s->seen);
    *s = (sample){0};
}

/* The prompt from token `from` on, as one segment of a batch that goes on in the cached segment. */
static hn_status prefill(engine *e, const hn_gen_prompt *p, int64_t from, int32_t segment, hn_error *err) {
    const int64_t n = p->n - from;
    HN_TRY(batch_make(e, n, 1, err));
    memcpy(e->batch.id, p->id + from, (size_t)n * sizeof *p->id);
    for (int64_t i = 0; i < n; i++) {
        e->batch.pos[i] = (int32_t)(from + i);
        e->batch.length[i] = (int32_t)p->n;
    }
    e->batch.start[1] = (int32_t)n;
    e->batch.parent[0] = -1 - segment;
    e->append[0] = segment;
    e->row[0] = (int32_t)(n - 1);
    HN_TRY(forward(e, e->append, e->row, 1, err));
    return e->o->prefix ? hn_prefix_took(e->o->prefix, p->id + from, n, err) : HN_OK;
}

/* Computes the next prompt and gives each of its samples the first token. */
static hn_status admit(engine *e, hn_error *err) {
    const hn_gen_prompt *p = &e->prompts[e->next];
    hn_prefix_cache *prefix = e->o->prefix;
    int32_t segment = prefix ? prefix->segment : 0;
    HN_TRY(admit_memory(e, err));
    if (!prefix) HN_TRY(hn_kv_cache_add(e->cache, 0, p->n, &segment, err));
    hn_status st = prefill(e, p, prefix ? hn_prefix_begin(prefix, p) : 0, segment, err);
    for (int64_t i = 0; st == HN_OK && i < e->o->samples; i++) {
        sample *s = &e->run[e->running];
        st = sample_start(e, s, e->next, i, segment, err);
        e->running++;
        if (st == HN_OK) st = hn_sample_take(e, s, 0, err);
    }
    if (!prefix) hn_kv_cache_release(e->cache, segment);
    e->next++;
    return st;
}

static void drop_ended(engine *e) {
    int64_t kept = 0;
    for (int64_t i = 0; i < e->running; i++) {
        if (e->run[i].ended)
            hn_sample_release(e, &e->run[i]);
        else
            e->run[kept++] = e->run[i];
    }
    e->running = kept;
}

/* All running samples go on by one token. */
static hn_status step(engine *e, hn_error *err) {
    HN_TRY(batch_make(e, e->running, e->running, err));
    for (int64_t i = 0; i < e->running; i++) {
        const sample *s = &e->run[i];
        e->batch.id[i] = s->last;
        e->batch.pos[i] = (int32_t)hn_kv_cache_path(e->cache, s->segment);
        e->batch.length[i] = 1;
        e->batch.start[i + 1] = (int32_t)(i + 1);
        e->batch.parent[i] = -1 - s->segment;
        e->append[i] = s->segment;
        e->row[i] = (int32_t)i;
    }
    HN_TRY(forward(e, e->append, e->row, e->running, err));
    if (e->run[0].kept) HN_TRY(hn_prefix_took(e->o->prefix, &e->run[0].last, 1, err));
    for (int64_t i = 0; i < e->running; i++) HN_TRY(hn_sample_take(e, &e->run[i], i, err));
    return HN_OK;
}

static hn_status check(const engine *e, int64_t n, hn_error *err) {
    const hn_model_info *info = e->info;
    HN_TRY(hn_sampler_check(&e->o->sampler, err));
    if (e->o->prefix && n != 1)
        return hn_fail(err, HN_EARG, "a prefix cache serves one prompt at a time, not %lld", (long long)n);
    if (e->o->prefix && e->o->prefix->model != e->model)
        return hn_fail(err, HN_EARG, "the prefix cache was made for another model");
    for (int64_t i = 0; i < n; i++) {
        const hn_gen_prompt *p = &e->prompts[i];
        if (p->n == 0) {
            hn_fail(err, HN_EARG, "prompt %lld is empty", (long long)i);
            hn_error_fix(err, "give at least one token, or a tokenizer that adds a start token");
            return HN_EARG;
        }
        if (info->max_position > 0 && p->n >= info->max_position)
            return hn_fail(err, HN_EARG, "prompt %lld has %lld tokens, the model has %lld positions", (long long)i,
                           (long long)p->n, (long long)info->max_position);
        for (int64_t j = 0; j < p->n; j++)
            if (p->id[j] < 0 || p->id[j] >= info->vocab)
                return hn_fail(err, HN_ESHAPE, "prompt %lld holds token id %d, the model's vocabulary has %lld", (long long)i,
                               p->id[j], (long long)info->vocab);
    }
    return HN_OK;
}

static hn_status engine_open(engine *e, hn_dev *dev, hn_error *err) {
    const hn_model_info *info = e->info;
    e->vocab = info->vocab;
    e->positions = info->max_position;
    hn_batch_init(&e->batch);
    HN_TRY(hn_tape_new(dev, HN_F32, &e->tape, err));
    hn_tape_record(e->tape, false);
    if (e->o->prefix) e->cache = e->o->prefix->kv;
    else HN_TRY(hn_kv_cache_new(dev, HN_F32, (int32_t)info->layers, info->kv_heads * info->head_dim, &e->cache, err));
    e->values = hn_alloc_array((size_t)e->vocab, sizeof *e->values);
    e->work = hn_alloc_array((size_t)e->vocab, sizeof *e->work);
    return e->values && e->work ? HN_OK : hn_nomem(err, (size_t)e->vocab * sizeof *e->work);
}

hn_status hn_generate(hn_dev *dev, hn_model *m, const hn_tokenizer *tok, const hn_gen_prompt *prompts, int64_t n,
                      const hn_gen_opts *o, hn_gen_fn *fn, void *user, hn_error *err) {
    engine e = {.model = m, .tok = tok, .prompts = prompts, .o = o, .fn = fn, .user = user, .info = hn_model_get_info(m)};
    int64_t batch = o->batch > 0 ? o->batch : 64;
    hn_status st = check(&e, n, err);
    if (st == HN_OK) st = engine_open(&e, dev, err);
    while (st == HN_OK && (e.running > 0 || e.next < n)) {
        while (st == HN_OK && e.next < n && (e.running == 0 || e.running + o->samples <= batch)) st = admit(&e, err);
        if (st == HN_OK) drop_ended(&e);
        if (st == HN_OK && e.running > 0) st = step(&e, err);
        if (st == HN_OK) drop_ended(&e);
    }
    for (int64_t i = 0; i < e.running; i++) hn_sample_release(&e, &e.run[i]);
    hn_free(e.run);
    hn_free(e.values);
    hn_free(e.work);
    hn_tape_free(e.tape);
    if (!o->prefix) hn_kv_cache_free(e.cache);
    hn_batch_release(&e.batch);
    return st;
}
