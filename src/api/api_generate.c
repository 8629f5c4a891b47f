/* api_generate.c - generation, scoring and evaluation through the public header; where settings of a generation come from. */
#include <string.h>

#include "api/api.h"

hn_status hn_prompts_of(const hn_rows *rows, hn_gen_prompt **out, hn_error *err) {
    *out = NULL;
    hn_gen_prompt *p = hn_alloc_array((size_t)(rows->rows ? rows->rows : 1), sizeof *p);
    if (!p) return hn_nomem(err, (size_t)rows->rows * sizeof *p);
    for (int64_t i = 0; i < rows->rows; i++) {
        int64_t at = rows->at[i], end = rows->at[i + 1], n = 0;
        while (at + n < end && !rows->loss[at + n]) n++;
        p[i] = (hn_gen_prompt){rows->ids + at, n > 1 || end - at == 1 ? n : end - at};
    }
    *out = p;
    return HN_OK;
}

static bool was_set(const hone_config *c, const char *name) {
    hn_origin from = HN_FROM_DEFAULT;
    hn_config_find(c->c, name, &from);
    return from != HN_FROM_DEFAULT;
}

/* A value the user did not set, but the model's generation_config.json does. */
static const hn_json *from_model(const hone_config *c, const hn_json *defaults, const char *name) {
    const hn_json *v = was_set(c, name) ? NULL : hn_json_get(defaults, name);
    if (v) {
        hn_buf b = {0};
        hn_json_write(&b, v, 0);
        hn_info("%s %s comes from the model's generation_config.json", name, b.p ? b.p : "");
        hn_buf_release(&b);
    }
    return v;
}

hn_status hn_generate_settings(const hone_config *c, const hn_model *m, hn_gen_opts *o, hn_error *err) {
    const hn_generate_cli *g = &c->gen;
    *o = (hn_gen_opts){.sampler = {g->do_sample, g->temperature, g->top_k, g->top_p, g->min_p, g->repetition_penalty},
                       .max_new_tokens = g->max_new_tokens, .samples = g->samples, .seed = (uint64_t)g->seed,
                       .stop = (const char *const *)g->stop.v, .stop_count = g->stop.n, .ignore_eos = g->ignore_eos,
                       .keep_special = g->keep_special, .batch = g->batch};
    hn_json *d = NULL;
    HN_TRY(hn_gen_defaults(m, &d, err));
    hn_sampler *s = &o->sampler;
    bool asked = was_set(c, "temperature") || was_set(c, "top_k") || was_set(c, "top_p") || was_set(c, "min_p");
    if (asked && !was_set(c, "do_sample")) s->sample = true;
    if (!was_set(c, "do_sample") && !asked) s->sample = hn_json_bool(from_model(c, d, "do_sample"), s->sample);
    o->max_new_tokens = hn_json_int(from_model(c, d, "max_new_tokens"), o->max_new_tokens);
    s->repetition_penalty = hn_json_num(from_model(c, d, "repetition_penalty"), s->repetition_penalty);
    if (s->sample) {
        s->temperature = hn_json_num(from_model(c, d, "temperature"), s->temperature);
        s->top_k = hn_json_int(from_model(c, d, "top_k"), s->top_k);
        s->top_p = hn_json_num(from_model(c, d, "top_p"), s->top_p);
        s->min_p = hn_json_num(from_model(c, d, "min_p"), s->min_p);
    }
    hn_json_free(d);
    if (o->samples > 1 && !s->sample) {
        hn_fail(err, HN_EARG, "num_return_sequences %lld of a greedy generation would all be equal", (long long)o->samples);
        hn_error_fix(err, "add --do_sample true or a --temperature");
        return HN_EARG;
    }
    return hn_sampler_check(s, err);
}

/* ---- one prompt through the public header */

typedef struct bridge {
    hone_piece_fn *fn;
    void *user;
    hn_buf text; /* NUL-terminated copy of the piece */
} bridge;

static bool pass_on(const hn_gen_piece *p, void *user) {
    bridge *b = user;
    hn_buf_clear(&b->text);
    hn_buf_add(&b->text, p->text.p, p->text.n);
    if (b->text.failed) return false;
    hone_piece piece = {p->sample, b->text.p ? b->text.p : "", p->text.n, p->token, p->finish_reason};
    return b->fn(&piece, b->user);
}

static double or_else(double v, double otherwise) { return v > 0 ? v : otherwise; }

