/* vmath_impl.h - exp, tanh, erf and the activations on 16 floats.
 *
 * Polynomials are our own minimax fits (Lawson iteration on a Chebyshev grid), the error of each below 2^-27 of the
 * result; measured against libm in double over the whole range: exp 1 ulp, tanh and erf 2 ulp. exp gives 0 below
 * -87.3 (no subnormals) and exactly 0 for -inf, infinity above 88.72, NaN for NaN. */
#ifndef HN_VMATH_IMPL_H
#define HN_VMATH_IMPL_H

#include "dev/cpu/kernels_impl.h"
#include "dev/cpu/simd_impl.h"

#include <math.h>

#define POLY(x, c) v_poly(x, c, (int)(sizeof(c) / sizeof *(c)))

/* c[0] + c[1] x + ... */
INLINE vf v_poly(vf x, const float *c, int n) {
    vf y = v_set1(c[n - 1]);
    UNROLL for (int i = n - 2; i >= 0; i--) y = v_fma(y, x, v_set1(c[i]));
    return y;
}

/* exp for x <= 88.72: x = k ln 2 + r, exp(r) = 1 + r + r^2 q(r) */
INLINE vf v_exp_low(vf x) {
    static const float q[] = {0.5f, 0.166665181517601f, 0.04166620597243309f, 0.008368954062461853f,
                              0.0013950599823147058f};
    const vf least = v_set1(-87.3f);
    const vmask tiny = v_less(x, least);
    x = v_max(least, x);
    const vf k = v_round(v_mul(x, v_set1(1.44269504f)));
    vf r = v_fnma(k, v_set1(0.693145751953125f), x); /* ln 2 in two parts; k times the first is exact */
    r = v_fnma(k, v_set1(1.42860677e-6f), r);
    const vf e = v_add(v_fma(POLY(r, q), v_mul(r, r), r), v_set1(1.0f));
    return v_select(tiny, v_zero(), v_scale2(e, k));
}

INLINE vf v_exp(vf x) {
    const vf most = v_set1(88.7228f);
    return v_select(v_less(most, x), v_set1(INFINITY), v_exp_low(v_min(most, x)));
}

INLINE vf v_tanh(vf x) {
    static const float p[] = {-0.3333328068256378f, 0.13331441581249237f, -0.05373971164226532f,
                              0.020639078691601753f, -0.005704978480935097f};
    const vf a = v_abs(x), s = v_mul(a, a);
    const vf small = v_fma(v_mul(POLY(s, p), s), a, a);
    const vf e = v_exp_low(v_mul(v_set1(2.0f), v_min(v_set1(10.0f), a)));
    const vf large = v_sub(v_set1(1.0f), v_div(v_set1(2.0f), v_add(e, v_set1(1.0f))));
    return v_or(v_select(v_less(a, v_set1(0.625f)), small, large), v_sign(x));
}

/* |x| < 1: x p(x^2); else 1 - exp(-q(|x|)), q fitted to -log(erfc) on [1, 4], beyond which erf is 1 */
INLINE vf v_erf(vf x) {
    static const float p[] = {1.1283791065216064f,   -0.3761262595653534f,   0.1128358542919159f,
                              -0.026853810995817184f, 0.005188327748328447f, -0.0008010192541405559f,
                              7.853857823647559e-05f};
    static const float q[] = {-0.00018847019237000495f, 1.1295803785324097f,  0.633216381072998f,
                              0.10842212289571762f,    -0.02521035633981228f, 0.0042052906937897205f,
                              -0.00044147385051473975f, 2.1697715055779554e-05f};
    const vf a = v_min(v_set1(4.0f), v_abs(x)), s = v_mul(a, a);
    const vf small = v_mul(POLY(s, p), a);
    const vf large = v_sub(v_set1(1.0f), v_exp_low(v_sub(v_zero(), POLY(a, q))));
    return v_or(v_select(v_less(a, v_set1(1.0f)), small, large), v_sign(x));
}

INLINE vf v_sigmoid(vf x) {
    return v_div(v_set1(1.0f), v_add(v_set1(1.0f), v_exp(v_sub(v_zero(), x))));
}

/* t = (1 + tanh(u)) / 2 = 1 / (1 + e^-2u) of the tanh form of GELU, without cancellation; *slope: dt/dx */
INLINE vf gelu_gate(vf x, vf *slope) {
    const vf s = v_mul(x, x), c = v_set1((float)(-2 * GELU_C));
    const vf u = v_mul(v_mul(c, x), v_fma(v_set1((float)GELU_A), s, v_set1(1.0f)));
    const vf one = v_set1(1.0f), e = v_exp(u), t = v_div(one, v_add(one, e));
    const vf rest = v_select(v_less(e, one), v_mul(e, t), v_sub(one, t)); /* 1 - t */
    const vf du = v_mul(c, v_fma(v_set1((float)(3 * GELU_A)), s, v_set1(1.0f)));
    *slope = v_sub(v_zero(), v_mul(v_mul(t, rest), du));
    return t;
}

INLINE vf gelu_phi(vf x) { /* standard normal distribution function */
    return v_fma(v_set1(0.5f), v_erf(v_mul(x, v_set1((float)M_SQRT1_2))), v_set1(0.5f));
}

INLINE vf v_act(hn_act kind, vf x) {
    vf du;
    switch (kind) {
    case HN_ACT_GELU: return v_mul(x, gelu_phi(x));
    case HN_ACT_GELU_TANH: return v_mul(x, gelu_gate(x, &du));
    case HN_ACT_SILU: return v_div(x, v_add(v_set1(1.0f), v_exp(v_sub(v_zero(), x))));
    case HN_ACT_RELU: return v_max(v_zero(), x);
    case HN_ACT_TANH: return v_tanh(x);
    case HN_ACT_NONE: break;
    }
    return x;
}

/* Value and slope together share their costly part. */
INLINE vf v_act_slope(hn_act kind, vf x, vf *value) {
    const vf one = v_set1(1.0f);
    vf t, du;
    switch (kind) {
    case HN_ACT_GELU:
        t = gelu_phi(x);
        *value = v_mul(x, t);
        du = v_mul(v_exp_low(v_mul(v_mul(x, x), v_set1(-0.5f))), v_set1((float)INV_SQRT_2PI));
        return v_fma(x, du, t);
    case HN_ACT_GELU_TANH:
        t = gelu_gate(x, &du);
        *value = v_mul(x, t);
        return v_fma(x, du, t);
    case HN_ACT_SILU:
        t = v_sigmoid(x);
        *value = v_mul(x, t);
        return v_mul(t, v_fma(x, v_sub(one, t), one));
    case HN_ACT_RELU:
        *value = v_max(v_zero(), x);
        return v_select(v_less(v_zero(), x), one, v_zero());
    case HN_ACT_TANH:
        *value = t = v_tanh(x);
        return v_fnma(t, t, one);
    case HN_ACT_NONE: break;
    }
    *value = x;
    return one;
}

#endif
