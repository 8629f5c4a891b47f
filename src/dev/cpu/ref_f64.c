/* ref_f64.c - the reference filling for double: gradient checks and the truth of the kernel tests. */
typedef double real;
#include "dev/cpu/ref_tmpl.h"

const hn_kernels hn_kernels_ref_f64 = {
    .dtype = HN_F64, .isa = "ref", .gemm_name = "ref", .gemm = hn_gemm_ref_f64, HN_SLOTS};