static hn_status take_opts(const hone_generate_opts *opts, hone_generate_opts *p, hn_gen_opts *o, hn_error *err) {
    HN_TRY(HN_OPTS_TAKE(*p, opts, hone_generate_opts, err));
    if (p->max_new_tokens < 0 || p->num_return_sequences < 0 || p->temperature < 0 || p->top_p < 0 || p->repetition_penalty < 0)
        return hn_fail(err, HN_EARG, "a negative number among the options of generation");
    if (p->stop_count && !p->stop) return hn_fail(err, HN_EARG, "stop_count is %zu, stop is NULL", p->stop_count);
    *o = (hn_gen_opts){.sampler = {p->do_sample, or_else(p->temperature, 1), p->top_k, or_else(p->top_p, 1), p->min_p,
                                   or_else(p->repetition_penalty, 1)},
                       .max_new_tokens = p->max_new_tokens > 0 ? p->max_new_tokens : 256,
                       .samples = p->num_return_sequences > 0 ? p->num_return_sequences : 1, .seed = p->seed, .stop = p->stop,
                       .stop_count = p->stop_count, .ignore_eos = p->ignore_eos, .keep_special = p->keep_special_tokens,
                       .prefix = p->prefix_cache ? p->prefix_cache->c : NULL};
    if (o->samples == 1 || o->sampler.sample) return HN_OK;
    hn_fail(err, HN_EARG, "%lld sequences of a greedy generation would all be equal", (long long)o->samples);
    hn_error_fix(err, "set do_sample");
    return HN_EARG;
}

static hn_status generate(hone_model *m, hone_tokenizer *tok, const hn_gen_prompt *prompt, const hn_gen_opts *o,
                          hone_piece_fn *on_piece, void *user, hn_error *err) {
    bridge b = {.fn = on_piece, .user = user};
    hn_status st = hn_generate(m->ctx->dev, m->m, tok ? tok->t : NULL, prompt, 1, o, pass_on, &b, err);
    if (b.text.failed) st = hn_nomem(err, b.text.n);
    hn_buf_release(&b.text);
    return st;
}

hone_status hone_generate(hone_model *m, hone_tokenizer *tok, const char *prompt, const hone_generate_opts *opts,
                          hone_piece_fn *on_piece, void *user) {
    HONE_NEED(m && tok && prompt && on_piece);
    hone_generate_opts p;
    hn_gen_opts o;
    hn_error err = {0};
    hn_encoding e = {0};
    hn_status st = take_opts(opts, &p, &o, &err);
    if (st == HN_OK) st = hn_tokenizer_encode(tok->t, hn_str_of(prompt), p.raw_prompt ? 0 : HN_ENCODE_SPECIAL, &e, &err);
    if (st == HN_OK) st = generate(m, tok, &(hn_gen_prompt){e.id, (int64_t)e.n}, &o, on_piece, user, &err);
    hn_encoding_release(&e);
    return hone_keep(m->ctx, st, &err);
}

hone_status hone_generate_ids(hone_model *m, hone_tokenizer *tok, const int32_t *ids, size_t n, const hone_generate_opts *opts,
                              hone_piece_fn *on_piece, void *user) {
    HONE_NEED(m && (ids || n == 0) && on_piece);
    hone_generate_opts p;
    hn_gen_opts o;
    hn_error err = {0};
    hn_status st = take_opts(opts, &p, &o, &err);
    if (st == HN_OK) st = generate(m, tok, &(hn_gen_prompt){ids, (int64_t)n}, &o, on_piece, user, &err);
    return hone_keep(m->ctx, st, &err);
}

hone_status hone_config_generate_opts(const hone_config *c, hone_model *m, hone_generate_opts *opts) {
    hone_generate_opts p;
    hn_gen_opts o;
    hn_error err = {0};
    hn_status st = HN_OPTS_TAKE(p, opts, hone_generate_opts, &err);
    if (st == HN_OK && !(c->task->parts & HN_PART_SAMPLING)) st = hn_fail(&err, HN_EARG, "'%s' generates nothing", c->task->name);
    if (st == HN_OK) st = hn_generate_settings(c, m->m, &o, &err);
    if (st != HN_OK) return hone_keep(m->ctx, st, &err);
    const hn_sampler *s = &o.sampler;
    hone_generate_opts from = {.struct_size = p.struct_size,
                               .max_new_tokens = o.max_new_tokens,
                               .num_return_sequences = o.samples,
                               .do_sample = s->sample,
                               .temperature = s->temperature,
                               .top_k = s->top_k,
                               .top_p = s->top_p,
                               .min_p = s->min_p,
                               .repetition_penalty = s->repetition_penalty,
                               .seed = o.seed,
                               .stop = o.stop,
                               .stop_count = o.stop_count,
                               .ignore_eos = o.ignore_eos,
                               .raw_prompt = !c->gen.add_special_tokens,
                               .keep_special_tokens = o.keep_special,
                               .prefix_cache = p.prefix_cache};
    memcpy(opts, &from, p.struct_size < sizeof from ? p.struct_size : sizeof from);
    return HONE_OK;
}

/* ---- exact match */

typedef struct matching {
    hn_buf *answer; /* [rows] */
} matching;

static bool gather(const hn_gen_piece *p, void *user) {
    matching *g = user;
    hn_buf_add(&g->answer[p->prompt], p->text.p, p->text.n);
    return !g->answer[p->prompt].failed;
}

static hn_str trimmed(const hn_buf *b) {
    hn_str s = {b->p ? b->p : "", b->n};
    for (; s.n && strchr(" \t\r\n", *s.p); s.n--) s.p++;
    for (; s.n && strchr(" \t\r\n", s.p[s.n - 1]);) s.n--;
    return s;
}

