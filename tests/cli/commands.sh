#!/bin/sh
# commands.sh HONE - every command answers -h on standard output with exit 0, and what scripts rely on keeps its form.
set -u
. "$(dirname "$0")/expect.inc"
for command in $("$hone" help | awk '/^  [a-z]/ { print $1 }'); do
    "$hone" "$command" -h >"$work/help" 2>"$work/err"
    check "$command -h exits with 0" test $? -eq 0
    check "$command -h says how to use it" grep -q "^usage: hone $command" "$work/help"
    check "$command -h is silent on standard error" test ! -s "$work/err"
done
for shell in bash zsh fish; do
    "$hone" completion "$shell" >"$work/$shell"
    check "completion $shell" grep -q learning_rate "$work/$shell"
done
check "bash completion parses" bash -n "$work/bash"

"$hone" toy --output_dir "$work/world" --texts 40 --instructions 24 --held_out 6 >/dev/null
mkdir "$work/world/additional_chat_templates"
printf 'tools' >"$work/world/additional_chat_templates/tool_use.jinja"
"$hone" pretrain --config_name "$work/world/config.json" --tokenizer_name "$work/world" --dataset_name "$work/world/text.jsonl" \
    --output_dir "$work/model" --block_size 32 --max_steps 3 --quiet
model=$work/model
for file in model.safetensors config.json tokenizer.json trainer_state.json metrics.jsonl training_args.json README.md additional_chat_templates/tool_use.jinja; do
    check "pretrain writes $file" test -s "$model/$file"
done

# settings: flag over environment over file over default, both spellings, aliases
printf 'learning_rate: 1e-3\nseed: 7\n' >"$work/run.yaml"
HONE_SEED=9 "$hone" sft --config "$work/run.yaml" --print_config --learning-rate=2e-4 >"$work/config"
check "a flag wins over the file" grep -Eq '^learning_rate: *0?\.?(0002|2e-0?4)' "$work/config"
check "the environment wins over the file" grep -Eq '^seed: 9' "$work/config"
HONE_CONFIG="$work/run.yaml" "$hone" sft --print_config >"$work/config2"
check "the environment may name the file" grep -Eq '^seed: 7' "$work/config2"
check "a setting without effect takes a list" "$hone" sft --report_to wandb tensorboard --print_config --no_cuda
check "origins are told" grep -q 'environment' "$work/config"

# tokenize: a line for a line, there and back
printf 'Ada has a red ball.\n\n caf\303\251 \377 \n' >"$work/lines"
"$hone" tokenize --tokenizer_name "$model" --add_special_tokens false <"$work/lines" >"$work/ids"
check "tokenize answers every line" test "$(wc -l <"$work/ids")" -eq 3
"$hone" tokenize --tokenizer_name "$model" --decode <"$work/ids" >"$work/back"
printf 'Ada has a red ball.\n\n caf\303\251 \357\277\275 \n' >"$work/repaired"
check "decode gives the text back" cmp "$work/back" "$work/repaired"
printf '"Ada"\n{"text": ""}\n' | "$hone" tokenize --tokenizer_name "$model/tokenizer.json" --jsonl --add_special_tokens false >"$work/json"
check "jsonl answers arrays" grep -Eq '^\[[0-9, ]+\]$' "$work/json"
check "no text, no tokens" test "$(tail -n 1 "$work/json")" = "[]"

# a tokenizer written for others to load; tokens added to a run: rows of the embedding, files, the same end after a resume
"$hone" tokenize --tokenizer_name "$model" --output_dir "$work/tokens" --add_tokens "<a>" --new_special_tokens "<b>" >"$work/saved"
check "tokenize writes a tokenizer" test -s "$work/tokens/tokenizer.json" -a -s "$work/tokens/tokenizer_config.json"
check "added tokens are one id each" test "$(echo 'Ada<a><b>' | "$hone" tokenize --tokenizer_name "$work/tokens" --add_special_tokens false | wc -w)" -eq \
    $(($(echo 'Ada' | "$hone" tokenize --tokenizer_name "$model" --add_special_tokens false | wc -w) + 2))
check "special tokens may be plain text" test "$(echo '<b>' | "$hone" tokenize --tokenizer_name "$work/tokens" --add_special_tokens false \
    --split_special_tokens | wc -w)" -gt 1
