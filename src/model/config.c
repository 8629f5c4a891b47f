/* config.c - reads values of a config.json: absent or null means the default, a wrong type is an error with the key.
 *
 * The reader keeps the first error, so a family reads all its keys and looks once. */
#include "model/model_impl.h"

#include <math.h>
#include <string.h>

hn_cfg hn_cfg_of(const hn_model *m, hn_error *err) { return (hn_cfg){m->config, err, HN_OK}; }

hn_status hn_cfg_bad(hn_cfg *c, hn_status code, const char *fmt, ...) {
    if (c->st != HN_OK) return c->st;
    char text[900];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->st = hn_fail(c->err, code, "config.json: %s", text);
    return c->st;
}

int64_t hn_cfg_size(hn_cfg *c, const char *key, int64_t otherwise) {
    const hn_json *j = hn_json_get(c->json, key);
    if (!j) return otherwise;
    int64_t v = hn_json_type(j) == HN_JSON_INT ? hn_json_int(j, 0) : 0;
    if (v >= 1 && v <= INT32_MAX) return v;
    hn_cfg_bad(c, HN_EFORMAT, "\"%s\" must be a whole number from 1 to %d", key, INT32_MAX);
    return 1;
}

int64_t hn_cfg_need(hn_cfg *c, const char *key) {
    if (!hn_json_get(c->json, key)) {
        if (c->st == HN_OK) {
            hn_cfg_bad(c, HN_EFORMAT, "\"%s\" is missing", key);
            hn_error_detail(c->err, "model_type is \"%s\"", hn_json_cstr(hn_json_get(c->json, "model_type")));
        }
        return 1;
    }
    return hn_cfg_size(c, key, 1);
}

double hn_cfg_num(hn_cfg *c, const char *key, double otherwise) {
    const hn_json *j = hn_json_get(c->json, key);
    if (!j) return otherwise;
    hn_json_kind kind = hn_json_type(j);
    if (kind == HN_JSON_INT || kind == HN_JSON_REAL) return hn_json_num(j, otherwise);
    hn_cfg_bad(c, HN_EFORMAT, "\"%s\" must be a number", key);
    return otherwise;
}

double hn_cfg_within(hn_cfg *c, const char *key, double otherwise, double most) {
    double v = hn_cfg_num(c, key, otherwise);
    if (v >= 0 && v <= most) return v;
    hn_cfg_bad(c, HN_EFORMAT, "\"%s\" is %g, it must lie between 0 and %g", key, v, most);
    return otherwise;
}

bool hn_cfg_bool(hn_cfg *c, const char *key, bool otherwise) {
    const hn_json *j = hn_json_get(c->json, key);
    if (!j) return otherwise;
    if (hn_json_type(j) == HN_JSON_BOOL) return hn_json_bool(j, otherwise);
    hn_cfg_bad(c, HN_EFORMAT, "\"%s\" must be true or false", key);
    return otherwise;
}

hn_act hn_cfg_act(hn_cfg *c, const char *key, const char *otherwise) {
    const hn_json *j = hn_json_get(c->json, key);
    const char *name = j ? hn_json_cstr(j) : otherwise;
    hn_act act = HN_ACT_NONE;
    if (!name) hn_cfg_bad(c, HN_EFORMAT, "\"%s\" must be the name of an activation", key);
    else if (!hn_act_find(name, &act) && c->st == HN_OK) {
        hn_cfg_bad(c, HN_ENOTSUP, "\"%s\": activation '%.60s' is not known", key, name);
        hn_error_detail(c->err, "known: %s", hn_act_names());
    }
    return act;
}

/* The ids of key: a number or a list of numbers. Returns how many, -1 where the key is absent or of another kind. */
static int32_t read_ids(const hn_json *json, const char *key, int32_t *out, int32_t room) {
    const hn_json *j = hn_json_get(json, key);
    if (hn_json_type(j) == HN_JSON_INT && hn_json_int(j, -1) >= 0 && hn_json_int(j, -1) <= INT32_MAX) {
        out[0] = (int32_t)hn_json_int(j, -1);
        return 1;
    }
    if (hn_json_type(j) != HN_JSON_ARRAY) return -1;
    int32_t n = 0;
    for (size_t i = 0; i < hn_json_len(j) && n < room; i++) {
        int64_t v = hn_json_int(hn_json_at(j, i), -1);
        if (v >= 0 && v <= INT32_MAX) out[n++] = (int32_t)v;
    }
    return n;
}

static int32_t read_id(const hn_json *json, const char *key, int32_t otherwise) {
    int32_t id = otherwise;
    return read_ids(json, key, &id, 1) == 1 ? id : otherwise;
}

void hn_cfg_tokens(hn_cfg *c, hn_model_info *info, int32_t bos, int32_t eos) {
    static const char *const keys[] = {"bos_token_id", "pad_token_id", "eos_token_id"};
    for (size_t i = 0; i < 3; i++) {
        const hn_json *j = hn_json_get(c->json, keys[i]);
        bool list = i == 2 && hn_json_type(j) == HN_JSON_ARRAY;
        if (j && !list && hn_json_type(j) != HN_JSON_INT) hn_cfg_bad(c, HN_EFORMAT, "\"%s\" must be a token id", keys[i]);
    }
    info->bos = hn_json_has(c->json, "bos_token_id") ? read_id(c->json, "bos_token_id", -1) : bos;
    info->pad = read_id(c->json, "pad_token_id", -1);
    int32_t n = read_ids(c->json, "eos_token_id", info->eos, 8);
    info->eos_count = n > 0 ? n : 0;
    if (!hn_json_has(c->json, "eos_token_id") && eos >= 0) {
        info->eos[0] = eos;
        info->eos_count = 1;
    }
}

void hn_generation_tokens(const hn_json *generation, hn_model_info *info) {
    info->bos = read_id(generation, "bos_token_id", info->bos);
    info->pad = read_id(generation, "pad_token_id", info->pad);
    int32_t ids[8];
    int32_t n = read_ids(generation, "eos_token_id", ids, 8);
    if (n <= 0) return;
    memcpy(info->eos, ids, (size_t)n * sizeof *ids);
    info->eos_count = n;
}
