/* tensor.c - headers in the tape's arena, bytes in the device pool.
 *
 * A tensor of the tape stays known to it until the reset; its memory may go back to the pool earlier, then data
 * is NULL. Parameters are plain headers around memory of the caller. */
#include "grad/tape_impl.h"

#include <math.h>
#include <string.h>

static bool shape_ok(int32_t rank, const int64_t *dim, size_t size) {
    if (rank < 0 || rank > 4) return false;
    int64_t count = 1;
    for (int32_t i = 0; i < rank; i++) {
        if (dim[i] < 0 || __builtin_mul_overflow(count, dim[i], &count)) return false;
    }
    return count <= INT64_MAX / (int64_t)size;
}

static void set_shape(hn_tensor *x, int32_t rank, const int64_t *dim) {
    x->rank = rank;
    for (int32_t i = 0; i < 4; i++) x->dim[i] = i < rank ? dim[i] : 1;
}

/* A header in the chain, without memory. */
static hn_tape_tensor *header_new(hn_tape *t, int32_t rank, const int64_t *dim, hn_dtype dtype) {
    if (t->err.code != HN_OK) return NULL;
    if (!shape_ok(rank, dim, hn_dtype_size(dtype))) {
        hn_tape_fail(t, HN_ESHAPE, "a tensor of rank %d has a negative or too large dimension", (int)rank);
        return NULL;
    }
    hn_tape_tensor *x = hn_arena_alloc(&t->arena, sizeof *x);
    if (!x) {
        hn_nomem(&t->err, sizeof *x);
        return NULL;
    }
    set_shape(&x->pub, rank, dim);
    x->pub.dtype = dtype;
    x->prev = t->newest;
    x->seq = t->made++;
    t->newest = x;
    return x;
}

hn_tensor *hn_tensor_make(hn_tape *t, int32_t rank, const int64_t *dim, hn_dtype dtype) {
    hn_tape_tensor *x = header_new(t, rank, dim, dtype);
    if (!x) return NULL;
    x->pub.owned = true;
    x->pub.data = hn_scratch(t, hn_tensor_bytes(&x->pub));
    return x->pub.data ? &x->pub : NULL;
}

hn_tensor *hn_tensor_like(hn_tape *t, const hn_tensor *x, int64_t last) {
    int64_t dim[4] = {x->dim[0], x->dim[1], x->dim[2], x->dim[3]};
    if (x->rank > 0) dim[x->rank - 1] = last;
    return hn_tensor_make(t, x->rank, dim, x->dtype);
}

hn_tensor *hn_tensor_copy_of(hn_tape *t, int64_t n, hn_dtype dtype, const void *values) {
    hn_tensor *x = hn_tensor_make(t, 1, &n, dtype);
    if (x && n > 0) memcpy(x->data, values, hn_tensor_bytes(x));
    return x;
}

hn_tensor *hn_tensor_new(hn_tape *t, int32_t rank, const int64_t *dim) {
    return hn_tensor_make(t, rank, dim, t->dtype);
}

hn_tensor *hn_tensor_from(hn_tape *t, int32_t rank, const int64_t *dim, hn_dtype from, const void *host) {
    bool real = from == HN_F32 || from == HN_F64 || from == HN_BF16 || from == HN_F16;
    hn_tensor *x = hn_tensor_make(t, rank, dim, real ? t->dtype : from);
    if (!x || hn_tensor_count(x) == 0) return x;
    if (real) hn_convert(hn_tensor_count(x), from, host, t->dtype, x->data);
    else memcpy(x->data, host, hn_tensor_bytes(x));
    return x;
}

void hn_tensor_wrap(hn_tensor *x, int32_t rank, const int64_t *dim, hn_dtype dtype, void *data) {
    *x = (hn_tensor){.data = data, .dtype = dtype, .kept = true};
    set_shape(x, rank, dim);
}

