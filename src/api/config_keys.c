/* config_keys.c - keys that config.json files of the known families hold, and those of every configuration of transformers. A key
 * outside this list may ask for something that is not done. */
#include <stdlib.h>
#include <string.h>

#include "api/check_run_impl.h"

/* In the order of strcmp. */
static const char *const known[] = {
    "_attn_implementation", "_attn_implementation_autoset", "_commit_hash", "_name_or_path", "_remove_final_layer_norm",
    "_sliding_window_pattern", "activation", "activation_function", "add_cross_attention", "alibi",
    "apply_residual_connection_post_layernorm", "architectures", "attention_bias", "attention_dropout", "attention_layers",
    "attention_multiplier", "attention_probs_dropout_prob", "attention_softmax_in_fp32", "attention_types", "attn_config",
    "attn_logit_softcapping", "attn_pdrop", "attribute_map", "auto_map", "bad_words_ids", "begin_suppress_tokens", "bias",
    "bos_token", "bos_token_id", "chunk_size_feed_forward", "classifier_activation", "classifier_bias", "classifier_dropout",
    "classifier_dropout_prob", "classifier_pooling", "clip_qkv", "cls_token_id", "cross_attention_hidden_size", "d_model",
    "decoder_bias", "decoder_sparse_step", "decoder_start_token_id", "deterministic_flash_attn", "dim", "directionality",
    "diversity_penalty", "do_layer_norm_before", "do_lower_case", "do_sample", "dropout", "dtype", "early_stopping",
    "emb_pdrop", "embd_pdrop", "embed_dropout", "embedding_dropout", "embedding_fraction", "embedding_multiplier",
    "embedding_size", "enable_bias", "encoder_no_repeat_ngram_size", "eod_token_id", "eos_token", "eos_token_id",
    "expansion_ratio", "exponential_decay_length_penalty", "ffn_dim", "ffn_hidden_size", "final_logit_softcapping",
    "finetuning_task", "forced_bos_token_id", "forced_eos_token_id", "gradient_checkpointing", "head_bias", "head_dim",
    "hidden_act", "hidden_activation", "hidden_dim", "hidden_dropout", "hidden_dropout_prob", "hidden_size", "id2label",
    "init_device", "init_std", "initializer_cutoff_factor", "initializer_range", "inner_group_num", "intermediate_size",
    "is_decoder", "is_encoder_decoder", "is_llama_config", "keys_to_ignore_at_inference", "label2id",
    "layer_norm_elementwise_affine", "layer_norm_eps", "layer_norm_epsilon", "layer_types", "layerdrop", "learned_pos_emb",
    "legacy", "length_penalty", "local_attention", "logit_scale", "logits_scaling", "mask_token_id", "max_length",
    "max_position_embeddings", "max_relative_positions", "max_seq_len", "max_sequence_length", "max_window_layers",
    "min_length", "mlp_bias", "mlp_dropout", "mlp_hidden_act", "mlp_only_layers", "model_type", "moe_intermediate_size",
    "multi_query", "n_ctx", "n_embd", "n_head", "n_heads", "n_inner", "n_layer", "n_layers", "n_positions", "n_special",
    "new_decoder_architecture", "no_bias", "no_repeat_ngram_size", "no_rope_layer_interval", "no_rope_layers", "norm_bias",
    "norm_eps", "norm_epsilon", "norm_rel_ebd", "norm_topk_prob", "norm_type", "num_attention_heads", "num_beam_groups",
    "num_beams", "num_experts_per_tok", "num_heads", "num_hidden_groups", "num_hidden_layers", "num_key_value_heads",
    "num_kv_heads", "num_labels", "num_layers", "num_ln_in_parallel_attn", "num_local_experts", "num_return_sequences",
    "original_max_position_embeddings", "output_attentions", "output_hidden_states", "output_past", "output_router_logits",
    "output_scores", "pad_token", "pad_token_id", "parallel_attn", "partial_rotary_factor", "pooler_dropout", "pooler_fc_size",
    "pooler_hidden_act", "pooler_hidden_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head",
    "pooler_type", "pos_att_type", "position_biased_input", "position_buckets", "position_embedding_type",
    "predict_special_tokens", "prefix", "pretraining_tp", "problem_type", "pruned_heads", "qa_dropout", "qk_layernorm",
    "quantization_config", "query_pre_attn_scalar", "relative_attention", "relative_attention_num_buckets",
    "remove_invalid_values", "reorder_and_upcast_attn", "repetition_penalty", "resid_dropout", "resid_pdrop",
    "residual_dropout", "residual_multiplier", "return_dict", "return_dict_in_generate", "rms_norm_eps", "rope_interleaved",
    "rope_local_base_freq", "rope_parameters", "rope_scaling", "rope_theta", "rotary_dim", "rotary_emb_base", "rotary_pct",
    "router_aux_loss_coef", "router_jitter_noise", "scale_attention_softmax_in_fp32", "scale_attn_by_inverse_layer_idx",
    "scale_attn_weights", "sep_token_id", "seq_classif_dropout", "seq_length", "share_att_key", "sinusoidal_pos_embds",
    "sliding_window", "sliding_window_pattern", "slow_but_exact", "sparse_pred_ignore_index", "sparse_prediction",
    "summary_activation", "summary_first_dropout", "summary_info", "summary_last_dropout", "summary_proj_to_labels",
    "summary_type", "summary_use_proj", "suppress_tokens", "task_specific_params", "temperature", "text_config",
    "tf_legacy_loss", "tie_encoder_decoder", "tie_word_embeddings", "tokenizer_class", "top_k", "top_p", "torch_dtype",
    "torchscript", "transformers_version", "type_vocab_size", "typical_p", "unk_token_id", "unsloth_fixed", "unsloth_version",
    "use_bfloat16", "use_bias", "use_bidirectional_attention", "use_cache", "use_flash_attn", "use_parallel_residual",
    "use_qk_norm", "use_qkv_bias", "use_sliding_window", "use_weighted_layer_sum", "vision_config", "vocab_size", "window_size",
    "word_embed_proj_dim"};

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

bool hn_config_key_known(const char *key) {
    return bsearch(&key, known, sizeof known / sizeof *known, sizeof *known, by_name) != NULL;
}