static hn_status count_equal(const hn_tokenizer *tok, const hn_rows *rows, const hn_gen_prompt *prompts, const matching *g,
                             int64_t *equal, hn_error *err) {
    hn_buf expected = {0};
    hn_status st = HN_OK;
    *equal = 0;
    for (int64_t i = 0; st == HN_OK && i < rows->rows; i++) {
        hn_buf_clear(&expected);
        const int32_t *ids = prompts[i].id + prompts[i].n;
        st = hn_tokenizer_decode(tok, ids, (size_t)(rows->at[i + 1] - rows->at[i] - prompts[i].n), true, &expected, err);
        hn_str want = trimmed(&expected), got = trimmed(&g->answer[i]);
        *equal += want.n == got.n && memcmp(want.p, got.p, want.n) == 0;
    }
    hn_buf_release(&expected);
    return st;
}

hn_status hn_exact_match(hone_ctx *ctx, hn_model *m, const hn_tokenizer *tok, const hn_rows *rows, int64_t max_new_tokens,
                         int64_t *equal, hn_error *err) {
    hn_gen_prompt *prompts = NULL;
    matching g = {hn_calloc((size_t)(rows->rows ? rows->rows : 1), sizeof *g.answer)};
    hn_gen_opts o = {.sampler = {false, 1, 0, 1, 0, 1}, .max_new_tokens = max_new_tokens, .samples = 1};
    hn_status st = g.answer ? hn_prompts_of(rows, &prompts, err) : hn_nomem(err, 1);
    if (st == HN_OK) st = hn_generate(ctx->dev, m, tok, prompts, rows->rows, &o, gather, &g, err);
    if (st == HN_OK) st = count_equal(tok, rows, prompts, &g, equal, err);
    for (int64_t i = 0; g.answer && i < rows->rows; i++) hn_buf_release(&g.answer[i]);
    hn_free(g.answer);
    hn_free(prompts);
    return st;
}

hone_status hone_evaluate(hone_model *m, const hone_dataset *d, int64_t batch_size, char **json) {
    *json = NULL;
    HONE_NEED(m && d);
    hn_error err = {0};
    hn_json *j = NULL;
    hn_status st = hn_evaluate(m->ctx->dev, m->m, d->rows, batch_size > 0 ? batch_size : 8, &j, &err);
    if (st == HN_OK) {
        hn_buf b = {0};
        hn_json_write(&b, j, 0);
        *json = hn_buf_take(&b);
        if (!*json) st = hn_nomem(&err, 1);
    }
    hn_json_free(j);
    return hone_keep(m->ctx, st, &err);
}

/* ---- scores */

static hn_status take_row(void *user, int64_t row, const double *logp, int64_t n, hn_error *err) {
    (void)row;
    (void)err;
    memcpy(user, logp, (size_t)n * sizeof *logp);
    return HN_OK;
}

/* logp: [n - 1], or for one token [1]. */
static hn_status score(hone_model *m, const int32_t *ids, size_t n, double *logp, hn_error *err) {
    if (n == 0) return hn_fail(err, HN_EARG, "an empty text has no score");
    const int64_t at[2] = {0, (int64_t)n}, record = 1;
    uint8_t *loss = hn_alloc(n);
    if (!loss) return hn_nomem(err, n);
    for (size_t i = 0; i < n; i++) loss[i] = i > 0;
    const hn_rows rows = {.ids = ids, .loss = loss, .at = at, .record = &record, .rows = 1, .tokens = at[1], .longest = at[1]};
    hn_status st = hn_score_rows(m->ctx->dev, m->m, &rows, 1, take_row, logp, err);
    hn_free(loss);
    return st;
}

hone_status hone_score_ids(hone_model *m, const int32_t *ids, size_t n, double *logprob) {
    HONE_NEED(m && ids && logprob);
    hn_error err = {0};
    return hone_keep(m->ctx, score(m, ids, n, logprob, &err), &err);
}

hone_status hone_score(hone_model *m, hone_tokenizer *tok, const char *text, size_t len, double *logprob, int64_t *n) {
    HONE_NEED(m && tok && (text || len == 0));
    hn_error err = {0};
    hn_encoding e = {0};
    *logprob = 0;
    *n = 0;
    hn_status st = hn_tokenizer_encode(tok->t, (hn_str){text ? text : "", len}, HN_ENCODE_SPECIAL, &e, &err);
    double *logp = st == HN_OK ? hn_alloc_array(e.n + 1, sizeof *logp) : NULL;
    if (st == HN_OK && !logp) st = hn_nomem(&err, e.n * sizeof *logp);
    if (st == HN_OK) st = score(m, e.id, e.n, logp, &err);
    if (st == HN_OK) *n = (int64_t)e.n;
    for (int64_t i = 0; i + 1 < *n; i++) *logprob += logp[i];
    hn_free(logp);
    hn_encoding_release(&e);
    return hone_keep(m->ctx, st, &err);
}
