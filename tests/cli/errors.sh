#!/bin/sh
# errors.sh HONE - every kind of bad input a user meets: one error with cause, place and remedy, and the documented exit code.
set -u
. "$(dirname "$0")/expect.inc"
told=stderr

"$hone" toy --output_dir "$work/world" --texts 30 --instructions 12 --held_out 4 >/dev/null || exit 1
"$hone" pretrain --config_name "$work/world/config.json" --tokenizer_name "$work/world" --dataset_name "$work/world/text.jsonl" \
    --output_dir "$work/model" --block_size 32 --max_steps 1 --quiet || exit 1
model=$work/model
data=$work/world/train.jsonl
broken() { # a copy of the model to damage
    rm -rf "$work/broken"
    cp -r "$model" "$work/broken"
}
sft() { "$hone" sft --model_name_or_path "${m:-$model}" --dataset_name "${d:-$data}" --output_dir "${o:-$work/out}" --max_steps 1 "$@"; }

# ---- flags
expect 2 "did you mean|learning_rate" sft --learning_rat 1e-3
expect 2 "response_length|unknown" sft --response_length 5
expect 2 "learning_rate" sft --learning_rate -1
expect 2 "per_device_train_batch_size" sft --per_device_train_batch_size 0
expect 2 "lr_scheduler_type" sft --lr_scheduler_type linaer
expect 2 "num_train_epochs|number" sft --num_train_epochs many
expect 2 "model_name_or_path is missing" "$hone" sft --dataset_name "$data"
expect 2 "dataset_name is missing" "$hone" sft --model_name_or_path "$model"
expect 2 "no command is called 'sfx'" "$hone" sfx
expect 2 "not expected here" sft surplus
printf 'learning_rate: 1e-3\nlerning_rate: 2\n' >"$work/bad.yaml"
expect 2 "bad.yaml:2.*lerning_rate" sft --config "$work/bad.yaml"
printf 'seed: 1\nseed: 2\n' >"$work/twice.yaml"
expect 2 "twice.yaml:2" sft --config "$work/twice.yaml"
expect 3 "nowhere.yaml" sft --config "$work/nowhere.yaml"

expect 2 "both --text and --dataset_name" "$hone" score --model_name_or_path "$model" --text a --dataset_name "$data"

# ---- memory: what the plan needs is said before the first step, or where an allocation fails in spite of it
if (ulimit -v 200000 && "$hone" env) >/dev/null 2>&1; then # not under sanitizers, which reserve far more addresses
    small() { (ulimit -v 200000 && sft --per_device_train_batch_size 1000 --max_length 512 "$@"); }
    for i in $(seq 1000); do echo '{"input_ids": ['"$(seq -s, 9 265)"']}'; done >"$work/wide.jsonl"
    d=$work/wide.jsonl expect 1 "the plan needs .* GB, of which .* are available" small --chunk_tokens 100000 --save_strategy no
    d=$work/wide.jsonl expect 1 "out of memory.*" small --chunk_tokens 100000 --force
    d=$work/wide.jsonl expect 1 "weights .* gradients .* optimiser .* activations" small --chunk_tokens 100000 --force
fi

# ---- data
d=$work/none.jsonl expect 3 "none.jsonl" sft
printf '{"prompt": "a", "completion": "b"}\n{"prompt": "a", "completion" "b"}\n' >"$work/json.jsonl"
d=$work/json.jsonl expect 3 "json.jsonl:2" sft
printf '{"question": "a", "reply": "b"}\n' >"$work/columns.jsonl"
d=$work/columns.jsonl expect 3 "question" sft
printf '{"input_ids": [5, 6]}\n{"input_ids": [5, 999999]}\n' >"$work/ids.jsonl"
for command in sft eval score; do
    expect 3 "token 1 of the row at line 2" "$hone" $command --model_name_or_path "$model" --dataset_name "$work/ids.jsonl"