rows=$(sed -n 's/.*"vocab_size": *\([0-9]*\).*/\1/p' "$model/config.json")
size=$(echo '<b>' | "$hone" tokenize --tokenizer_name "$work/tokens" --add_special_tokens false)
more="--add_tokens <a> --new_special_tokens <b>"
for i in $(seq 0 "$((rows - size))"); do more="$more <b$i>"; done # beyond the spare rows there may be
grown() { # grown DIR FLAGS...
    dir=$1
    shift
    "$hone" sft --model_name_or_path "$model" --dataset_name "$work/world/train.jsonl" --output_dir "$dir" --max_steps 2 --save_steps 1 \
        --per_device_train_batch_size 4 --quiet $more "$@"
}
grown "$work/grown"
cp -r "$work/grown" "$work/again" && rm -r "$work/again/checkpoint-2"
grown "$work/again" --resume_from_checkpoint true
check "config.json has the new rows" test "$(sed -n 's/.*"vocab_size": *\([0-9]*\).*/\1/p' "$work/grown/config.json")" -gt "$rows"
check "a resumed run with new tokens ends the same" cmp -s "$work/grown/model.safetensors" "$work/again/model.safetensors"
check "named chat templates stand in checkpoints" test -s "$work/grown/checkpoint-1/additional_chat_templates/tool_use.jinja"
printf '{%% for m in messages %%}{{ m.content }}{%% endfor %%}' >"$work/t.jinja"
grown "$work/other" --chat_template_path "$work/t.jinja"
check "a template that is given is the only one" test -s "$work/other/chat_template.jinja" -a ! -e "$work/other/additional_chat_templates"
"$hone" pretrain --config_name "$work/world/config.json" --tokenizer_name "$work/world" --dataset_name "$work/world/text.jsonl" \
    --output_dir "$work/scratch" --block_size 32 --max_steps 1 --quiet $more
check "a model from scratch has rows for added tokens" "$hone" generate --model_name_or_path "$work/scratch" --prompt "<a>" --max_new_tokens 2
check "and says so" test "$(sed -n 's/.*"vocab_size": *\([0-9]*\).*/\1/p' "$work/scratch/config.json")" -gt "$rows"
check "a grown model is used" "$hone" generate --model_name_or_path "$work/grown" --prompt "<a>" --max_new_tokens 2

# data formats: every format and every kind of file, as a table or as JSON
"$hone" data formats >"$work/formats"
check "data formats lists a format" grep -q "^  sharegpt .*conversations" "$work/formats"
check "data formats lists a kind of file" grep -q "conll" "$work/formats"
"$hone" data formats --json >"$work/formats.json"
check "data formats as JSON" grep -q '"name": "oasst-trees"' "$work/formats.json"

# what a row of a text file is
printf 'Ada has a ball.\n\nBen has\na hat.\n' >"$work/plain.txt"
for unit in line:4 paragraph:2 document:1; do
    "$hone" data inspect --tokenizer_name "$model" --dataset_name "$work/plain.txt" --text_unit "${unit%:*}" >"$work/units" 2>/dev/null
    check "text_unit ${unit%:*}" grep -q "plain.txt: ${unit#*:} rows as " "$work/units"
done

# score: rows in order, one token gives an empty list
printf '{"input_ids": [5, 6, 7]}\n{"input_ids": [9]}\n{"text": "Ada has"}\n' >"$work/score.jsonl"
head -n 2 "$work/score.jsonl" >"$work/ids.jsonl"
"$hone" score --model_name_or_path "$model" --dataset_name "$work/ids.jsonl" --token_logprobs >"$work/scores" 2>/dev/null
check "score answers every row" test "$(wc -l <"$work/scores")" -eq 2
check "a one-token row scores an empty list" grep -q '"index": 1, "logprob": 0.0, "num_tokens": 1, "token_logprobs": \[\]' "$work/scores"

# generate: files give JSON lines in order; a seed repeats itself; stop strings are left out
head -n 3 "$work/world/test.jsonl" >"$work/prompts.jsonl"
gen() { "$hone" generate --model_name_or_path "$model" --quiet "$@"; }
gen --dataset_name "$work/prompts.jsonl" --max_new_tokens 4 --num_return_sequences 2 --temperature 1 >"$work/gen1"
gen --dataset_name "$work/prompts.jsonl" --max_new_tokens 4 --num_return_sequences 2 --temperature 1 --batch_size 1 >"$work/gen2"
check "generate answers every sample" test "$(wc -l <"$work/gen1")" -eq 6
check "samples do not depend on what runs beside them" cmp "$work/gen1" "$work/gen2"
check "finish reasons" grep -Eq '"finish_reason": "(stop|length)"' "$work/gen1"

"$hone" generate --model_name_or_path "$model" --prompt Ada --max_new_tokens 4 >/dev/full 2>"$work/full"
check "a full standard output is an error" test $? -eq 1
check "and told as such" grep -q "cannot write to standard output" "$work/full"
free="--prompt Ada --max_new_tokens 40 --temperature 2 --ignore_eos"
gen $free >"$work/free" && gen $free --stop ' ' >"$work/cut1" && gen $free --stop '["\u0020", "Ada has"]' >"$work/cut2"
check "text has blanks" grep -q ' ' "$work/free"
check "a stop string may be a blank" test -s "$work/cut1" -a "$(grep -c ' ' "$work/cut1")" -eq 0
check "and stop strings may come as JSON" cmp "$work/cut1" "$work/cut2"

