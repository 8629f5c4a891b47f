/* ref_f32.c - the reference filling for float. */
typedef float real;
#include "dev/cpu/ref_tmpl.h"

const hn_kernels hn_kernels_ref_f32 = {
    .dtype = HN_F32, .isa = "ref", .gemm_name = "ref", .gemm = hn_gemm_ref_f32, HN_SLOTS};