done
d=$work/columns.jsonl expect 0 "prompt-completion" sft --columns prompt=question,completion=reply
d=$work/columns.jsonl expect 0 "prompt-completion" sft --prompt_column question --completion_column reply --overwrite_output_dir
d=$work/columns.jsonl expect 3 "columns.jsonl:1.*\"answer\", which is asked for, is missing" sft --columns prompt=question,completion=answer
d=$work/columns.jsonl expect 2 "NAME=COLUMN" sft --columns question
d=$work/columns.jsonl expect 2 "two columns are to be read as" sft --columns prompt=question,prompt=reply
d=$work/columns.jsonl expect 2 "no record format is called" sft --dataset_format chats
printf '{"text": "a b c"}\n{"prompt": "a", "completion": "b"}\n' >"$work/mixed.jsonl"
d=$work/mixed.jsonl expect 3 "mixed.jsonl:2: this row is in format prompt-completion .*mixed.jsonl:1 is in format text" sft
d=$work/mixed.jsonl expect 0 "each .as asked for" sft --dataset_format each --overwrite_output_dir
printf '{"prompt": "a", "completions": ["b"], "labels": [true]}\n' >"$work/steps.jsonl"
d=$work/steps.jsonl expect 3 "rows are in format stepwise .*cannot be used for task sft" sft
printf '{"prompt": "a", "completion": "b"}\n{"prompt": "a"}\n' >"$work/missing.jsonl"
d=$work/missing.jsonl expect 3 "missing.jsonl:2.*completion" sft
: >"$work/empty.jsonl"
d=$work/empty.jsonl expect 3 "empty.jsonl" sft
d=$data expect 3 "target|dropped" sft --max_length 2
printf '{"text": "caf\351"}\n' >"$work/latin.jsonl"
d=$work/latin.jsonl expect 3 "latin.jsonl:1.*UTF-8" sft
head -c 40 "$data" | gzip | head -c 30 >"$work/cut.jsonl.gz"
d=$work/cut.jsonl.gz expect 3 "cut.jsonl.gz" sft

