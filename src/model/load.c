/* load.c - weights from safetensors into a model's parameters.
 *
 * Every name and shape is matched before memory is taken. Weights are converted to the model's dtype in parallel, or,
 * for models that will only be read, mapped from the file where it holds that dtype already. */
#include "model/model_impl.h"

#include <string.h>

typedef struct loader {
    hn_model *m;
    hn_st *file;
    const hn_st_tensor **source; /* [m->count] */
    bool *used;                  /* [tensors of the file] */
    hn_error *err;
} loader;

static bool real_dtype(hn_st_dtype t, hn_dtype *out) {
    switch (t) {
    case HN_ST_F32: *out = HN_F32; return true;
    case HN_ST_F64: *out = HN_F64; return true;
    case HN_ST_BF16: *out = HN_BF16; return true;
    case HN_ST_F16: *out = HN_F16; return true;
    default: return false;
    }
}

/* A tensor under its full name, or without the base model's prefix as headless checkpoints have it. */
static const hn_st_tensor *find(const loader *l, const char *name) {
    const hn_st_tensor *t = hn_st_find(l->file, name);
    size_t n = strlen(l->m->family->prefix);
    if (!t && strncmp(name, l->m->family->prefix, n) == 0) t = hn_st_find(l->file, name + n);
    return t;
}

static const hn_st_tensor *find_head(const loader *l, const char *name) {
    const hn_st_tensor *t = find(l, name);
    return !t && l->m->family->head_alias ? find(l, l->m->family->head_alias) : t;
}

static void use(loader *l, const hn_st_tensor *t) { l->used[t - hn_st_at(l->file, 0)] = true; }

/* The config says the head is the embedding. If the file holds a head that differs, the file wins. */
static void settle_tie(loader *l) {
    hn_model *m = l->m;
    const char *head = NULL, *embed = m->family->table[0].name;
    for (const hn_pspec *s = m->family->table; s->name; s++)
        if (s->when & HN_HAS_HEAD) head = s->name;
    const hn_st_tensor *h = m->info.tied && head ? find_head(l, head) : NULL;
    const hn_st_tensor *e = h ? find(l, embed) : NULL;
    if (!e) return;
    use(l, h);
    if (h->dtype == e->dtype && h->bytes == e->bytes && memcmp(h->data, e->data, (size_t)h->bytes) == 0) return;
    hn_warn("%s: config.json ties the head to the embedding, but the file holds a different '%s': it is used", m->dir, h->name);
    m->info.tied = false;
    m->untied_by_file = true;
    m->features |= HN_HAS_HEAD;
}

static void shape_text(int32_t rank, const int64_t *dim, char *out, size_t room) {
    size_t n = (size_t)snprintf(out, room, "[");
    for (int32_t i = 0; i < rank && n < room; i++)
        n += (size_t)snprintf(out + n, room - n, "%s%lld", i ? ", " : "", (long long)dim[i]);
    if (n < room) snprintf(out + n, room - n, "]");
}

static hn_status check_source(const loader *l, const hn_st_tensor *s, size_t i) {
    const hn_tensor *t = &l->m->tensor[i];
    hn_dtype dtype;
    if (!real_dtype(s->dtype, &dtype)) {
        hn_fail(l->err, HN_ENOTSUP, "%s: tensor '%s' is %s", s->file, s->name, hn_st_dtype_name(s->dtype));
        hn_error_detail(l->err, "weights are read from F32, BF16, F16 and F64");
        return HN_ENOTSUP;
    }
    bool same = s->rank == t->rank;
    for (int32_t k = 0; same && k < s->rank; k++)
        same = s->dim[k] == (k == 0 && hn_model_grows(l->m, l->m->spec[i]) ? l->m->file_vocab : t->dim[k]);
    if (same) return HN_OK;
    char have[96], want[96];
    shape_text(s->rank, s->dim, have, sizeof have);
    shape_text(t->rank, t->dim, want, sizeof want);
    return hn_fail(l->err, HN_ESHAPE, "%s: tensor '%s' is %s, config.json asks for %s", s->file, s->name, have, want);
}

/* Finds every parameter's tensor; one error names all that are missing (the first few). */
static hn_status match(loader *l) {
    size_t missing = 0;
    hn_buf names = {0};
    hn_status st = HN_OK;
    for (size_t i = 0; i < l->m->count && st == HN_OK; i++) {
        const char *name = l->m->param[i].name;
        const hn_st_tensor *s = l->m->spec[i]->when & HN_HAS_HEAD ? find_head(l, name) : find(l, name);
        l->source[i] = s;
        if (s) {
            use(l, s);
            st = check_source(l, s, i);
        } else if (missing++ < 5) {
            hn_buf_printf(&names, "%s%s", names.n ? ", " : "", name);
        }
    }
    if (st == HN_OK && missing) {
        st = hn_fail(l->err, HN_EFORMAT, "%s: %zu of %zu weights are missing from the file", l->m->dir, missing, l->m->count);
        hn_error_detail(l->err, "missing: %s%s", names.p ? names.p : "", missing > 5 ? ", ..." : "");
    }
    hn_buf_release(&names);
    return st;
}

