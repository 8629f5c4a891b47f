/* rooms: model nn grad data text dev io base */
/* test_model_laws.c - laws every model family keeps, to the bit: packed = one at a time, shared prefix = unshared,
 * cached decoding = full forward, checkpointed = not, one thread = several, mapped = copied, save -> load = the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/io.h"
#include "model_bench.h"

#include <stdio.h>
#include <unistd.h>

static const char *const MODELS[] = {"llama", "llama_yarn", "mistral", "qwen3", "gpt2", "gpt_neox", "gpt_neox_seq"};
enum { MODEL_COUNT = sizeof MODELS / sizeof *MODELS, PROMPT = 21, ANSWERS = 3, VOCAB = 96 };

static hn_dev *dev;
static char dir[64];

static hn_model *load(const char *name, bool read_only) {
    char path[512];
    snprintf(path, sizeof path, FIXTURES "/models/%s", name);
    hn_error err = {0};
    hn_model *m = NULL;
    const hn_load_opts o = {.dtype = HN_F32, .read_only = read_only};
    if (hn_model_load(dev, path, &o, &m, &err) != HN_OK) fail_msg("%s: %s", name, err.msg);
    return m;
}

static hn_tape *new_tape(void) {
    hn_tape *t = NULL;
    assert_int_equal(hn_tape_new(dev, HN_F32, &t, NULL), HN_OK);
    return t;
}

static void random_ids(uint64_t seed, int32_t *id, int64_t n) {
    hn_rng_key key = {.seed = seed, .purpose = HN_RNG_TEST};
    for (int64_t i = 0; i < n; i++) id[i] = (int32_t)(hn_rng_uniform(&key, (uint64_t)i) * VOCAB);
}

static float *logits_of(hn_model *m, hn_tape *t, const hn_batch *b, hn_kv_cache *cache) {
    hn_error err = {0};
    float *out = hn_alloc_array(MOST_TOKENS, VOCAB * sizeof *out);
    assert_non_null(out);
    if (bench_logits(m, t, b, cache, out, &err) != HN_OK) fail_msg("%s", err.msg);
    return out;
}

static void same_rows(const char *what, const char *model, const float *a, const float *b, int64_t rows) {
    for (int64_t i = 0; i < rows * VOCAB; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("%s, %s: row %lld column %lld: %.9g is not %.9g", what, model, (long long)(i / VOCAB),
                     (long long)(i % VOCAB), (double)a[i], (double)b[i]);
}

static void test_packed_is_single(void **state) {
    (void)state;
    static const int64_t length[] = {1, 33, 2, 17, 48, 5, 64, 16, 3, 31};
    enum { N = sizeof length / sizeof *length };
    static bench packed, one;
    int32_t id[MOST_TOKENS];
    for (int i = 0; i < MODEL_COUNT; i++) {
        hn_model *m = load(MODELS[i], false);
        hn_tape *t = new_tape();
        bench_clear(&packed);
        for (int k = 0; k < N; k++) {
            random_ids((uint64_t)k, id, length[k]);
            bench_row(&packed, id, length[k]);
        }
        float *all = logits_of(m, t, &packed.b, NULL);
        for (int k = 0; k < N; k++) {
            bench_clear(&one);
            bench_row(&one, packed.id + packed.start[k], length[k]);
            float *alone = logits_of(m, t, &one.b, NULL);
            same_rows("packed", MODELS[i], all + (int64_t)packed.start[k] * VOCAB, alone, length[k]);
            hn_free(alone);
        }
        hn_par_set_threads(1);
        float *serial = logits_of(m, t, &packed.b, NULL);
        hn_par_set_threads(3);
        float *three = logits_of(m, t, &packed.b, NULL);
        hn_par_set_threads(0);
        same_rows("1 thread", MODELS[i], all, serial, packed.b.tokens);
        same_rows("3 threads", MODELS[i], all, three, packed.b.tokens);
        hn_free(three);
        hn_free(serial);
        hn_free(all);
        hn_tape_free(t);
        hn_model_free(m);
    }
}

static const int64_t ANSWER[ANSWERS] = {1, 19, 8};

/* Prompt and answers: whole rows, or one tree. */
static void tree_batches(bench *whole, bench *tree) {
    int32_t id[MOST_TOKENS];
    random_ids(77, id, PROMPT);
    bench_clear(whole);
    bench_clear(tree);
    bench_segment(tree, id, PROMPT, 0, -1);
    for (int k = 0; k < ANSWERS; k++) {
        random_ids(100 + (uint64_t)k, id + PROMPT, ANSWER[k]);
        bench_segment(whole, id, PROMPT + ANSWER[k], 0, -1);
        bench_segment(tree, id + PROMPT, ANSWER[k], PROMPT, 0);
    }
}

