/* task_sft.c - supervised fine-tuning: how rows become tokens, and which defaults are TRL's. */
#include "api/api.h"

#define AT(field) offsetof(hn_sft_opts, field)
const hn_opt hn_sft_table[] = {
    {"max_length", "longest row in tokens; longer ones are cut", HN_OPT_INT, AT(max_length), "1024", 2, 9e18, NULL, "Rows",
     "max_seq_length|sequence_len|cutoff_len", HN_OPT_COMMON | HN_OPT_NULLABLE},
    {"truncation_mode", "which end of a long row stays", HN_OPT_STR, AT(truncation_mode), "keep_start", 0, 0,
     "keep_start|keep_end", "Rows", NULL, 0},
    {"completion_only_loss", "train on the completion only; unset: yes where rows have prompt and completion", HN_OPT_STR,
     AT(completion_only_loss), NULL, 0, 0, "true|false", "Rows", NULL, HN_OPT_NULLABLE | HN_OPT_BARE},
    {"eos_token", "token that ends a row, where it is not the tokenizer's", HN_OPT_STR, AT(eos_token), NULL, 0, 0, NULL, "Rows",
     NULL, HN_OPT_NULLABLE},
    {"assistant_only_loss", "of conversations, train on what the assistant wrote only", HN_OPT_BOOL, AT(assistant_only_loss),
     "false", 0, 0, NULL, "Rows", NULL, HN_OPT_COMMON},
    {"split_special_tokens",
     "special tokens spelled in the rows are ordinary text: only those of the chat template and the end token count", HN_OPT_BOOL,
     AT(split_special_tokens), "false", 0, 0, NULL, "Rows", "sanitize_control_tokens", 0},
    {"chat_template_path", "file with the chat template (.jinja), or a folder that has one; it is saved with the model",
     HN_OPT_STR, AT(chat_template_path), NULL, 0, 0, NULL, "Rows", "chat_template", HN_OPT_NULLABLE},
    {"chat_template_kwargs", "JSON object of values for the chat template; a row's own win over them", HN_OPT_STR,
     AT(chat_template_kwargs), NULL, 0, 0, NULL, "Rows", NULL, HN_OPT_NULLABLE},
    {"packing", "put rows side by side into rows of max_length tokens", HN_OPT_BOOL, AT(packing), "false", 0, 0, NULL, "Rows",
     "sample_packing", HN_OPT_COMMON},
    {"packing_strategy",
     "bfd keeps documents apart and cuts those that are too long; bfd_split goes on with their rest; wrapped joins "
     "all and cuts",
     HN_OPT_STR, AT(packing_strategy), "bfd", 0, 0, "bfd|bfd_split|wrapped", "Rows", NULL, 0},
    {"eval_packing", "packing of the evaluation set; unset: as packing", HN_OPT_STR, AT(eval_packing), NULL, 0, 0, "true|false",
     "Rows", "eval_sample_packing", HN_OPT_NULLABLE | HN_OPT_BARE},
    {"shuffle_dataset", "shuffle rows once by --seed: before they are packed, and at the end", HN_OPT_BOOL, AT(shuffle_dataset),
     "false", 0, 0, NULL, "Rows", NULL, 0},
    {"padding_free", "no row is ever padded here", HN_OPT_NOOP, 0, NULL, 0, 0, NULL, "Rows", NULL, HN_OPT_HIDDEN},
    {"pad_to_multiple_of", "no row is ever padded here", HN_OPT_NOOP, 0, NULL, 0, 0, NULL, "Rows", NULL, HN_OPT_HIDDEN},
    {0}};
#undef AT

static const hn_task_default defaults[] = {
    {"learning_rate", "2e-5"}, {"logging_steps", "10"}, {NULL, NULL}};

const hn_task hn_task_sft = {
    .name = "sft",
    .about = "supervised fine-tuning on text or prompt and completion",
    .parts = HN_PART_MODEL | HN_PART_TOKENS | HN_PART_DATA | HN_PART_SFT | HN_PART_TRAIN,
    .objective = "sft",
    .defaults = defaults,
};
