/* kernels_impl.h - the fillings of the row of slots: one constant table a level and dtype. */
#ifndef HN_KERNELS_IMPL_H
#define HN_KERNELS_IMPL_H

#include "dev/dev.h"

extern const hn_kernels hn_kernels_ref_f32, hn_kernels_ref_f64;
extern const hn_kernels hn_kernels_avx2_f32, hn_kernels_avx512_f32;

/* The definitions of a table by the names that every filling gives its functions. */
#define HN_SLOTS                                                                                       \
    .embed = embed, .embed_back = embed_back, .rmsnorm = rmsnorm, .rmsnorm_back = rmsnorm_back,        \
    .layernorm = layernorm, .layernorm_back = layernorm_back, .act = act, .act_back = act_back,        \
    .gated_act = gated_act, .gated_act_back = gated_act_back, .rope = rope, .attention = attention,    \
    .attention_back = attention_back, .add = add, .axpy = axpy, .scale = scale, .mul = mul,            \
    .colsum = colsum, .rows = rows, .rows_back = rows_back, .row_stats = row_stats,                    \
    .logits_back = logits_back, .sumsq = sumsq, .finite = all_finite, .adamw = adamw

/* sqrt(2 / pi) and the cubic coefficient of the tanh form of GELU (Hendrycks and Gimpel 2016); 1 / sqrt(2 pi). */
#define GELU_C 0.79788456080286535588
#define GELU_A 0.044715
#define INV_SQRT_2PI 0.39894228040143267794

/* float <-> half of count elements with the conversion instructions of F16C; bits as uint16_t. */
void hn_half_to_float_avx2(int64_t count, const uint16_t *x, float *y);
void hn_float_to_half_avx2(int64_t count, const float *x, uint16_t *y);

#endif