static bool is_buffer(const hn_family *f, const char *name) {
    for (const char *const *b = f->buffers; *b; b++)
        if (hn_str_ends(hn_str_of(name), hn_str_of(*b))) return true;
    return false;
}

static void warn_unexpected(const loader *l) {
    size_t extra = 0;
    hn_buf names = {0};
    for (size_t i = 0; i < hn_st_count(l->file); i++) {
        const char *name = hn_st_at(l->file, i)->name;
        if (l->used[i] || is_buffer(l->m->family, name)) continue;
        if (extra++ < 8) hn_buf_printf(&names, "%s%s", names.n ? ", " : "", name);
    }
    if (extra && names.p)
        hn_warn("%s: %zu tensors are no part of %s and are ignored: %s%s", l->m->dir, extra, l->m->info.architecture, names.p,
                extra > 8 ? ", ..." : "");
    hn_buf_release(&names);
}

typedef struct convert_ctx {
    const hn_st_tensor *from;
    hn_dtype dtype;
    hn_tensor *to;
} convert_ctx;

static void convert_part(void *ctx, int64_t begin, int64_t end) {
    const convert_ctx *c = ctx;
    size_t in = hn_dtype_size(c->dtype), out = hn_dtype_size(c->to->dtype);
    const uint8_t *src = c->from->data + (size_t)begin * in;
    char *dst = (char *)c->to->data + (size_t)begin * out;
    if ((uintptr_t)src % in == 0) {
        hn_convert(end - begin, c->dtype, src, c->to->dtype, dst);
        return;
    }
    double bounce[512]; /* the file promises no alignment */
    for (int64_t at = begin; at < end; at += 512) {
        int64_t n = end - at < 512 ? end - at : 512;
        memcpy(bounce, c->from->data + (size_t)at * in, (size_t)n * in);
        hn_convert(n, c->dtype, bounce, c->to->dtype, (char *)c->to->data + (size_t)at * out);
    }
}

/* Maps what may be mapped, then takes one block for the rest and converts into it. */
static hn_status fill(loader *l, bool read_only) {
    hn_model *m = l->m;
    bool mapped = false;
    for (size_t i = 0; i < m->count; i++) {
        hn_dtype dtype = HN_F32;
        const hn_st_tensor *s = l->source[i];
        if (!read_only || !real_dtype(s->dtype, &dtype) || dtype != m->dtype || hn_model_grows(m, m->spec[i])) continue;
        if ((uintptr_t)s->data % hn_dtype_size(dtype) != 0 || s->count == 0) continue;
        m->tensor[i].data = (void *)(uintptr_t)s->data; /* never written: the mapping is read-only */
        mapped = true;
    }
    bool *is_mapped = hn_calloc(m->count + 1, 1);
    if (!is_mapped) return hn_nomem(l->err, m->count);
    for (size_t i = 0; i < m->count; i++) is_mapped[i] = m->tensor[i].data != NULL;
    hn_status st = hn_model_alloc_params(m, l->err);
    for (size_t i = 0; i < m->count && st == HN_OK; i++) {
        m->param[i].trainable = !read_only;
        if (is_mapped[i]) continue;
        convert_ctx c = {l->source[i], HN_F32, &m->tensor[i]};
        real_dtype(c.from->dtype, &c.dtype);
        hn_par_for(c.from->count, 1 << 18, convert_part, &c);
    }
    if (st == HN_OK) hn_model_fill_new_rows(m);
    hn_free(is_mapped);
    if (mapped && st == HN_OK) {
        m->file = l->file; /* stays open as long as the model */
        l->file = NULL;
    }
    return st;
}

static hn_status load_weights(hn_model *m, const hn_load_opts *o, hn_error *err) {
    loader l = {.m = m, .err = err};
    hn_status st = HN_OK;
    HN_GO(st, hn_st_open_dir(m->dir, "model", &l.file, err));
    l.used = hn_calloc(hn_st_count(l.file) + 1, sizeof *l.used);
    if (!l.used) {
        st = hn_nomem(err, hn_st_count(l.file));
        goto done;
    }
    settle_tie(&l);
    HN_GO(st, hn_model_build_params(m, err));
    l.source = hn_calloc(m->count, sizeof *l.source);
    if (!l.source) {
        st = hn_nomem(err, m->count * sizeof *l.source);
        goto done;
    }
    HN_GO(st, match(&l));
    warn_unexpected(&l);
    real_dtype(l.source[0]->dtype, &m->info.file_dtype);
    st = fill(&l, o->read_only);
done:
    hn_st_close(l.file);
    hn_free(l.source);
    hn_free(l.used);
    return st;
}

hn_status hn_model_load(hn_dev *dev, const char *path, const hn_load_opts *o, hn_model **out, hn_error *err) {
    static const hn_load_opts plain = {.dtype = HN_F32};
    *out = NULL;
    if (!o) o = &plain;
    char *dir = NULL;
    HN_TRY(hn_model_dir_find(path, o->revision, &dir, err));
    hn_model *m = NULL;
    hn_status st = hn_model_open(dev, dir, false, o->dtype, &m, err);
    hn_free(dir);
    if (st == HN_OK) hn_model_grow(m, o->vocab);
    if (st == HN_OK) st = load_weights(m, o, err);
    if (st == HN_OK) *out = m;
    else hn_model_free(m);
    return st;
}
