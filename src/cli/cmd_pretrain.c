/* cmd_pretrain.c - hone pretrain. */
#include "cli/cli.h"

const hn_command hn_command_pretrain = {
    .name = "pretrain",
    .about = "train on plain text cut into blocks, from random weights or from a model",
    .group = "Train",
    .usage = "hone pretrain --config_name config.json --tokenizer_name ./tok --dataset_name text.txt\n"
             "hone pretrain --model_name_or_path ./model --dataset_name domain.jsonl",
    .task = "pretrain",
    .run = train_run,
};