static void test_shared_prefix(void **state) {
    (void)state;
    static bench whole, tree;
    tree_batches(&whole, &tree);
    for (int i = 0; i < MODEL_COUNT; i++) {
        hn_model *m = load(MODELS[i], false);
        hn_tape *t = new_tape();
        float *a = logits_of(m, t, &whole.b, NULL), *b = logits_of(m, t, &tree.b, NULL);
        for (int k = 0; k < ANSWERS; k++) {
            same_rows("prompt", MODELS[i], a + (int64_t)whole.start[k] * VOCAB, b, PROMPT);
            same_rows("answer", MODELS[i], a + (int64_t)(whole.start[k] + PROMPT) * VOCAB, b + (int64_t)tree.start[k + 1] * VOCAB,
                      ANSWER[k]);
        }
        hn_free(a);
        hn_free(b);
        hn_tape_free(t);
        hn_model_free(m);
    }
}

static double *gradients(hn_model *m, const hn_batch *b, const hn_forward_opts *o, int64_t *count);

static void add_target(bench *x, int32_t row, int32_t id) {
    x->row[x->b.rows] = row;
    x->target[x->b.rows++] = id;
}

/* Losses on the answers: the tree's gradients are those of whole rows, up to the order of sums. */
static void test_shared_gradients(void **state) {
    (void)state;
    static bench whole, tree;
    tree_batches(&whole, &tree);
    for (int k = 0; k < ANSWERS; k++) {
        for (int32_t i = 0; i < ANSWER[k]; i++) {
            int32_t id = tree.id[tree.start[k + 1] + i];
            add_target(&whole, whole.start[k] + PROMPT - 1 + i, id);
            add_target(&tree, i ? tree.start[k + 1] + i - 1 : PROMPT - 1, id);
        }
    }
    const hn_forward_opts o = {.checkpointing = true};
    for (int i = 0; i < MODEL_COUNT; i++) {
        hn_model *m = load(MODELS[i], false);
        int64_t n = 0;
        double *a = gradients(m, &whole.b, &o, &n), *b = gradients(m, &tree.b, &o, &n), size = 0, off = 0;
        for (int64_t j = 0; j < n; j++) {
            size += a[j] * a[j];
            off += (a[j] - b[j]) * (a[j] - b[j]);
        }
        if (!(off <= 1e-12 * size)) fail_msg("%s: gradients differ by %g of %g", MODELS[i], off, size);
        hn_free(a);
        hn_free(b);
        hn_model_free(m);
    }
}

