/* task_pretrain.c - language modelling on text cut into blocks. */
#include "api/api.h"

#define AT(field) offsetof(hn_pretrain_opts, field)
const hn_opt hn_pretrain_table[] = {
    {"block_size", "tokens of a block; unset: the model's positions, at most 1024", HN_OPT_INT, AT(block_size), NULL, 2, 9e18,
     NULL, "Rows", NULL, HN_OPT_COMMON | HN_OPT_NULLABLE},
    {0}};
#undef AT

static const hn_task_default defaults[] = {{"logging_steps", "10"}, {NULL, NULL}};

const hn_task hn_task_pretrain = {
    .name = "pretrain",
    .about = "language modelling on plain text cut into blocks, from scratch or from a model",
    .parts = HN_PART_MODEL | HN_PART_TOKENS | HN_PART_CONFIG | HN_PART_DATA | HN_PART_PRETRAIN | HN_PART_TRAIN,
    .objective = "sft",
    .defaults = defaults,
};
