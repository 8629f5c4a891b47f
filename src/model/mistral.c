/* mistral.c - the family mistral: llama with a sliding window in every layer (null: none). */
#include "model/decoder_impl.h"

static hn_status configure(hn_model *m, hn_error *err) {
    static const hn_decoder_defaults defaults = {.kv_heads = 8, .max_position = 4096 * 32, .bos = 1, .eos = 2};
    hn_cfg c = hn_cfg_of(m, err);
    hn_decoder_configure(&c, m, &defaults);
    int64_t window = hn_json_has(c.json, "sliding_window") ? hn_cfg_size(&c, "sliding_window", 0) : 4096;
    hn_decoder_windows(&c, m, window, 0);
    return c.st;
}

const hn_family hn_family_mistral = {
    HN_DECODER_COMMON,
    .row = {.model_type = "mistral", .about = "Mistral 7B and its like"},
    .architecture = "MistralForCausalLM",
    .base_architecture = "MistralModel",
    .configure = configure,
};
