/* optim.c - AdamW over the trainable parameters: gradients, both moments, the global norm.
 *
 *   p *= 1 - lr wd;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
 *   p -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)
 * wd is 0 for biases and norms (the parameter table says which). One block holds everything; it is taken once. A
 * gradient buffer is not zeroed between steps but marked fresh: the first writer overwrites. Moments are first written by
 * the first update, which does not read them: a gigabyte of fresh pages is touched once, where it is needed. */
#include <math.h>
#include <string.h>

#include "io/io.h"
#include "train/train_impl.h"

static size_t padded(const hn_tensor *t) { return (hn_tensor_bytes(t) + 63) / 64 * 64; }

static void zero_part(void *ctx, int64_t begin, int64_t end) { memset((char *)ctx + begin, 0, (size_t)(end - begin)); }

hn_status hn_optim_new(hn_dev *dev, hn_model *m, hn_optim *out, hn_error *err) {
    *out = (hn_optim){.dev = dev};
    out->param = hn_model_params(m, &out->count);
    size_t each = 0;
    for (size_t i = 0; i < out->count; i++)
        if (out->param[i].trainable) each += padded(out->param[i].t);
    if (each == 0) return hn_fail(err, HN_EARG, "the model has no trainable parameter");
    out->k = hn_dev_kernels(dev, out->param[0].t->dtype);
    out->grad = hn_calloc(out->count, sizeof *out->grad);
    out->m = hn_calloc(out->count, sizeof *out->m);
    out->v = hn_calloc(out->count, sizeof *out->v);
    out->block = hn_dev_alloc(dev, 3 * each);
    out->block_bytes = 3 * each;
    if (!out->grad || !out->m || !out->v || !out->block) {
        hn_optim_free(out);
        return hn_nomem(err, 3 * each);
    }
    size_t at = 0;
    for (size_t i = 0; i < out->count; i++) {
        hn_tensor *t = out->param[i].t;
        if (!out->param[i].trainable) continue;
        hn_tensor_wrap(&out->grad[i], t->rank, t->dim, t->dtype, out->block + at);
        out->m[i] = out->block + each + at;
        out->v[i] = out->block + 2 * each + at;
        at += padded(t);
        t->grad = &out->grad[i];
        t->needs_grad = true;
    }
    hn_optim_begin(out);
    return HN_OK;
}

void hn_optim_free(hn_optim *o) {
    for (size_t i = 0; o->grad && i < o->count; i++) {
        hn_tensor *t = o->param[i].t;
        if (t->grad != &o->grad[i]) continue;
        t->grad = NULL;
        t->needs_grad = t->grad_fresh = false;
    }
    if (o->block) hn_dev_release(o->dev, o->block, o->block_bytes);
    hn_free(o->grad);
    hn_free(o->m);
    hn_free(o->v);
    *o = (hn_optim){0};
}

void hn_optim_begin(hn_optim *o) {
    for (size_t i = 0; i < o->count; i++)
        if (o->param[i].trainable) o->param[i].t->grad_fresh = true;
}

static bool has_gradient(const hn_optim *o, size_t i) { return o->param[i].trainable && !o->param[i].t->grad_fresh; }

double hn_optim_norm(const hn_optim *o) {
    double sum = 0;
    for (size_t i = 0; i < o->count; i++)
        if (has_gradient(o, i)) sum += o->k->sumsq(hn_tensor_count(o->param[i].t), o->grad[i].data);
    return sqrt(sum);
}

void hn_optim_step(hn_optim *o, const hn_train_opts *opts, double lr, double clip) {
    o->updates++;
    hn_adamw a = {.lr = lr,
                  .beta1 = opts->adam_beta1,
                  .beta2 = opts->adam_beta2,
                  .eps = opts->adam_epsilon,
                  .clip = clip,
                  .step = o->updates};
    for (size_t i = 0; i < o->count; i++) {
        hn_tensor *t = o->param[i].t;
        if (!o->param[i].trainable) continue;
        if (t->grad_fresh) memset(o->grad[i].data, 0, hn_tensor_bytes(t)); /* no row used it: moments still decay */
        a.weight_decay = o->param[i].decay ? opts->weight_decay : 0;
        o->k->adamw(&a, hn_tensor_count(t), t->data, o->grad[i].data, o->m[i], o->v[i]);
    }
}

const char *hn_optim_bad(const hn_optim *o, const char **what) {
    *what = "weights";
    for (size_t i = 0; i < o->count; i++)
        if (!o->k->finite(hn_tensor_count(o->param[i].t), o->param[i].t->data)) return o->param[i].name;
    *what = "gradient";
    for (size_t i = 0; i < o->count; i++)
        if (has_gradient(o, i) && !o->k->finite(hn_tensor_count(o->param[i].t), o->grad[i].data)) return o->param[i].name;
    return NULL;
}

static hn_st_dtype file_dtype(const hn_tensor *t) { return t->dtype == HN_F64 ? HN_ST_F64 : HN_ST_F32; }

hn_status hn_optim_save(const hn_optim *o, const char *path, hn_error *err) {
    const size_t each = o->block_bytes / 3;
    if (o->updates == 0) hn_par_for((int64_t)(2 * each), 1 << 22, zero_part, o->block + each);
    hn_st_item *items = hn_calloc(2 * o->count, sizeof *items);
    hn_arena names;
    hn_arena_init(&names, 0);
    hn_status st = items ? HN_OK : hn_nomem(err, 2 * o->count * sizeof *items);
    size_t n = 0;
    for (size_t i = 0; i < o->count && st == HN_OK; i++) {
        const hn_tensor *t = o->param[i].t;
        if (!o->param[i].trainable) continue;
        char *m = hn_arena_printf(&names, "exp_avg.%s", o->param[i].name);
        char *v = hn_arena_printf(&names, "exp_avg_sq.%s", o->param[i].name);
        if (!m || !v) st = hn_nomem(err, 256);
        items[n++] = (hn_st_item){.name = m, .dtype = file_dtype(t), .rank = t->rank, .dim = t->dim, .data = o->m[i]};
        items[n++] = (hn_st_item){.name = v, .dtype = file_dtype(t), .rank = t->rank, .dim = t->dim, .data = o->v[i]};
    }
    if (st == HN_OK) st = hn_st_write(path, items, n, err);
    hn_arena_release(&names);
    hn_free(items);
    return st;
}

static hn_status load_one(const hn_st *file, const char *kind, const hn_param *p, char *to, hn_error *err) {
    char name[1024];
    snprintf(name, sizeof name, "%s.%s", kind, p->name);
    const hn_st_tensor *s = hn_st_find(file, name);
    if (!s) return hn_fail(err, HN_EFORMAT, "optimiser state '%s' is missing", name);
    if (s->dtype != file_dtype(p->t) || s->count != hn_tensor_count(p->t))
        return hn_fail(err, HN_ESHAPE, "optimiser state '%s' does not fit its parameter", name);
    memcpy(to, s->data, s->bytes);
    return HN_OK;
}

hn_status hn_optim_load(hn_optim *o, const char *path, hn_error *err) {
    hn_st *file = NULL;
    HN_TRY(hn_st_open(path, &file, err));
    hn_status st = HN_OK;
    for (size_t i = 0; i < o->count && st == HN_OK; i++) {
        if (!o->param[i].trainable) continue;
        st = load_one(file, "exp_avg", &o->param[i], o->m[i], err);
        if (st == HN_OK) st = load_one(file, "exp_avg_sq", &o->param[i], o->v[i], err);
    }
    hn_st_close(file);
    if (st != HN_OK) hn_error_context(err, "%s", path);
    return st;
}