/* The prompt in two pieces, then every answer token by token below it, all answers side by side. */
static void decode(hn_model *m, hn_tape *t, const bench *whole, const char *name, const float *full) {
    const hn_model_info *f = hn_model_get_info(m);
    hn_error err = {0};
    hn_kv_cache *c = NULL;
    int32_t prompt = 0, seg[ANSWERS];
    static bench x;
    assert_int_equal(hn_kv_cache_new(dev, HN_F32, (int32_t)f->layers, f->kv_heads * f->head_dim, &c, &err), HN_OK);
    assert_int_equal(hn_kv_cache_add(c, 0, 0, &prompt, &err), HN_OK);
    for (int piece = 0; piece < 2; piece++) {
        int32_t from = piece ? 13 : 0, to = piece ? PROMPT : 13;
        bench_clear(&x);
        bench_segment(&x, whole->id + from, to - from, from, -1 - prompt);
        assert_int_equal(hn_kv_cache_append_to(c, &prompt, 1, &err), HN_OK);
        float *part = logits_of(m, t, &x.b, c);
        same_rows("prefill", name, part, full + (int64_t)from * VOCAB, to - from);
        hn_free(part);
    }
    assert_int_equal(hn_kv_cache_len(c, prompt), PROMPT);
    for (int k = 0; k < ANSWERS; k++) assert_int_equal(hn_kv_cache_add(c, prompt, 2, &seg[k], &err), HN_OK);
    hn_kv_cache_release(c, prompt); /* its children hold it */
    for (int64_t i = 0; i < ANSWER[1]; i++) {
        int32_t target[ANSWERS], who[ANSWERS], n = 0;
        bench_clear(&x);
        for (int k = 0; k < ANSWERS; k++) {
            if (i >= ANSWER[k]) continue;
            assert_int_equal(hn_kv_cache_path(c, seg[k]), PROMPT + i);
            bench_segment(&x, whole->id + whole->start[k] + PROMPT + i, 1, (int32_t)(PROMPT + i), -1 - seg[k]);
            target[n] = seg[k];
            who[n++] = k;
        }
        assert_int_equal(hn_kv_cache_append_to(c, target, n, &err), HN_OK);
        float *row = logits_of(m, t, &x.b, c);
        for (int j = 0; j < n; j++)
            same_rows("decode", name, row + (int64_t)j * VOCAB, full + (int64_t)(whole->start[who[j]] + PROMPT + i) * VOCAB, 1);
        hn_free(row);
        if (i == 4) { /* back two tokens, and again */
            hn_kv_cache_truncate(c, seg[1], 3);
            bench_clear(&x);
            bench_segment(&x, whole->id + whole->start[1] + PROMPT + 3, 2, PROMPT + 3, -1 - seg[1]);
            assert_int_equal(hn_kv_cache_append_to(c, &seg[1], 1, &err), HN_OK);
            float *again = logits_of(m, t, &x.b, c);
            same_rows("after truncate", name, again, full + (int64_t)(whole->start[1] + PROMPT + 3) * VOCAB, 2);
            hn_free(again);
        }
    }
    assert_true(hn_kv_cache_bytes(c) > 0);
    for (int k = 0; k < ANSWERS; k++) hn_kv_cache_release(c, seg[k]);
    assert_int_equal(hn_kv_cache_bytes(c), 0);
    hn_kv_cache_free(c);
}

static void test_cached_is_full(void **state) {
    (void)state;
    static bench whole, tree;
    tree_batches(&whole, &tree);
    for (int i = 0; i < MODEL_COUNT; i++) {
        hn_model *m = load(MODELS[i], true);
        hn_tape *t = new_tape();
        float *full = logits_of(m, t, &whole.b, NULL);
        decode(m, t, &whole, MODELS[i], full);
        hn_free(full);
        hn_tape_free(t);
        hn_model_free(m);
    }
}

static void test_cache_refusals(void **state) {
    (void)state;
    hn_error err = {0};
    hn_kv_cache *c = NULL;
    hn_model *m = load("llama", true);
    hn_tape *t = new_tape();
    const hn_model_info *f = hn_model_get_info(m);
    int32_t seg = 0, other = 0, id[4] = {1, 2, 3, 4};
    static bench x;
    assert_int_equal(hn_kv_cache_new(dev, HN_F32, (int32_t)f->layers, f->kv_heads * f->head_dim, &c, &err), HN_OK);
    assert_int_equal(hn_kv_cache_add(c, 5, 0, &seg, &err), HN_EARG);
    assert_int_equal(hn_kv_cache_add(c, 0, 0, &seg, &err), HN_OK);
    assert_int_equal(hn_kv_cache_append_to(c, (int32_t[]){seg, seg}, 2, &err), HN_EARG);
    assert_int_equal(hn_kv_cache_append_to(c, (int32_t[]){9}, 1, &err), HN_EARG);
    bench_clear(&x);
    bench_segment(&x, id, 4, 0, -1 - 7);
    assert_int_equal(bench_logits(m, t, &x.b, c, NULL, &err), HN_EARG);
    assert_non_null(strstr(err.msg, "cached segment 7"));
    const hn_forward_opts o = {.cache = c};
    bench_clear(&x);
    bench_segment(&x, id, 4, 0, -1);
    hn_tape_record(t, true);
    assert_null(hn_model_hidden(m, t, &x.b, &o));
    assert_int_equal(hn_tape_status(t, &err), HN_ESTATE);
    hn_tape_reset(t);
    assert_int_equal(hn_kv_cache_append_to(c, (int32_t[]){seg, 0}, 2, &err), HN_OK);
    assert_int_equal(bench_logits(m, t, &x.b, c, NULL, &err), HN_ESTATE);
    hn_kv_cache_release(c, seg);
    assert_int_equal(hn_kv_cache_add(c, 0, 0, &other, &err), HN_OK);
    assert_int_equal(other, seg); /* numbers are handed out again */
    hn_kv_cache_free(c);
    hn_tape_free(t);
    hn_model_free(m);
}

