#!/bin/sh
# data_check.sh HONE - hone data check as a user meets it: findings, exit codes, JSON, SARIF, files.
set -u
. "$(dirname "$0")/expect.inc"

"$hone" toy --output_dir "$work/world" --texts 30 --instructions 60 --held_out 8 >/dev/null || exit 1
world=$work/world
check() { "$hone" data check --tokenizer_name "$world" --dataset_name "${d:-$world/train.jsonl}" "$@"; }
awk 'NR % 5 == 0 { sub(/"completion": *".*"/, "\"completion\": \"\"") } { print }' "$world/train.jsonl" >"$work/empty.jsonl"
awk 'NR == 7 { gsub(/completion/, "reply") } { print }' "$world/train.jsonl" >"$work/columns.jsonl"

expect 0 "prompt-completion" check
d=$work/empty.jsonl expect 0 "warn +empty-answer" check
d=$work/empty.jsonl expect 0 "empty.jsonl:5, :10, :15" check
d=$work/empty.jsonl expect 4 "empty-answer" check --fail_on warn
d=$work/empty.jsonl expect 0 "empty-answer" check --fail_on none
d=$work/columns.jsonl expect 4 "columns.jsonl:7" check
d=$work/columns.jsonl expect 4 "wrong-columns" check --fail_on warn
expect 4 "train-test-overlap" check --eval_dataset_name "$world/train.jsonl" --fail_on warn

# ---- forms of the report
d=$work/empty.jsonl expect 0 '"id": "empty-answer"' check --json
d=$work/empty.jsonl expect 0 '"severity": "warn"' check --json
d=$work/empty.jsonl expect 0 '^$|warn' check --sarif "$work/out.sarif"
expect 0 '"version": "2.1.0"' cat "$work/out.sarif"
expect 0 '"level": "warning"' cat "$work/out.sarif"
d=$work/empty.jsonl expect 0 '^done' sh -c "\"$hone\" data check --tokenizer_name \"$world\" --dataset_name \"$work/empty.jsonl\" --output_file \"$work/report.json\" && echo done"
expect 0 '"findings"' cat "$work/report.json"
d=$work/empty.jsonl expect 0 '^done' sh -c "\"$hone\" data check --tokenizer_name \"$world\" --dataset_name \"$work/empty.jsonl\" --output_file \"$work/report.txt\" && echo done"
expect 0 'empty-answer' cat "$work/report.txt"
d=$work/empty.jsonl CLICOLOR_FORCE=1 expect 0 "$(printf '\033')" check
if d=$work/empty.jsonl NO_COLOR=1 CLICOLOR_FORCE=1 check | grep -q "$(printf '\033')"; then off=$((off + 1)); echo "off: NO_COLOR is not honoured"; fi

# ---- what cannot be read, and what was asked for wrongly
printf '{"prompt": "a", "completion": "b"}\n{"prompt": "a", "completion" "b"}\n' >"$work/json.jsonl"
d=$work/json.jsonl expect 3 "json.jsonl:2" check
d=$work/json.jsonl expect 4 "wrong-columns" check --on_bad_row skip
: >"$work/zero.jsonl"
d=$work/zero.jsonl expect 4 "no-rows" check
d=$work/none.jsonl expect 3 "none.jsonl" check
expect 3 "nowhere" check --model_name_or_path "$work/nowhere"
expect 2 "expected" "$hone" data
expect 2 "expected" "$hone" data chekc
expect 2 "fail_on" check --fail_on never
expect 2 "task" check --task sleep
expect 2 "dataset_name is missing" "$hone" data check --tokenizer_name "$world"

printf '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n' >"$work/chat.jsonl"
d=$work/chat.jsonl expect 4 "template-raises" check
d=$work/chat.jsonl expect 4 "no chat template" check

# ---- a run looks at its first rows by itself: it warns, and refuses what would be wasted
"$hone" pretrain --config_name "$world/config.json" --tokenizer_name "$world" --dataset_name "$world/text.jsonl" --output_dir "$work/model" \
    --block_size 32 --max_steps 1 --quiet || exit 1
sft() { "$hone" sft --model_name_or_path "$work/model" --dataset_name "$d" --max_steps 1 --overwrite_output_dir --output_dir "$work/out" "$@"; }
bos=$(sed -n 's/.*"bos_token": *"\([^"]*\)".*/\1/p' "$world/tokenizer_config.json")
d=$world/train.jsonl expect 0 "checks +[0-9]+ on the first 60 rows, 0 warnings" sft
d=$work/empty.jsonl expect 0 "warning 1 empty-answer" sft
for i in 1 2 3 4 5 6 7 8; do printf '{"input_ids": [1, 1, %d, 8, 9], "labels": [-100, -100, %d, 8, 9]}\n' $i $i; done >"$work/twice.jsonl"
if [ -n "$bos" ]; then
    id=$(printf '%s' "$bos" | "$hone" tokenize --tokenizer_name "$world" --no_add_special_tokens)
    sed "s/\[1, 1,/[$id, $id,/" "$work/twice.jsonl" >"$work/bos.jsonl"
    d=$work/bos.jsonl expect 4 "training would be wasted: double-bos" sft
    d=$work/bos.jsonl expect 0 "warning [0-9]+ double-bos" sft --force
fi

finish
