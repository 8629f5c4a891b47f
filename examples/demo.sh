#!/bin/sh
# demo.sh HONE OUT - the life of a tiny model, from nothing: a world made by rule, a Llama trained on its sentences, instruction
# tuning after a look at its data, answers before and after, exact match on held-out instructions, and a page with the curves. No network, no downloads.
set -eu
hone=$1
out=$2
rm -rf "$out"
mkdir -p "$out"
say() { printf '\n\033[1m== %s\033[0m\n' "$1"; }
run() { echo "$ hone $*" >&2; "$hone" "$@"; }

say "A world made by rule"
run toy --output_dir "$out/world"
head -n 1 "$out/world/text.jsonl"
head -n 1 "$out/world/train.jsonl"

say "A tiny Llama learns the language of that world, from random weights"
run pretrain --config_name "$out/world/config.json" --tokenizer_name "$out/world" --dataset_name "$out/world/text.jsonl" \
    --output_dir "$out/base" --block_size 128 --per_device_train_batch_size 16 --num_train_epochs 3 --learning_rate 2e-3 \
    --lr_scheduler_type cosine --warmup_steps 0.05 --weight_decay 0.01 --logging_steps 25 --save_strategy no --log_level warning

say "It continues text, but does not answer"
head -n 8 "$out/world/test.jsonl" >"$out/questions.jsonl"
run generate --model_name_or_path "$out/base" --dataset_name "$out/questions.jsonl" --max_new_tokens 12 --output_file "$out/before.jsonl"
cat "$out/before.jsonl"
run eval --model_name_or_path "$out/base" --dataset_name "$out/world/test.jsonl" --exact_match --max_new_tokens 12 | tee "$out/before.score.jsonl"

say "What the model will see, and whether something is wrong with it"
run data inspect --model_name_or_path "$out/base" --dataset_name "$out/world/train.jsonl" --rows 2 --html "$out/rows.html" --log_level warning
run data check --model_name_or_path "$out/base" --dataset_name "$out/world/train.jsonl" --eval_dataset_name "$out/world/test.jsonl" \
    --log_level warning

say "Instruction tuning"
run sft --model_name_or_path "$out/base" --dataset_name "$out/world/train.jsonl" --eval_dataset_name "$out/world/test.jsonl" \
    --output_dir "$out/sft" --per_device_train_batch_size 32 --num_train_epochs 8 --learning_rate 1e-3 --lr_scheduler_type cosine \
    --warmup_steps 0.05 --logging_steps 25 --eval_strategy steps --eval_steps 100 --save_strategy no --log_level warning

say "The same questions again"
run generate --model_name_or_path "$out/sft" --dataset_name "$out/questions.jsonl" --max_new_tokens 12 --output_file "$out/after.jsonl"
cat "$out/after.jsonl"
run eval --model_name_or_path "$out/sft" --dataset_name "$out/world/test.jsonl" --exact_match --max_new_tokens 12 | tee "$out/after.score.jsonl"

say "Report"
run report "$out/sft" "$out/base" --title "A tiny model's life" --output_file "$out/report.html" \
    --pages "the_data=$out/rows.html" --samples "before:_score_on_held-out_instructions=$out/before.score.jsonl" "after:_score_on_held-out_instructions=$out/after.score.jsonl" \
    "held-out_questions=$out/questions.jsonl" "answers_before=$out/before.jsonl" "answers_after=$out/after.jsonl"
echo
echo "exact match on held-out instructions: before $(sed 's/.*"exact_match": //; s/}.*//' "$out/before.score.jsonl"), after $(sed 's/.*"exact_match": //; s/}.*//' "$out/after.score.jsonl")"
echo "curves and answers: $out/report.html"
