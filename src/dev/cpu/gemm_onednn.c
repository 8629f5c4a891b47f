/* gemm_onednn.c - oneDNN's sgemm as a second filling of the slot, for comparison (--gemm onednn).
 *
 * dnnl_sgemm is the one entry that versions 2 and 3 share and that takes sizes at run time. It promises
 * neither equal bits for a row at different M nor for different numbers of threads. */
#include "dev/cpu/gemm_impl.h"

#ifdef HONE_HAVE_ONEDNN
#include <dlfcn.h>
#include <dnnl.h>
#include <pthread.h>
#include <string.h>

/* Most builds of oneDNN bring an OpenMP runtime; where they do, it takes our number of threads. The
 * symbol is looked up because linking OpenMP here could bring a second runtime into the process. */
static pthread_once_t omp_once = PTHREAD_ONCE_INIT;
static void (*omp_threads)(int);

static void omp_find(void)
{
    void *symbol = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    memcpy(&omp_threads, &symbol, sizeof(symbol));
}

void hn_gemm_onednn_f32(unsigned flags, int64_t m, int64_t n, int64_t k, const void *a, int64_t lda,
                        const void *b, int64_t ldb, void *c, int64_t ldc, const void *bias)
{
    if (m <= 0 || n <= 0) return;
    pthread_once(&omp_once, omp_find);
    if (omp_threads) omp_threads(hn_par_threads());
    dnnl_status_t st = dnnl_invalid_arguments;
    if (k > 0)
        st = dnnl_sgemm(flags & HN_GEMM_TA ? 'T' : 'N', flags & HN_GEMM_TB ? 'T' : 'N', m, n, k, 1.0f, a,
                        lda, b, ldb, flags & HN_GEMM_ACC ? 1.0f : 0.0f, c, ldc);
    if (st != dnnl_success) { /* nothing to sum, strides it refuses, no memory */
        hn_gemm_ref_f32(flags, m, n, k, a, lda, b, ldb, c, ldc, bias);
        return;
    }
    if (!bias) return;
    for (int64_t i = 0; i < m; i++) {
        float *row = (float *)c + i * ldc;
        for (int64_t j = 0; j < n; j++)
            row[j] += ((const float *)bias)[j];
    }
}
#endif
