/* fast_avx2.c - the filling for AVX2. */
#include "dev/cpu/fast_tmpl.h"

const hn_kernels hn_kernels_avx2_f32 = {
    .dtype = HN_F32, .isa = "avx2", .gemm_name = "own", .gemm = hn_gemm_own_avx2_f32, HN_SLOTS};