# ---- files that mean harm, or are not what they seem: inside small memory and time
limit=1500000
( ulimit -v $limit; "$hone" env ) >/dev/null 2>&1 || limit=unlimited # a sanitizer maps terabytes
bounded() { ( ulimit -v $limit; ulimit -t 60; sft "$@" ); }
{ printf '{"text": "'; head -c 70000000 /dev/zero | tr '\0' a; printf '"}\n'; } >"$work/line.jsonl"
d=$work/line.jsonl expect 3 "line.jsonl:1: a line longer than 67108864 bytes" bounded
d=$work/line.jsonl expect 3 "none of its 1 records can be used" bounded --on_bad_row skip
gzip -1 <"$work/line.jsonl" >"$work/line.jsonl.gz"
d=$work/line.jsonl.gz expect 3 "line.jsonl.gz:1: a line longer than 67108864 bytes" bounded
rm "$work/line.jsonl" "$work/line.jsonl.gz"
{ printf '{"text": "a", "x": '; head -c 10000 /dev/zero | tr '\0' '['; head -c 10000 /dev/zero | tr '\0' ']'; printf '}\n'; } >"$work/deep.jsonl"
d=$work/deep.jsonl expect 3 "deep.jsonl:1:[0-9]+: nested too deeply .at most 256 levels" bounded
{ printf 'text\n"never closed\n'; head -c 9000000 /dev/zero | tr '\0' '\n'; } >"$work/quote.csv"
d=$work/quote.csv expect 3 "quote.csv:2: a quote is opened and never closed" bounded
d=$work/quote.csv expect 3 "quote.csv:2: a field in quotes longer than 1000000 bytes" bounded --max_record_bytes 1000000
printf 'text\nab\0c\n' >"$work/nul.csv"
d=$work/nul.csv expect 3 "nul.csv:2: byte 3 of the line is NUL" sft
printf 'text,text\na,b\n' >"$work/twice.csv"
d=$work/twice.csv expect 3 'twice.csv:1: two columns are called "text"' sft
printf 'text,n\na,b\nc\n' >"$work/ragged.csv"
d=$work/ragged.csv expect 3 "ragged.csv:3: 1 fields?, but the header has 2" sft
printf '\377\376{\0"\0t\0' >"$work/wide.jsonl"
d=$work/wide.jsonl expect 3 "the text is UTF-16, UTF-8 is expected" sft
printf 'ARROW1\0\0' >"$work/data.arrow"
d=$work/data.arrow expect 3 "Arrow data" sft
printf 'PAR1PAR1' >"$work/short.parquet"
d=$work/short.parquet expect 3 "short.parquet: the Parquet file is cut short" sft
mkdir "$work/nodata"
d=$work/nodata expect 3 "no file of the split" sft
for bad in "$(dirname "$0")"/../fixtures/parquet/bad/*.parquet; do
    d=$bad expect 3 "$(basename "$bad"): |does not fit|is missing" bounded
done
# bad rows are left out of every kind of file, and counted
printf '{"text": "a b"}\n{"text": 5}\nno\n{"text": "c d"}\n' >"$work/rows.jsonl"
printf '[{"text": "a b"}, {"text": 5}, [], {"text": "c d"}]' >"$work/rows.json"
printf 'text,n\na b,1\nc\n"d" e,3\nf g,4\n' >"$work/rows.csv"
printf 'text\tn\na b\t1\nc\nd\te\tf\nf g\t4\n' >"$work/rows.tsv"
printf 'some words\n\377\nc\376d\nof a longer text.\n' >"$work/rows.txt"
for kind in jsonl json csv tsv txt; do
    d=$work/rows.$kind expect 0 "2 records left out as not usable; the first: .*rows.$kind" sft --on_bad_row skip --overwrite_output_dir
done

# ---- models
m=$work/nothing expect 3 "nothing" sft
m=org/name expect 3 "hf download org/name" sft
broken; rm "$work/broken/model.safetensors"
m=$work/broken expect 3 "model.safetensors" sft
broken; truncate -s 1000 "$work/broken/model.safetensors"
m=$work/broken expect 3 "model.safetensors" sft
broken; printf '\377\377\377\377\377\377\377\177' | dd of="$work/broken/model.safetensors" conv=notrunc status=none
m=$work/broken expect 3 "header" sft
broken; sed -i 's/"data_offsets":\[0,/"data_offsets":[4,/' "$work/broken/model.safetensors"
m=$work/broken expect 3 "model.safetensors" sft
broken; mv "$work/broken/model.safetensors" "$work/broken/model-00001-of-00002.safetensors"
printf '{"metadata":{"total_size":1},"weight_map":{"model.norm.weight":"model-00002-of-00002.safetensors"}}' \
    >"$work/broken/model.safetensors.index.json"
m=$work/broken expect 3 "model-00002-of-00002.safetensors" sft
broken; sed -i 's/"intermediate_size": *[0-9]*/"intermediate_size": 300/' "$work/broken/config.json"
m=$work/broken expect 3 "shape|300" sft
broken; sed -i 's/"model_type": *"llama"/"model_type": "lama9"/' "$work/broken/config.json"
m=$work/broken expect 3 "lama9.*|llama" sft
broken; sed -i '/"hidden_size"/d' "$work/broken/config.json"
m=$work/broken expect 3 "hidden_size" sft
broken; echo '{"model_type": ' >"$work/broken/config.json"
m=$work/broken expect 3 "config.json:" sft
broken; sed -i 's/"type": *"ByteLevel", *"add_prefix_space": *false/"type": "Elsewise", "add_prefix_space": false/' "$work/broken/tokenizer.json"
m=$work/broken expect 3 "Elsewise" sft
sed 's/"vocab_size": 768/"vocab_size": 300/' "$work/world/config.json" >"$work/small.json"
expect 3 "vocabulary|embedding" "$hone" pretrain --config_name "$work/small.json" --tokenizer_name "$work/world" \
    --dataset_name "$work/world/text.jsonl" --output_dir "$work/out"

# ---- output
o=$work/run sft --save_steps 1 --quiet || exit 1
o=$work/run expect 1 "resume_from_checkpoint|overwrite_output_dir" sft
if [ "$(id -u)" -ne 0 ]; then
    mkdir "$work/locked" && chmod a-w "$work/locked"
    o=$work/locked/out expect 1 "locked" sft
fi
( ulimit -f 200; o=$work/limited expect 1 "File too large" sft; exit "$off" ) || off=1
cases=$((cases + 1))
: >"$work/file"
o=$work/file/out expect 1 "file" sft
finish
