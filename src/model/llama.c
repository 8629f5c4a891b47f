/* llama.c - the family llama: biases on attention or feed-forward where the config says so. */
#include "model/decoder_impl.h"

static hn_status configure(hn_model *m, hn_error *err) {
    static const hn_decoder_defaults defaults = {.max_position = 2048, .bos = 1, .eos = 2};
    hn_cfg c = hn_cfg_of(m, err);
    hn_decoder_configure(&c, m, &defaults);
    if (hn_cfg_bool(&c, "attention_bias", false)) m->features |= HN_DECODER_QKV_BIAS | HN_DECODER_O_BIAS;
    if (hn_cfg_bool(&c, "mlp_bias", false)) m->features |= HN_DECODER_MLP_BIAS;
    return c.st;
}

const hn_family hn_family_llama = {
    HN_DECODER_COMMON,
    .row = {.model_type = "llama", .about = "Llama 1 to 3, SmolLM, TinyLlama"},
    .architecture = "LlamaForCausalLM",
    .base_architecture = "LlamaModel",
    .configure = configure,
};
