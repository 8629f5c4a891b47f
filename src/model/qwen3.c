/* qwen3.c - the family qwen3: llama with an RMSNorm on every head of q and k, heads of a size of their own. */
#include "model/decoder_impl.h"

static hn_status configure(hn_model *m, hn_error *err) {
    static const hn_decoder_defaults defaults = {.kv_heads = 32, .head_dim = 128, .max_position = 32768, .bos = -1, .eos = -1};
    hn_cfg c = hn_cfg_of(m, err);
    hn_decoder_configure(&c, m, &defaults);
    hn_decoder_qwen_windows(&c, m);
    m->features |= HN_DECODER_QK_NORM;
    if (hn_cfg_bool(&c, "attention_bias", false)) m->features |= HN_DECODER_QKV_BIAS | HN_DECODER_O_BIAS;
    return c.st;
}

const hn_family hn_family_qwen3 = {
    HN_DECODER_COMMON,
    .row = {.model_type = "qwen3", .about = "Qwen 3, dense"},
    .architecture = "Qwen3ForCausalLM",
    .base_architecture = "Qwen3Model",
    .configure = configure,
};
