/* fast_avx512.c - the filling for AVX-512. */
#include "dev/cpu/fast_tmpl.h"

const hn_kernels hn_kernels_avx512_f32 = {
    .dtype = HN_F32, .isa = "avx512", .gemm_name = "own", .gemm = hn_gemm_own_avx512_f32, HN_SLOTS};
