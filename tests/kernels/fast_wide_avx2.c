/* fast_wide_avx2.c - the vector filling with the register tiles of AVX-512 on AVX2 vectors: proves its index logic,
 * and that the shape of tiles never shows in the bits, on machines without AVX-512. Part of the tests only. */
#define WIDE_TILES
#include "dev/cpu/fast_tmpl.h"

extern const hn_kernels hn_kernels_wide_avx2;
const hn_kernels hn_kernels_wide_avx2 = {
    .dtype = HN_F32, .isa = "wide", .gemm_name = "own", .gemm = hn_gemm_own_avx2_f32, HN_SLOTS};
