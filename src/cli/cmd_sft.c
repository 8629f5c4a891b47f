/* cmd_sft.c - hone sft. */
#include "cli/cli.h"

const hn_command hn_command_sft = {
    .name = "sft",
    .about = "fine-tune a language model on text or on prompts and completions",
    .group = "Train",
    .usage = "hone sft --model_name_or_path ./model --dataset_name train.jsonl\n"
             "hone sft --config run.yaml --learning_rate 1e-5 --output_dir out",
    .task = "sft",
    .run = train_run,
};