hn_tensor *hn_op_view(hn_tape *t, hn_tensor *x, int32_t rank, const int64_t *dim) {
    if (!hn_op_input(t, "view", x)) return NULL;
    hn_tape_tensor *y = header_new(t, rank, dim, x->dtype);
    if (!y) return NULL;
    if (hn_tensor_count(&y->pub) != hn_tensor_count(x)) {
        char a[HN_SHAPE_TEXT], b[HN_SHAPE_TEXT];
        hn_tape_fail(t, HN_ESHAPE, "view: %s does not hold as many values as %s", hn_shape_text(&y->pub, a),
                     hn_shape_text(x, b));
        return NULL;
    }
    y->pub.data = x->data;
    y->pub.base = hn_tensor_root(x);
    y->pub.needs_grad = x->needs_grad && t->record;
    y->pub.name = x->name;
    if (!hn_tensor_is_param(y->pub.base)) {
        hn_tape_tensor *root = (hn_tape_tensor *)(void *)y->pub.base;
        y->next_view = root->views;
        root->views = y;
    }
    hn_wants_grad(t, x, NULL, NULL);
    return &y->pub;
}

hn_tensor *hn_tensor_root(hn_tensor *x) {
    return x->base ? x->base : x; /* a view of a view is made a view of the owner */
}

bool hn_tensor_is_param(const hn_tensor *x) {
    return !x->owned && !x->base;
}

int64_t hn_tensor_count(const hn_tensor *x) {
    int64_t n = 1;
    for (int32_t i = 0; i < x->rank; i++) n *= x->dim[i];
    return n;
}

size_t hn_tensor_bytes(const hn_tensor *x) {
    return (size_t)hn_tensor_count(x) * hn_dtype_size(x->dtype);
}

int64_t hn_tensor_last(const hn_tensor *x) {
    return x->rank > 0 ? x->dim[x->rank - 1] : 1;
}

int64_t hn_tensor_rows(const hn_tensor *x) {
    int64_t n = 1;
    for (int32_t i = 0; i + 1 < x->rank; i++) n *= x->dim[i];
    return n;
}

void hn_tensor_get(const hn_tensor *x, double *out) {
    int64_t n = hn_tensor_count(x);
    const void *p = x->data;
    for (int64_t i = 0; i < n; i++) {
        if (!p) out[i] = (double)NAN; /* released: nobody shall take old memory for a value */
        else if (x->dtype == HN_I64) out[i] = (double)((const int64_t *)p)[i];
        else if (x->dtype == HN_I32) out[i] = (double)((const int32_t *)p)[i];
        else if (x->dtype == HN_U8) out[i] = (double)((const uint8_t *)p)[i];
        else break;
    }
    bool real = x->dtype != HN_I64 && x->dtype != HN_I32 && x->dtype != HN_U8;
    if (p && real && n > 0) hn_convert(n, x->dtype, p, HN_F64, out);
}

void hn_tensor_drop_value(hn_tape *t, hn_tensor *x) {
    if (!x->owned || !x->data) return;
    hn_scratch_done(t, x->data, hn_tensor_bytes(x));
    x->data = NULL;
    for (hn_tape_tensor *v = ((hn_tape_tensor *)(void *)x)->views; v; v = v->next_view) v->pub.data = NULL;
}

void hn_tensor_drop_grad(hn_tape *t, hn_tensor *x) {
    if (hn_tensor_is_param(x) || x->base || !x->grad) return;
    hn_scratch_done(t, x->grad->data, hn_tensor_bytes(x));
    x->grad = NULL;
    x->grad_fresh = false;
}

const char *hn_shape_text(const hn_tensor *x, char buf[HN_SHAPE_TEXT]) {
    size_t n = 0;
    buf[n++] = '[';
    for (int32_t i = 0; i < x->rank; i++) {
        int w = snprintf(buf + n, HN_SHAPE_TEXT - n, "%s%lld", i ? ", " : "", (long long)x->dim[i]);
        if (w > 0) n += (size_t)w;
    }
    snprintf(buf + n, HN_SHAPE_TEXT - n, "]");
    return buf;
}

void *hn_scratch(hn_tape *t, size_t bytes) {
    if (t->err.code != HN_OK) return NULL;
    void *p = hn_dev_alloc(t->dev, bytes > 0 ? bytes : 1);
    if (!p) hn_nomem(&t->err, bytes);
    return p;
}

void hn_scratch_done(hn_tape *t, void *p, size_t bytes) {
    if (p) hn_dev_release(t->dev, p, bytes > 0 ? bytes : 1);
}