/* All gradients and the loss of one step, one after another. */
static double *gradients(hn_model *m, const hn_batch *b, const hn_forward_opts *o, int64_t *count) {
    hn_tape *t = new_tape();
    hn_error err = {0};
    bench_grads g;
    double loss = 0;
    bench_grads_open(&g, m);
    hn_tape_seed(t, 42, 3);
    if (bench_step(m, t, b, o, 0.01, &loss, &err) != HN_OK) fail_msg("%s", err.msg);
    *count = hn_model_get_info(m)->parameters + 1;
    double *out = hn_alloc_array((size_t)*count, sizeof *out);
    assert_non_null(out);
    int64_t at = 0;
    out[at++] = loss;
    for (size_t i = 0; i < g.n; i++) {
        hn_tensor_get(&g.g[i], out + at);
        at += hn_tensor_count(&g.g[i]);
    }
    assert_int_equal(at, *count);
    bench_grads_close(&g);
    hn_tape_free(t);
    return out;
}

static void check_checkpointing(hn_model *m, const char *name, double neftune) {
    static bench x;
    int32_t id[64];
    int64_t n = 0;
    bench_clear(&x);
    for (int k = 0; k < 3; k++) {
        random_ids(50 + (uint64_t)k, id, 20 + 9 * k);
        bench_row(&x, id, 20 + 9 * k);
    }
    const hn_forward_opts plain = {.train = true, .neftune_alpha = neftune};
    const hn_forward_opts saving = {.train = true, .neftune_alpha = neftune, .checkpointing = true};
    double *a = gradients(m, &x.b, &plain, &n), *b = gradients(m, &x.b, &saving, &n);
    double *quiet = gradients(m, &x.b, &(hn_forward_opts){0}, &n);
    for (int64_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0) fail_msg("%s: checkpointed gradient %lld differs", name, (long long)i);
    bool noise = memcmp(a, quiet, (size_t)n * sizeof *a) != 0;
    assert_int_equal(noise, neftune > 0);
    hn_free(a);
    hn_free(b);
    hn_free(quiet);
}

static void test_checkpointed_is_not(void **state) {
    (void)state;
    for (int i = 0; i < MODEL_COUNT; i++) {
        hn_model *m = load(MODELS[i], false);
        check_checkpointing(m, MODELS[i], 0);
        check_checkpointing(m, MODELS[i], 5);
        hn_model_free(m);
    }
}

static const char *const NOISY[] = {
    "{\"model_type\":\"gpt2\",\"vocab_size\":96,\"n_embd\":24,\"n_layer\":3,\"n_head\":3,\"n_positions\":64,\"attn_pdrop\":0.0,"
    "\"initializer_range\":0.3}",
    "{\"model_type\":\"gpt_neox\",\"vocab_size\":96,\"hidden_size\":24,\"num_hidden_layers\":3,\"num_attention_heads\":3,"
    "\"intermediate_size\":40,\"hidden_dropout\":0.2,\"initializer_range\":0.3}",
};

/* Dropout inside and outside of checkpoints draws the same masks. */
static void test_checkpointed_dropout(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        hn_error err = {0};
        hn_model *m = NULL;
        snprintf(path, sizeof path, "%s/noisy.json", dir);
        assert_int_equal(hn_file_write(path, NOISY[i], strlen(NOISY[i]), &err), HN_OK);
        if (hn_model_init(dev, path, 7, HN_F32, 0, &m, &err) != HN_OK) fail_msg("%s", err.msg);
        check_checkpointing(m, "dropout", 3);
        hn_model_free(m);
    }
}

static void read_file(const char *name, hn_buf *out) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    hn_error err = {0};
    if (hn_file_read(path, out, &err) != HN_OK) fail_msg("%s", err.msg);
}

static void save_in(hn_model *m, const char *name, const hn_save_opts *o) {
    char path[256];
    hn_error err = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(hn_dir_make(path, &err), HN_OK);
    if (hn_model_save(m, path, o, &err) != HN_OK) fail_msg("%s", err.msg);
}

static hn_model *load_in(const char *name, bool read_only) {
    char path[256];
    hn_error err = {0};
    hn_model *m = NULL;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    const hn_load_opts o = {.dtype = HN_F32, .read_only = read_only};
    if (hn_model_load(dev, path, &o, &m, &err) != HN_OK) fail_msg("%s", err.msg);
    return m;
}

