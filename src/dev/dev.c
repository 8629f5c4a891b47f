/* dev.c - the device: which level of kernels this CPU runs, and the pool of its memory.
 *
 * Levels are nested (who has AVX-512 has AVX2), so everything that depends on the CPU is a constant
 * table indexed by the best level there is. */
#include "dev/cpu/gemm_impl.h"
#include "dev/cpu/kernels_impl.h"
#include "dev/dev_impl.h"

#include <stdlib.h>

enum { REF, AVX2, AVX512, LEVELS };
static const char *const level_name[LEVELS] = {"ref", "avx2", "avx512"};
static const hn_kernels *const level_f32[LEVELS] = {&hn_kernels_ref_f32, &hn_kernels_avx2_f32,
                                                    &hn_kernels_avx512_f32};

struct hn_dev {
    hn_kernels f32, f64;
    hn_pool pool;
    size_t stretch_to, stretch_from; /* equal: not at all */
};

static int best_level(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return REF;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return AVX2;
    return AVX512;
#else
    return REF;
#endif
}

const hn_isa *hn_dev_isas(size_t *count) {
    static const hn_isa isas[LEVELS][LEVELS] = {
        {{"ref", true, true}, {"avx2", true, false}, {"avx512", true, false}},
        {{"ref", true, true}, {"avx2", true, true}, {"avx512", true, false}},
        {{"ref", true, true}, {"avx2", true, true}, {"avx512", true, true}},
    };
    *count = LEVELS;
    return isas[best_level()];
}

const hn_kernels *hn_kernels_at(size_t i) {
    static const hn_kernels *const all[] = {&hn_kernels_ref_f32, &hn_kernels_ref_f64, &hn_kernels_avx2_f32,
                                            &hn_kernels_avx512_f32};
    return i < 2 + (size_t)best_level() ? all[i] : NULL;
}

static hn_status choose_level(int *out, hn_error *err) {
    const int best = best_level();
    const char *forced = getenv("HONE_ISA");
    *out = best;
    if (!forced || !*forced) return HN_OK;
    for (int i = 0; i < LEVELS; i++) {
        if (!hn_streq(forced, level_name[i])) continue;
        *out = i;
        if (i <= best) return HN_OK;
        hn_fail(err, HN_EARG, "HONE_ISA=%s: this CPU does not have these instructions", forced);
        hn_error_fix(err, "unset HONE_ISA, or set it to %s", level_name[best]);
        return HN_EARG;
    }
    hn_fail(err, HN_EARG, "HONE_ISA=%s: not a level", forced);
    hn_error_fix(err, "unset HONE_ISA, or set it to ref, avx2 or avx512");
    return HN_EARG;
}

static hn_status choose_gemm(const char *name, hn_kernels *f32, hn_error *err) {
    if (!name || hn_streq(name, "own")) return HN_OK;
    if (hn_streq(name, "ref")) {
        f32->gemm = hn_gemm_ref_f32;
        f32->gemm_name = "ref";
        return HN_OK;
    }
#ifdef HONE_HAVE_ONEDNN
    if (hn_streq(name, "onednn")) {
        f32->gemm = hn_gemm_onednn_f32;
        f32->gemm_name = "onednn";
        return HN_OK;
    }
    hn_fail(err, HN_EARG, "gemm '%s' is not known", name);
    hn_error_fix(err, "use own, onednn or ref");
#else
    hn_fail(err, HN_EARG, "gemm '%s' is not known to this build", name);
    hn_error_fix(err, "use own or ref; onednn needs a build with oneDNN");
#endif
    return HN_EARG;
}

hn_status hn_dev_cpu_new(const char *gemm, hn_dev **out, hn_error *err) {
    *out = NULL;
    int level;
    HN_TRY(choose_level(&level, err));
    hn_kernels f32 = *level_f32[level];
    HN_TRY(choose_gemm(gemm, &f32, err));
    hn_dev *d = hn_alloc(sizeof *d);
    if (!d) return hn_nomem(err, sizeof *d);
    d->f32 = f32;
    d->f64 = hn_kernels_ref_f64;
    hn_pool_init(&d->pool);
    hn_dev_stretch(d, 1, 1);
    *out = d;
    return HN_OK;
}

void hn_dev_free(hn_dev *d) {
    if (!d) return;
    hn_pool_trim(&d->pool);
    pthread_mutex_destroy(&d->pool.lock);
    hn_gemm_scratch_release();
    hn_free(d);
}

const hn_kernels *hn_dev_kernels(const hn_dev *d, hn_dtype dtype) {
    return dtype == HN_F32 ? &d->f32 : dtype == HN_F64 ? &d->f64 : NULL;
}

void *hn_dev_alloc(hn_dev *d, size_t bytes) {
    enum { SMALL = 64 << 10 }; /* below, the slack of a size class is room enough */
    const size_t to = d->stretch_to, from = d->stretch_from;
    if (bytes < SMALL || to == from || bytes > ((size_t)1 << 40)) return hn_pool_take(&d->pool, bytes);
    return hn_pool_take(&d->pool, bytes / from * to + (bytes % from * to + from - 1) / from);
}

void hn_dev_stretch(hn_dev *d, int64_t to, int64_t from) {
    const bool longer = from > 0 && to > from && to <= INT32_MAX;
    d->stretch_to = longer ? (size_t)to : 1;
    d->stretch_from = longer ? (size_t)from : 1;
}

void hn_dev_release(hn_dev *d, void *p, size_t bytes) {
    (void)bytes; /* a block knows its own size */
    hn_pool_give(&d->pool, p);
}

void hn_dev_trim(hn_dev *d) {
    hn_pool_trim(&d->pool);
}
