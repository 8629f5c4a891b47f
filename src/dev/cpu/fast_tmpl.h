/* fast_tmpl.h - the vector filling, compiled once a level; the width is that of simd_impl.h. */
#include "dev/cpu/attn_drop_impl.h"
#include "dev/cpu/gemm_impl.h"
#include "dev/cpu/kernels_impl.h"
#include "dev/cpu/segs_impl.h"
#include "dev/cpu/vmath_impl.h"

typedef float real;
#include "dev/cpu/moves_tmpl.h"
#include "dev/cpu/fast_elem_tmpl.h"
#include "dev/cpu/fast_rows_tmpl.h"
#include "dev/cpu/fast_attn_tmpl.h"
#include "dev/cpu/fast_attn_fwd_tmpl.h"
#include "dev/cpu/fast_attn_back_tmpl.h"