static void same_weights(hn_model *a, hn_model *b) {
    size_t n, k;
    hn_param *p = hn_model_params(a, &n), *q = hn_model_params(b, &k);
    assert_int_equal(n, k);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(p[i].name, q[i].name);
        assert_memory_equal(p[i].t->data, q[i].t->data, hn_tensor_bytes(p[i].t));
    }
}

static void test_save_load(void **state) {
    (void)state;
    for (int i = 0; i < MODEL_COUNT; i++) {
        hn_model *m = load(MODELS[i], false);
        save_in(m, "first", NULL);
        hn_model *again = load_in("first", false), *mapped = load_in("first", true);
        same_weights(m, again);
        same_weights(m, mapped);
        save_in(mapped, "second", NULL);
        save_in(again, "shards", &(hn_save_opts){.dtype = HN_F32, .shard_bytes = 20000});
        hn_model *sharded = load_in("shards", false);
        same_weights(m, sharded);
        static const char *const files[] = {"model.safetensors", "config.json", "generation_config.json"};
        for (size_t k = 0; k < 3; k++) {
            char a[64], b[64];
            hn_buf x = {0}, y = {0};
            snprintf(a, sizeof a, "first/%s", files[k]);
            snprintf(b, sizeof b, "second/%s", files[k]);
            read_file(a, &x);
            read_file(b, &y);
            assert_int_equal(x.n, y.n);
            assert_memory_equal(x.p, y.p, x.n);
            hn_buf_release(&x);
            hn_buf_release(&y);
        }
        hn_model_free(sharded);
        hn_model_free(mapped);
        hn_model_free(again);
        hn_model_free(m);
        assert_int_equal(hn_dir_remove(dir, NULL), HN_OK);
        assert_int_equal(hn_dir_make(dir, NULL), HN_OK);
    }
}

/* bfloat16 and float16 on disk: what is loaded is what was saved, and saving it again gives the same bytes. */
static void test_half_files(void **state) {
    (void)state;
    static const hn_dtype kinds[] = {HN_BF16, HN_F16};
    for (int i = 0; i < 2; i++) {
        hn_model *m = load("qwen3", false);
        const hn_save_opts o = {.dtype = kinds[i]};
        save_in(m, "half", &o);
        hn_model *half = load_in("half", true);
        assert_int_equal(hn_model_get_info(half)->file_dtype, kinds[i]);
        save_in(half, "half2", &o);
        hn_buf x = {0}, y = {0};
        read_file("half/model.safetensors", &x);
        read_file("half2/model.safetensors", &y);
        assert_int_equal(x.n, y.n);
        assert_memory_equal(x.p, y.p, x.n);
        hn_buf_clear(&x);
        read_file("half/config.json", &x);
        assert_non_null(strstr(x.p, i ? "\"dtype\": \"float16\"" : "\"dtype\": \"bfloat16\""));
        hn_buf_release(&x);
        hn_buf_release(&y);
        size_t n;
        hn_param *p = hn_model_params(m, &n), *q = hn_model_params(half, &n);
        double worst = 0;
        for (size_t k = 0; k < n; k++) {
            const float *a = p[k].t->data, *b = q[k].t->data;
            for (int64_t j = 0; j < hn_tensor_count(p[k].t); j++) {
                double d = (double)a[j] - (double)b[j], s = (double)a[j] < 0 ? -(double)a[j] : (double)a[j];
                if (s > 1e-3 && (d < 0 ? -d : d) / s > worst) worst = (d < 0 ? -d : d) / s;
            }
        }
        assert_true(worst > 0 && worst <= (i ? 0x1p-11 : 0x1p-8));
        hn_model_free(half);
        hn_model_free(m);
    }
}

static int open_all(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "%s", "/tmp/hone-laws-XXXXXX");
    return hn_dev_cpu_new(NULL, &dev, NULL) == HN_OK && mkdtemp(dir) ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    hn_dev_free(dev);
    return hn_dir_remove(dir, NULL) == HN_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed_is_single),    cmocka_unit_test(test_shared_prefix),
        cmocka_unit_test(test_cached_is_full),      cmocka_unit_test(test_cache_refusals),
        cmocka_unit_test(test_checkpointed_is_not), cmocka_unit_test(test_checkpointed_dropout),
        cmocka_unit_test(test_save_load),           cmocka_unit_test(test_half_files),
        cmocka_unit_test(test_shared_gradients),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
