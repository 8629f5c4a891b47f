/* qwen2.c - the family qwen2: llama with biases on q, k and v. */
#include "model/decoder_impl.h"

static hn_status configure(hn_model *m, hn_error *err) {
    static const hn_decoder_defaults defaults = {.kv_heads = 32, .max_position = 32768, .bos = -1, .eos = -1};
    hn_cfg c = hn_cfg_of(m, err);
    hn_decoder_configure(&c, m, &defaults);
    hn_decoder_qwen_windows(&c, m);
    m->features |= HN_DECODER_QKV_BIAS;
    return c.st;
}

const hn_family hn_family_qwen2 = {
    HN_DECODER_COMMON,
    .row = {.model_type = "qwen2", .about = "Qwen 1.5, 2 and 2.5"},
    .architecture = "Qwen2ForCausalLM",
    .base_architecture = "Qwen2Model",
    .configure = configure,
};
