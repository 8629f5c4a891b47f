/* bench_gemm.c - float32 GEMM of the shapes of SmolLM2-135M: ours beside oneDNN's sgemm.
 *
 * One JSON object a line: shape, pass (fwd: X W^T, dx: dY W, dw: dY^T X added), threads, GFLOP/s of both
 * (median of interleaved repetitions), their ratio and the share of the memory bandwidth measured at
 * start (weights once; meant for small M). The last line holds the geometric means.
 *
 *   [HONE_ISA=avx2 DNNL_MAX_CPU_ISA=AVX2] bench_gemm [--threads N] [--reps R] [--quick] [--filter TEXT] */
#include "base/base.h"
#include "dev/cpu/gemm_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void gemm_fn(HN_GEMM_PARAMS);
enum { MAX_REPS = 101 };

typedef struct bench {
    int reps;
    double seconds; /* a measurement repeats the call until it lasted this long */
    const char *filter;
    gemm_fn *own;
    const char *isa;
    float *x, *w, *y; /* largest operands of every shape */
    double bandwidth;
    double log_ratio[2], worst[2]; /* [small M, M >= 256] */
    int shapes[2];
} bench;

typedef struct shape {
    int64_t m, n, k;
    unsigned flags;
    int64_t lda, ldb, ldc;
} shape;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* OpenMP's threads keep spinning for some milliseconds after a product of oneDNN, on the cores that ours need. */
static void settle(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static double seconds_per_call(const bench *b, gemm_fn *fn, const shape *s, int calls)
{
    double start = hn_now();
    for (int i = 0; i < calls; i++)
        fn(s->flags, s->m, s->n, s->k, b->x, s->lda, b->w, s->ldb, b->y, s->ldc, NULL);
    return (hn_now() - start) / calls;
}

static void measure(bench *b, const char *pass, int64_t tokens, const shape *s)
{
    char name[96];
    (void)snprintf(name, sizeof(name), "%s %lldx%lldx%lld", pass, (long long)s->m, (long long)s->n, (long long)s->k);
    if (b->filter && !strstr(name, b->filter)) return;
    gemm_fn *fns[2] = {b->own, NULL};
#ifdef HONE_HAVE_ONEDNN
    fns[1] = hn_gemm_onednn_f32;
#endif
    double t[2][MAX_REPS];
    int calls[2] = {1, 1};
    for (int f = 0; f < 2 && fns[f]; f++) {
        double once = seconds_per_call(b, fns[f], s, 1);
        once = fmin(once, seconds_per_call(b, fns[f], s, 1));
        calls[f] = once < b->seconds ? (int)(b->seconds / once) + 1 : 1;
    }
    for (int r = 0; r < b->reps; r++)
        for (int f = 0; f < 2 && fns[f]; f++) {
            settle();
            if (calls[f] > 1) (void)seconds_per_call(b, fns[f], s, 1); /* wakes the threads */
            t[f][r] = seconds_per_call(b, fns[f], s, calls[f]);
        }
    double flops = 2.0 * (double)s->m * (double)s->n * (double)s->k, speed[2] = {0, 0};
    for (int f = 0; f < 2 && fns[f]; f++) {
        qsort(t[f], (size_t)b->reps, sizeof(double), by_value);
        speed[f] = flops / t[f][b->reps / 2] * 1e-9;
    }
    double bytes = 4.0 * ((double)s->m * (double)s->k + (double)s->n * (double)s->k +
                          (double)s->m * (double)s->n * (s->flags & HN_GEMM_ACC ? 2 : 1));
    printf("{\"bench\": \"gemm\", \"pass\": \"%s\", \"m\": %lld, \"n\": %lld, \"k\": %lld, \"threads\": %d, "
           "\"variant\": \"%s\", \"gflops\": %.1f, \"bandwidth_share\": %.2f",
           pass, (long long)s->m, (long long)s->n, (long long)s->k, hn_par_threads(), b->isa, speed[0],
           bytes / t[0][b->reps / 2] / b->bandwidth);
    if (fns[1]) {
        printf(", \"onednn_gflops\": %.1f, \"ratio\": %.3f", speed[1], speed[0] / speed[1]);
        int large = tokens >= 256;
        b->log_ratio[large] += log(speed[0] / speed[1]);
        b->worst[large] = fmin(b->worst[large], speed[0] / speed[1]);
        b->shapes[large]++;
    }
    printf("}\n");
    fflush(stdout);
}

static void layer(bench *b, int64_t tokens, int64_t out, int64_t in)
{
    measure(b, "fwd", tokens, &(shape){tokens, out, in, HN_GEMM_TB, in, in, out});
    measure(b, "dx", tokens, &(shape){tokens, in, out, HN_GEMM_ACC, out, in, in});
    measure(b, "dw", tokens, &(shape){out, in, tokens, HN_GEMM_TA | HN_GEMM_ACC, out, in, in});
}

typedef struct reading {
    const float *x;
    float sum[4096];
} reading;

static void read_chunk(void *ctx, int64_t begin, int64_t end)
{
    reading *r = ctx;
    float s[64] = {0};
    for (int64_t i = begin; i < end; i += 64)
        for (int j = 0; j < 64; j++)
            s[j] += r->x[i + j];
    for (int j = 0; j < 64; j++)
        r->sum[begin / 65536 % 4096] += s[j];
}

/* Bytes a second of reading memory with all threads, best of 5. */
static double probe_bandwidth(const float *x, int64_t count)
{
    static reading r;
    double best = 0;
    r.x = x;
    for (int i = 0; i < 5; i++) {
        double start = hn_now();
        hn_par_for(count, 65536, read_chunk, &r);
        best = fmax(best, 4.0 * (double)count / (hn_now() - start));
    }
    return best;
}

static int bench_run(bench *b, bool quick)
{
    static const int64_t layers[][2] = {{576, 576}, {192, 576}, {1536, 576}, {576, 1536}};
    static const int64_t tokens[] = {1, 4, 16, 64, 256, 512, 1024, 2048};
    const size_t large = (size_t)49152 * 2048, weights = (size_t)49152 * 576;
    b->x = hn_alloc_array(large, sizeof(float));
    b->y = hn_alloc_array(large, sizeof(float));
    b->w = hn_alloc_array(weights, sizeof(float));
    if (!b->x || !b->y || !b->w) {
        fprintf(stderr, "bench_gemm: out of memory\n");
        return 1;
    }
    hn_rng_key key = {.seed = 1, .purpose = HN_RNG_TEST};
    hn_rng_fill_normal(&key, b->w, weights, 0, 0.02f);
    for (size_t i = 0; i < large; i += weights / 2)
        memcpy(b->x + i, b->w, (large - i < weights / 2 ? large - i : weights / 2) * sizeof(float));
    memset(b->y, 0, large * sizeof(float));
    b->bandwidth = probe_bandwidth(b->x, (int64_t)large / 65536 * 65536);
    printf("{\"bench\": \"gemm\", \"probe\": \"read\", \"gb_per_s\": %.1f}\n", b->bandwidth * 1e-9);
    for (size_t t = 0; t < sizeof(tokens) / sizeof(tokens[0]); t++) {
        if (quick && tokens[t] != 1 && tokens[t] != 256 && tokens[t] != 2048) continue;
        for (size_t l = 0; l < sizeof(layers) / sizeof(layers[0]); l++)
            layer(b, tokens[t], layers[l][0], layers[l][1]);
        if (!quick || tokens[t] < 2048) layer(b, tokens[t], 49152, 576);
    }
    for (int i = 0; i < 2; i++)
        if (b->shapes[i])
            printf("{\"bench\": \"gemm\", \"summary\": \"%s\", \"threads\": %d, \"shapes\": %d, "
                   "\"geomean_ratio\": %.3f, \"worst_ratio\": %.3f}\n",
                   i ? "tokens >= 256" : "tokens < 256", hn_par_threads(), b->shapes[i],
                   exp(b->log_ratio[i] / b->shapes[i]), b->worst[i]);
    return 0;
}

int main(int argc, char **argv)
{
    bench b = {.reps = 7, .seconds = 0.02, .worst = {1e9, 1e9}};
    bool quick = false;
    for (int i = 1; i < argc; i++) {
        bool value = i + 1 < argc;
        if (!strcmp(argv[i], "--threads") && value)
            hn_par_set_threads(atoi(argv[++i]));
        else if (!strcmp(argv[i], "--reps") && value)
            b.reps = (int)fmin(fmax(atoi(argv[++i]), 5), MAX_REPS);
        else if (!strcmp(argv[i], "--filter") && value)
            b.filter = argv[++i];
        else if (!strcmp(argv[i], "--quick"))
            quick = true;
        else {
            fprintf(stderr, "usage: bench_gemm [--threads N] [--reps R] [--quick] [--filter TEXT]\n");
            return 2;
        }
    }
    hn_dev *dev;
    hn_error err = {0};
    if (hn_dev_cpu_new("own", &dev, &err) != HN_OK) {
        fprintf(stderr, "bench_gemm: %s\n", err.msg);
        return 2;
    }
    b.own = hn_dev_kernels(dev, HN_F32)->gemm;
    b.isa = hn_dev_kernels(dev, HN_F32)->isa;
    int rc = bench_run(&b, quick);
    hn_dev_free(dev);
    hn_free(b.x);
    hn_free(b.y);
    hn_free(b.w);
    hn_par_shutdown();
    return rc;
}
