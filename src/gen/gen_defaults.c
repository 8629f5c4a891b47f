/* gen_defaults.c - what a model's generation_config.json asks for; old models keep the same keys in config.json. */
#include "gen/gen.h"

static const char *const keys[] = {"do_sample", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "max_new_tokens"};

static hn_status pick_keys(const char *dir, const char *file, hn_json *out, hn_error *err) {
    char *path = hn_path_join(dir, file);
    if (!path) return hn_nomem(err, 1);
    hn_json *j = NULL;
    hn_status st = hn_path_exists(path) ? hn_json_load(path, &j, err) : HN_OK;
    for (size_t i = 0; st == HN_OK && i < sizeof keys / sizeof *keys; i++) {
        hn_json *v = hn_json_get(j, keys[i]);
        if (v) hn_json_set(out, keys[i], hn_json_ref(v));
    }
    hn_json_free(j);
    hn_free(path);
    return st;
}

hn_status hn_gen_defaults(const hn_model *m, hn_json **out, hn_error *err) {
    *out = NULL;
    hn_json *j = hn_json_new_object();
    if (!j) return hn_nomem(err, 1);
    hn_status st = pick_keys(hn_model_dir(m), "config.json", j, err);
    if (st == HN_OK) st = pick_keys(hn_model_dir(m), "generation_config.json", j, err);
    if (st == HN_OK && hn_json_len(j)) {
        *out = j;
        return HN_OK;
    }
    hn_json_free(j);
    return st;
}
