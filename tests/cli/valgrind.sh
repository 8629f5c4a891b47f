#!/bin/sh
# valgrind.sh - a short training run and a generation under valgrind: no leak, no invalid access.
# Skips aloud where valgrind is not installed.
set -eu
cd "$(dirname "$0")/../.."
command -v valgrind >/dev/null || { echo "skipped: valgrind is not installed"; exit 0; }
cmake --preset serial >/dev/null
cmake --build --preset serial --target hone >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
hone=build-serial/hone
check() {
    valgrind -q --leak-check=full --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible \
        --error-exitcode=9 "$@" >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
}
"$hone" toy --output_dir "$work/world" --texts 20 --instructions 8 --held_out 4 >/dev/null
# Valgrind knows no AVX-512; forced to AVX2 the same code runs on every machine.
export HONE_ISA=avx2
check "$hone" pretrain --config_name "$work/world/config.json" --tokenizer_name "$work/world" --dataset_name "$work/world/text.jsonl" \
    --output_dir "$work/base" --block_size 32 --max_steps 2 --per_device_train_batch_size 2
check "$hone" sft --model_name_or_path "$work/base" --dataset_name "$work/world/train.jsonl" --output_dir "$work/sft" --max_steps 2 \
    --per_device_train_batch_size 2 --save_steps 1
check "$hone" generate --model_name_or_path "$work/sft" --prompt "Ada has a" --max_new_tokens 4
check "$hone" score --model_name_or_path "$work/sft" --text "Ada has a red ball"
echo "valgrind: no leak and no invalid access in pretrain, sft, generate and score"
