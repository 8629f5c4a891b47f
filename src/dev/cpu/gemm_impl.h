/* gemm_impl.h - the fillings of the gemm slot (contract: hn_kernels.gemm in dev.h).
 *
 * All of them but oneDNN compute each element as the same chain c = fma(a[i,p], b[p,j], c) over
 * ascending p, so they agree in every bit; which one runs, how the work is cut and what stands
 * beside a row never shows in the result. A caller must check that the CPU has the level (AVX2: avx2
 * and fma; AVX-512: f, bw, vl, dq besides) before it takes the pointer. */
#ifndef HN_GEMM_IMPL_H
#define HN_GEMM_IMPL_H

#include "dev/dev.h"

#define HN_GEMM_PARAMS                                                                             \
    unsigned flags, int64_t m, int64_t n, int64_t k, const void *a, int64_t lda, const void *b,    \
        int64_t ldb, void *c, int64_t ldc, const void *bias

void hn_gemm_ref_f32(HN_GEMM_PARAMS);
void hn_gemm_ref_f64(HN_GEMM_PARAMS);
void hn_gemm_own_avx2_f32(HN_GEMM_PARAMS);
void hn_gemm_own_avx512_f32(HN_GEMM_PARAMS);
#ifdef HONE_HAVE_ONEDNN
void hn_gemm_onednn_f32(HN_GEMM_PARAMS); /* not row-independent: a yardstick */
#endif

/* Packing space of the calling thread, at least `bytes`, 64-byte aligned, one block of each kind; kept until the
 * thread ends or hn_gemm_scratch_release. NULL: no memory. */
enum { HN_SCRATCH_BLOCK, HN_SCRATCH_SHARED, HN_SCRATCH_KINDS };
void *hn_gemm_scratch(int kind, size_t bytes);
/* Gives the calling thread's packing space back (hn_dev_free calls it; threads of the pool free
 * theirs when they end). */
void hn_gemm_scratch_release(void);

#endif
