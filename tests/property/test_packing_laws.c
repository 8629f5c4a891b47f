/* rooms: train gen model objective nn grad data text dev io base */
/* test_packing_laws.c - packing changes which tokens share a row and nothing else: each document has the log-probabilities it has
 * alone, and a step on packed rows is the step on the same documents unpacked, bit for bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train_tools.h"

static char folder[] = "/tmp/hone-test-XXXXXX";
static char rows_file[64], sorted_file[64], out_dir[64];

/* Rows of 40 down to 21 tokens: packed best fit decreasing into one row they keep their order. */
static void sorted_rows(void) {
    hn_buf b = {0};
    for (int n = 40; n > 20; n--) {
        hn_buf_puts(&b, "{\"input_ids\": [1");
        for (int k = 1; k < n; k++) hn_buf_printf(&b, ", %d", 3 + (k * 7919 + n * 104729) % 500);
        hn_buf_puts(&b, "]}\n");
    }
    assert_int_equal(hn_file_write(sorted_file, b.p, b.n, NULL), HN_OK);
    hn_buf_release(&b);
}

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(rows_file, sizeof rows_file, "%s/train.jsonl", folder);
    snprintf(sorted_file, sizeof sorted_file, "%s/sorted.jsonl", folder);
    snprintf(out_dir, sizeof out_dir, "%s/out", folder);
    run_token_file(rows_file, 60, 1);
    sorted_rows();
    return 0;
}

static int drop_folder(void **state) {
    (void)state;
    hn_par_shutdown();
    return hn_dir_remove(folder, NULL) == HN_OK ? 0 : -1;
}

static hn_rows *encode(const char *path, hn_packing how, int64_t length) {
    hn_encode_opts o;
    hn_error e = {0};
    hn_rows *rows;
    char *copy = hn_strdup(path);
    hn_strlist files = {&copy, 1};
    hn_encode_defaults(&o);
    o.packing = how;
    if (how != HN_PACK_NONE) o.max_length = length;
    if (hn_rows_encode(&files, NULL, &o, &rows, &e) != HN_OK) fail_msg("%s", e.msg);
    hn_free(copy);
    return rows;
}

typedef struct logps { /* log-probabilities of all rows, or documents, one after the other */
    double *v;
    int64_t n, rows;
} logps;

static hn_status take(void *user, int64_t row, const double *logp, int64_t n, hn_error *err) {
    (void)err;
    logps *l = user;
    assert_int_equal(row, l->rows++);
    memcpy(l->v + l->n, logp, (size_t)n * sizeof *logp);
    l->n += n;
    return HN_OK;
}

static logps score(hn_dev *dev, hn_model *m, const hn_rows *rows) {
    hn_error e = {0};
    logps l = {.v = hn_alloc_array((size_t)rows->tokens, sizeof(double))};
    if (hn_score_rows(dev, m, rows, rows->rows, take, &l, &e) != HN_OK) fail_msg("%s", e.msg); /* one batch: documents are counted through */
    return l;
}

/* The row with exactly these tokens. */
static int64_t find(const hn_rows *rows, const int32_t *id, int64_t n) {
    for (int64_t i = 0; i < rows->rows; i++) {
        int64_t at = rows->at[i];
        if (rows->at[i + 1] - at == n && memcmp(rows->ids + at, id, (size_t)n * sizeof *id) == 0) return i;
    }
    fail_msg("a document that is no row");
    return -1;
}

static void test_documents_as_alone(void **state) {
    (void)state;
    hn_dev *dev;
    hn_model *m;
    hn_error e = {0};
    assert_int_equal(hn_dev_cpu_new(NULL, &dev, &e), HN_OK);
    if (hn_model_load(dev, FIXTURES "/base", NULL, &m, &e) != HN_OK) fail_msg("%s", e.msg);
    hn_rows *alone = encode(rows_file, HN_PACK_NONE, 0), *packed = encode(rows_file, HN_PACK_BFD, 64);
    assert_int_equal(packed->documents, alone->rows);
    assert_int_equal(packed->tokens, alone->tokens);
    assert_int_equal(packed->targets, alone->targets);
    assert_true(packed->rows < alone->rows);
    logps a = score(dev, m, alone), p = score(dev, m, packed);
    assert_int_equal(p.rows, alone->rows);
    for (int64_t d = 0; d < packed->documents; d++) {
        int64_t at = packed->document[d], n = packed->document[d + 1] - at, i = find(alone, packed->ids + at, n);
        assert_int_equal(packed->loss[at], 0);
        assert_memory_equal(packed->loss + at, alone->loss + alone->at[i], (size_t)n);
        assert_memory_equal(p.v + at - d, a.v + alone->at[i] - i, (size_t)(n - 1) * sizeof(double)); /* a row has one value fewer than tokens */
    }
    hn_free(a.v);
    hn_free(p.v);
    hn_rows_free(alone);
    hn_rows_free(packed);
    hn_model_free(m);
    hn_dev_free(dev);
}

/* Three epochs of one step each; the caller frees the weights. */
static double *train(hn_packing how, const char *batch, int64_t *count) {
    const char *flags[] = {"output_dir", out_dir, "overwrite_output_dir", "true", "learning_rate", "1e-3", "save_strategy", "no",
                           "train_sampling_strategy", "sequential", "num_train_epochs", "3", "per_device_train_batch_size", batch, NULL};
    run r;
    run_config(&r, flags);
    run_parts(&r, FIXTURES "/base", NULL, sorted_file, NULL);
    hn_rows_free(r.train);
    r.train = encode(sorted_file, how, 1024);
    assert_int_equal(r.train->rows, how == HN_PACK_NONE ? 20 : 1);
    run_must(&r, run_start(&r), "start");
    run_until(&r, INT64_MAX);
    double *w = run_weights(&r, count);
    run_close(&r);
    return w;
}

static void test_same_steps(void **state) {
    (void)state;
    int64_t n, m;
    double *unpacked = train(HN_PACK_NONE, "20", &n), *packed = train(HN_PACK_BFD, "1", &m);
    assert_int_equal(n, m);
    assert_memory_equal(unpacked, packed, (size_t)n * sizeof *packed);
    double *crossing = train(HN_PACK_WRAPPED, "1", &m); /* one sequence of all documents: attention crosses, so this differs */
    assert_memory_not_equal(unpacked, crossing, (size_t)n * sizeof *packed);
    hn_free(unpacked);
    hn_free(packed);
    hn_free(crossing);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_documents_as_alone), cmocka_unit_test(test_same_steps)};
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
