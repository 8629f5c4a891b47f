/* params.c - from a family's table to the parameters of one model: names, shapes, groups, memory. */
#include "model/model_impl.h"

#include <string.h>

static bool per_layer(const hn_pspec *s) { return strstr(s->name, "%d") != NULL; }

static bool exists(const hn_model *m, const hn_pspec *s) { return (m->features & s->when) == s->when; }

/* "a.%d.b" with the layer put in. */
static char *full_name(hn_model *m, const hn_pspec *s, int64_t layer) {
    const char *at = strstr(s->name, "%d");
    if (!at) return hn_arena_strndup(&m->arena, s->name, strlen(s->name));
    return hn_arena_printf(&m->arena, "%.*s%lld%s", (int)(at - s->name), s->name, (long long)layer, at + 2);
}

static hn_status add_param(hn_model *m, const hn_pspec *s, int64_t layer, hn_error *err) {
    hn_tensor *t = &m->tensor[m->count];
    int64_t dim[2];
    int32_t rank = 0;
    while (rank < 2 && s->dim[rank] != HN_DIM_NONE) {
        dim[rank] = m->size[s->dim[rank]];
        rank++;
    }
    char *name = full_name(m, s, layer);
    if (!name) return hn_nomem(err, strlen(s->name));
    hn_tensor_wrap(t, rank, dim, m->dtype, NULL);
    t->name = name;
    m->param[m->count] = (hn_param){name, t, !(s->flags & HN_P_LAYERNORM) && hn_name_decays(name), true};
    m->spec[m->count] = s;
    m->count++;
    char *home = per_layer(s) ? hn_model_layer(m, layer) : (char *)m->state;
    memcpy(home + s->offset, &t, sizeof t);
    return HN_OK;
}

static size_t rows_of_table(const hn_model *m) {
    size_t n = 0;
    for (const hn_pspec *s = m->family->table; s->name; s++) n += per_layer(s) ? (size_t)m->info.layers : 1;
    return n;
}

hn_status hn_model_build_params(hn_model *m, hn_error *err) {
    size_t most = rows_of_table(m);
    m->tensor = hn_arena_alloc(&m->arena, most * sizeof *m->tensor);
    m->param = hn_arena_alloc(&m->arena, most * sizeof *m->param);
    m->spec = hn_arena_alloc(&m->arena, most * sizeof *m->spec);
    if (!m->tensor || !m->param || !m->spec) return hn_nomem(err, most * sizeof *m->param);
    const hn_pspec *s = m->family->table;
    while (s->name) {
        const hn_pspec *end = s + 1;
        if (!per_layer(s)) {
            if (exists(m, s)) HN_TRY(add_param(m, s, 0, err));
        } else {
            while (end->name && per_layer(end)) end++;
            for (int64_t layer = 0; layer < m->info.layers; layer++)
                for (const hn_pspec *row = s; row < end; row++)
                    if (exists(m, row)) HN_TRY(add_param(m, row, layer, err));
        }
        s = end;
    }
    if (!(m->features & HN_HAS_HEAD)) m->state->head.w = m->state->embed;
    m->info.parameters = 0;
    for (size_t i = 0; i < m->count; i++) m->info.parameters += hn_tensor_count(&m->tensor[i]);
    return HN_OK;
}

static size_t aligned_bytes(const hn_tensor *t) { return (hn_tensor_bytes(t) + 63) / 64 * 64; }

hn_status hn_model_alloc_params(hn_model *m, hn_error *err) {
    size_t bytes = 0;
    for (size_t i = 0; i < m->count; i++)
        if (!m->tensor[i].data) bytes += aligned_bytes(&m->tensor[i]);
    if (bytes == 0) return HN_OK;
    m->block = hn_dev_alloc(m->dev, bytes);
    if (!m->block) return hn_nomem(err, bytes);
    m->block_bytes = bytes;
    char *at = m->block;
    for (size_t i = 0; i < m->count; i++) {
        if (m->tensor[i].data) continue;
        m->tensor[i].data = at;
        at += aligned_bytes(&m->tensor[i]);
    }
    return HN_OK;
}
