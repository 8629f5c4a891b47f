/* ref_tmpl.h - the reference filling, compiled once for each `real`: the specification of every slot, the
 * fallback on CPUs without vector units and the yardstick of the kernel tests. */
#include "dev/cpu/attn_drop_impl.h"
#include "dev/cpu/gemm_impl.h"
#include "dev/cpu/kernels_impl.h"
#include "dev/cpu/segs_impl.h"

#include <math.h>

#define D(x) ((double)(x))

#include "dev/cpu/moves_tmpl.h"
#include "dev/cpu/ref_elem_tmpl.h"
#include "dev/cpu/ref_rows_tmpl.h"
#include "dev/cpu/ref_attn_tmpl.h"
