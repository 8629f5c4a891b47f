/* rope_config.c - the rotary keys of a config.json, as transformers 4 and 5 write them.
 *
 * New: "rope_parameters": {"rope_type", "rope_theta", "factor", "partial_rotary_factor" ...}.
 * Old: "rope_theta" and "partial_rotary_factor" at top level, "rope_scaling": {"rope_type" or "type", ...}.
 * Both are accepted; a value inside wins over one at top level. */
#include "model/model_impl.h"

#include <math.h>
#include <string.h>

#define ABSENT ((double)NAN)

static const struct {
    const char *name;
    hn_rope_type type;
} TYPES[] = {
    {"default", HN_ROPE_DEFAULT},
    {"linear", HN_ROPE_LINEAR},
    {"llama3", HN_ROPE_LLAMA3},
    {"yarn", HN_ROPE_YARN},
};

/* The object that holds the settings; NULL: none. */
static const hn_json *settings(hn_cfg *c) {
    static const char *const keys[] = {"rope_scaling", "rope_parameters"};
    for (size_t i = 0; i < 2; i++) {
        const hn_json *j = hn_json_get(c->json, keys[i]);
        if (!j) continue;
        if (hn_json_type(j) != HN_JSON_OBJECT) {
            hn_cfg_bad(c, HN_EFORMAT, "\"%s\" must be an object", keys[i]);
            return NULL;
        }
        hn_json_iter it;
        for (bool more = hn_json_first(j, &it); more; more = hn_json_next(&it))
            if (hn_json_type(it.value) == HN_JSON_OBJECT)
                hn_cfg_bad(c, HN_ENOTSUP, "\"%s\" by kind of layer (\"%.60s\") is not known for this family", keys[i], it.key);
        if (hn_json_len(j) > 0) return j;
    }
    return NULL;
}

static hn_rope_type rope_type(hn_cfg *c, const hn_json *s) {
    const hn_json *j = hn_json_get(s, "rope_type");
    if (!j) j = hn_json_get(s, "type");
    if (!j) return HN_ROPE_DEFAULT;
    const char *name = hn_json_cstr(j);
    for (size_t i = 0; name && i < sizeof TYPES / sizeof *TYPES; i++)
        if (hn_streq(name, TYPES[i].name)) return TYPES[i].type;
    if (c->st == HN_OK) {
        hn_cfg_bad(c, HN_ENOTSUP, "rope type '%.60s' is not known", name ? name : "(no string)");
        hn_error_detail(c->err, "known: default, linear, llama3, yarn");
    }
    return HN_ROPE_DEFAULT;
}

/* A number the type cannot do without. */
static double required(hn_cfg *c, const char *type, const char *key) {
    double v = hn_cfg_num(c, key, ABSENT);
    if (isnan(v)) hn_cfg_bad(c, HN_EFORMAT, "rope type \"%s\" needs \"%s\"", type, key);
    return v;
}

/* outside: original_max_position_embeddings at top level, which wins over the one inside; NaN: absent. */
static void scaled(hn_cfg *in, const char *type, double max_position, double outside, hn_rope_spec *spec) {
    double inside = hn_cfg_num(in, "original_max_position_embeddings", max_position);
    spec->original_positions = isnan(outside) ? inside : outside;
    if (spec->type == HN_ROPE_YARN && !hn_json_get(in->json, "factor")) spec->factor = max_position / spec->original_positions;
    else spec->factor = required(in, type, "factor");
    if (spec->type == HN_ROPE_LLAMA3) {
        spec->low_freq = required(in, type, "low_freq_factor");
        spec->high_freq = required(in, type, "high_freq_factor");
    }
    if (spec->type == HN_ROPE_YARN) {
        double fast = hn_cfg_num(in, "beta_fast", 0), slow = hn_cfg_num(in, "beta_slow", 0);
        spec->beta_fast = fast != 0 ? fast : 32;
        spec->beta_slow = slow != 0 ? slow : 1;
        spec->attention_factor = hn_cfg_num(in, "attention_factor", ABSENT);
        spec->mscale = hn_cfg_num(in, "mscale", 0);
        spec->mscale_all = hn_cfg_num(in, "mscale_all_dim", 0);
        spec->truncate = hn_cfg_bool(in, "truncate", true);
    }
}

void hn_cfg_rope(hn_cfg *c, int64_t head_dim, int64_t max_position, const char *theta_key, const char *partial_key,
                 double partial, hn_rope *out) {
    const hn_json *s = settings(c);
    if (c->st != HN_OK) return;
    hn_cfg in = {s, c->err, HN_OK}; /* reads inside; NULL has no keys */
    hn_rope_spec spec = {.type = rope_type(c, s)};
    spec.theta = hn_cfg_num(&in, "rope_theta", hn_cfg_num(c, theta_key, 10000));
    if (partial_key) partial = hn_cfg_num(&in, "partial_rotary_factor", hn_cfg_num(c, partial_key, partial));
    spec.dims = (int32_t)((double)head_dim * partial);
    if (c->st == HN_OK && spec.type != HN_ROPE_DEFAULT)
        scaled(&in, TYPES[spec.type].name, (double)max_position, hn_cfg_num(c, "original_max_position_embeddings", ABSENT),
               &spec);
    if (c->st == HN_OK) c->st = in.st;
    if (c->st != HN_OK) return;
    if (!(partial > 0 && partial <= 1)) {
        hn_cfg_bad(c, HN_EFORMAT, "the rotary share of a head must lie in (0, 1]");
        return;
    }
    c->st = hn_rope_init(out, &spec, c->err);
    if (c->st != HN_OK) hn_error_context(c->err, "config.json");
}