# eval: one object, gates exit with 4
"$hone" eval --model_name_or_path "$model" --dataset_name "$work/world/test.jsonl" >"$work/eval" 2>/dev/null
check "eval prints one object" test "$(wc -l <"$work/eval")" -eq 1
"$hone" eval --model_name_or_path "$model" --dataset_name "$work/world/test.jsonl" --max_eval_samples 2 >"$work/eval2" 2>/dev/null
check "eval keeps to --max_eval_samples of a file" grep -q '"rows": 2}' "$work/eval2"
"$hone" eval --model_name_or_path "$model" --dataset_name "$work/world/test.jsonl" --min_accuracy 1 >/dev/null 2>&1
check "a gate exits with 4" test $? -eq 4

# a dry run writes nothing; what has no effect is said
"$hone" sft --model_name_or_path "$model" --dataset_name "$work/world/train.jsonl" --output_dir "$work/dry" --dry_run >"$work/plan" 2>&1
check "a dry run says its peak memory" grep -q "peak memory" "$work/plan"
check "a dry run writes nothing" test ! -e "$work/dry"
"$hone" sft --model_name_or_path "$model" --dataset_name "$work/world/train.jsonl" --output_dir "$work/noop" --max_steps 1 --use_cpu \
    --report_to none --disable_tqdm true >"$work/noop.log" 2>&1
check "flags without effect are accepted" test $? -eq 0
check "and said to be without effect" grep -q "use_cpu" "$work/noop.log"

# a page shows what data holds as text
printf '{"a<script>": "b<script>"}\n' >"$work/page.jsonl"
"$hone" report "$work/noop" --title '<script>' --samples "<script>=$work/page.jsonl" --output_file "$work/page.html" >/dev/null
check "a page with keys and values" grep -q 'a&lt;script' "$work/page.html"
check "is no script" sh -c "! grep -q '<script' '$work/page.html'"

# signals: the step is finished, a checkpoint saved, exit 130; resume goes on
"$hone" sft --model_name_or_path "$model" --dataset_name "$work/world/train.jsonl" --output_dir "$work/sig dir" --max_steps 100000 --quiet \
    --overwrite_output_dir 2>"$work/sig.err" &
pid=$!
sleep 1.5
kill -INT $pid
wait $pid
check "SIGINT exits with 130" test $? -eq 130
check "and leaves a checkpoint" sh -c "ls -d '$work/sig dir'/checkpoint-*/model.safetensors"
saved=$(sed -n 's/.*; saved .*checkpoint-//p' "$work/sig.err")
sed -n "s|.*resume: hone|\"$hone\"|p" "$work/sig.err" >"$work/resume"
echo " --quiet --max_steps $((saved + 2)) --force" | tr '\n' ' ' >>"$work/resume"
check "the resume command that is printed goes on" sh -c "$(tr '\n' ' ' <"$work/resume")"
check "to its end" test -d "$work/sig dir/checkpoint-$((saved + 2))"
# SIGUSR1 while rows are prepared waits for the first step; a run that was started with nohup outlives its terminal
cp "$work/world/train.jsonl" "$work/many.jsonl"
while [ "$(wc -l <"$work/many.jsonl")" -lt 150000 ]; do
    cat "$work/many.jsonl" "$work/many.jsonl" >"$work/more.jsonl" && mv "$work/more.jsonl" "$work/many.jsonl"
done
nohup "$hone" sft --model_name_or_path "$model" --dataset_name "$work/many.jsonl" --output_dir "$work/nohup" --max_steps 2 --quiet \
    --save_only_model >"$work/nohup.log" 2>&1 &
pid=$!
sleep 0.3
kill -USR1 $pid
kill -HUP $pid
wait $pid
check "a run under nohup ends well" test $? -eq 0
check "SIGUSR1 before the first step leaves its checkpoint" test -d "$work/nohup/checkpoint-1"
# training_args.json makes the same run once more
"$hone" sft --config "$work/noop/training_args.json" --output_dir "$work/noop2" --quiet
check "training_args.json repeats a run" cmp "$work/noop/model.safetensors" "$work/noop2/model.safetensors"
# flags that tokenizer.json does not follow are told before the first step
cp -r "$model" "$work/flags"
sed 's/^{/{"add_eos_token": true,/' "$model/tokenizer_config.json" >"$work/flags/tokenizer_config.json"
"$hone" sft --model_name_or_path "$work/flags" --dataset_name "$work/world/train.jsonl" --output_dir "$work/flagged" --max_steps 1 2>"$work/flags.log"
check "training warns where add_eos_token disagrees" grep -q 'warning: .*add_eos_token true' "$work/flags.log"

finish
