/* parts.c - the lists of parts, and making one from its JSON: the type's name finds the descriptor. */
#include "text/text_impl.h"

#define HN_PART(name) extern const hn_step hn_##name;
#include "text/normalizers.def"
#include "text/pretokenizers.def"
#undef HN_PART
#define HN_PART(name) extern const hn_model_part hn_##name;
#include "text/models.def"
#undef HN_PART
#define HN_PART(name) extern const hn_post hn_##name;
#include "text/postprocessors.def"
#undef HN_PART
#define HN_PART(name) extern const hn_dec hn_##name;
#include "text/decoders.def"
#undef HN_PART

#define HN_PART(name) &hn_##name.part,
static const hn_part_desc *const normalizers[] = {
#include "text/normalizers.def"
};
static const hn_part_desc *const pretokenizers[] = {
#include "text/pretokenizers.def"
};
static const hn_part_desc *const models[] = {
#include "text/models.def"
};
static const hn_part_desc *const postprocessors[] = {
#include "text/postprocessors.def"
};
static const hn_part_desc *const decoders[] = {
#include "text/decoders.def"
};
#undef HN_PART

#define LIST(name, table) const hn_part_list name = {#table, table, sizeof table / sizeof *table}
LIST(hn_normalizers, normalizers);
LIST(hn_pretokenizers, pretokenizers);
LIST(hn_models, models);
LIST(hn_postprocessors, postprocessors);
LIST(hn_decoders, decoders);

static hn_status unknown(const hn_part_list *list, const char *type, hn_error *err) {
    hn_buf known = {0};
    for (size_t i = 0; i < list->n; i++) hn_buf_printf(&known, "%s%s", i ? ", " : "", list->v[i]->type);
    hn_fail(err, HN_ENOTSUP, "\"%.100s\" is none of the known %s", type, list->kind);
    hn_error_detail(err, "known %s: %s", list->kind, known.p ? known.p : "");
    hn_error_fix(err, "use a tokenizer of these parts, or one that ships another tokenizer.json");
    hn_buf_release(&known);
    return HN_ENOTSUP;
}

hn_status hn_part_make(const hn_part_list *list, const hn_json *spec, hn_part *out, hn_error *err) {
    *out = (hn_part){0};
    if (!spec) return HN_OK;
    const char *type = hn_json_cstr(hn_json_get(spec, "type"));
    if (!type) return hn_fail(err, HN_EFORMAT, "an entry of the %s has no \"type\"", list->kind);
    for (size_t i = 0; i < list->n; i++) {
        const hn_part_desc *d = list->v[i];
        if (!hn_streq(d->type, type)) continue;
        void *state = NULL;
        if (d->make) HN_TRY_CTX(d->make(spec, &state, err), err, "%s", type);
        *out = (hn_part){d, state};
        return HN_OK;
    }
    return unknown(list, type, err);
}

void hn_part_drop(hn_part *p) {
    if (p->desc && p->desc->drop) p->desc->drop(p->state);
    *p = (hn_part){0};
}

hn_status hn_parts_make(const hn_part_list *list, const hn_json *specs, void **out, hn_error *err) {
    if (hn_json_type(specs) != HN_JSON_ARRAY) return hn_fail(err, HN_EFORMAT, "the list of %s is missing", list->kind);
    hn_parts *parts = hn_calloc(1, sizeof *parts);
    if (!parts) return hn_nomem(err, sizeof *parts);
    size_t n = hn_json_len(specs);
    parts->v = hn_calloc(n ? n : 1, sizeof *parts->v);
    hn_status st = parts->v ? HN_OK : hn_nomem(err, n * sizeof *parts->v);
    for (size_t i = 0; i < n && st == HN_OK; i++) {
        st = hn_part_make(list, hn_json_at(specs, i), &parts->v[i], err);
        if (st == HN_OK) parts->n = i + 1;
    }
    if (st == HN_OK) *out = parts;
    else hn_parts_drop(parts);
    return st;
}

void hn_parts_drop(void *state) {
    hn_parts *parts = state;
    if (!parts) return;
    for (size_t i = 0; i < parts->n; i++) hn_part_drop(&parts->v[i]);
    hn_free(parts->v);
    hn_free(parts);
}

bool hn_step_needs_spans(const hn_part *p) {
    if (!p->desc) return false;
    if (((const hn_step *)(const void *)p->desc)->needs_spans) return true;
    if (p->desc->drop != hn_parts_drop) return false;
    const hn_parts *parts = p->state;
    for (size_t i = 0; i < parts->n; i++)
        if (hn_step_needs_spans(&parts->v[i])) return true;
    return false;
}
