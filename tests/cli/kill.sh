#!/bin/sh
# kill.sh HONE [N] - kill -9 a training run at N random moments (default 20); each time resume must end with the bytes of the
# undisturbed run.
set -eu
hone=$1
n=${2:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$hone" toy --output_dir "$work/world" --texts 10 --instructions 400 --held_out 4 >/dev/null
"$hone" pretrain --config_name "$work/world/config.json" --tokenizer_name "$work/world" --dataset_name "$work/world/text.jsonl" \
    --output_dir "$work/base" --block_size 32 --max_steps 1 --quiet
# `exec`, so that the process which is started in the background is the program itself and not a shell around it.
train() {
    exec "$hone" sft --model_name_or_path "$work/base" --dataset_name "$work/world/train.jsonl" --output_dir "$1" --max_steps 60 --save_steps 3 \
        --save_total_limit 2 --logging_steps 1 --per_device_train_batch_size 8 --learning_rate 1e-3 --quiet --resume_from_checkpoint true
}
started=$(date +%s%N)
(train "$work/whole")
took=$((($(date +%s%N) - started) / 1000000))
want=$(sha256sum <"$work/whole/model.safetensors")
killed=0
for i in $(seq "$n"); do
    rm -rf "$work/run"
    train "$work/run" &
    pid=$!
    # A moment anywhere in the run, from the first millisecond to its end.
    sleep "$(awk -v s="$i$$" -v ms="$took" 'BEGIN { srand(s); printf "%.3f", rand() * ms / 1000 }')"
    if kill -9 "$pid" 2>/dev/null; then killed=$((killed + 1)); fi
    wait "$pid" 2>/dev/null || true
    (train "$work/run")
    got=$(sha256sum <"$work/run/model.safetensors")
    [ "$got" = "$want" ] || { echo "kill $i: the resumed run ends with other weights"; exit 1; }
done
echo "$n runs, $killed killed, all resumed to identical weights"
