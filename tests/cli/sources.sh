#!/bin/sh
# sources.sh HONE - where data come from: files, folders, patterns, lists, the hub cache, splits, mixtures, held-out rows; and
# Parquet beside JSON lines. One line a check; exit 1 if any is off.
set -u
. "$(dirname "$0")/expect.inc"
fixtures=$(cd "$(dirname "$0")/../fixtures" && pwd)

"$hone" toy --output_dir "$work/world" --texts 30 --instructions 40 --held_out 4 >/dev/null || exit 1
"$hone" pretrain --config_name "$work/world/config.json" --tokenizer_name "$work/world" --dataset_name "$work/world/text.jsonl" \
    --output_dir "$work/model" --block_size 32 --max_steps 1 --quiet || exit 1
cd "$work" || exit 1
plan() { "$hone" sft --model_name_or_path "$work/model" --output_dir "$work/out" --dry_run "$@" >"$work/plan" 2>&1; }
says() { # says PATTERN flags...: the block before step 1 has it
    pattern=$1
    shift
    plan "$@"
    grep -Eq -- "$pattern" "$work/plan" || { cat "$work/plan"; return 1; }
}
fails() { # fails CODE PATTERN flags...
    code=$1
    pattern=$2
    shift 2
    plan "$@"
    got=$?
    [ "$got" -eq "$code" ] && grep -Eq -- "$pattern" "$work/plan" || { echo "exit $got"; cat "$work/plan"; return 1; }
}
mkdir -p set/data cfg/main cfg/other
head -n 30 world/train.jsonl >set/data/train-00000-of-00002.jsonl
tail -n +31 world/train.jsonl >set/data/train-00001-of-00002.jsonl
cp world/test.jsonl set/data/validation-00000-of-00001.jsonl
head -n 7 world/train.jsonl >cfg/main/train.jsonl
head -n 9 world/train.jsonl >cfg/other/train.jsonl
rows=$(wc -l <world/train.jsonl)
echo '{"question": "a b c", "reply": "d e f", "more": 1}' >q.jsonl

check "a folder as on the hub" says ": $rows rows" --dataset_name set
check "its validation split is evaluated" says "eval data .*: 4 rows" --dataset_name set --eval_strategy epoch
check "a pattern" says ": $rows rows" --dataset_name 'set/data/train-*.jsonl'
check "several files" says ": 16 rows" --dataset_name cfg/main/train.jsonl,cfg/other/train.jsonl
check "each of them is said" says "cfg/other/train.jsonl: 9 records" --dataset_name cfg/main/train.jsonl,cfg/other/train.jsonl
check "a slice" says ": 10 rows" --dataset_name set --dataset_train_split 'train[:10]'
check "a slice in percent" says ": $((rows / 2)) rows" --dataset_name set --dataset_train_split 'train[50%:]'
check "two splits" says ": $((rows + 4)) rows" --dataset_name set --dataset_train_split train+validation
check "a configuration" says ": 7 rows" --dataset_name cfg --dataset_config main
check "several folders" says ": 16 rows" --dataset_name cfg
printf -- '---\nconfigs:\n- config_name: x\n  data_files: main/train.jsonl\n- config_name: y\n  data_files: other/*\n---\n' >cfg/README.md
check "a configuration of the card" says ": 9 rows" --dataset_name cfg --dataset_config y
check "several configurations" fails 2 "its card lists: x, y" --dataset_name cfg
rm cfg/README.md
check "no such split" fails 3 "its splits: train, validation" --dataset_name set --dataset_train_split testing
check "a split of no form" fails 2 "train\[:3" --dataset_name set --dataset_train_split 'train[:3'

# rows held out
check "a share held out" says ": $((rows - (rows + 9) / 10)) rows" --dataset_name set --val_size 0.1
check "and evaluated" says "eval data .*: $(((rows + 9) / 10)) rows" --dataset_name set --val_size 0.1
check "and said" says "held out by --val_size 0.1, a permutation seeded with 42" --dataset_name set --val_size 0.1
check "a number held out, under an older name" says "eval data .*: 5 rows" --dataset_name set --val_set_size 5
check "too many held out" fails 2 "none would be left" --dataset_name cfg/main/train.jsonl --val_size 7
check "an evaluation set of its own" says "eval data .*: 4 rows" --dataset_name set --eval_dataset_name world/test.jsonl

# mixtures
cat >mix.yaml <<'END'
datasets:
  - path: set
    split: train[:20]
  - path: cfg
    name: main
    max_samples: 5
END
check "a list in YAML" says ": 25 rows" --config mix.yaml
check "with its records" says "cfg .main.: 5 records" --config mix.yaml
check "a list as JSON" says ": 9 rows" --datasets '[{"path": "cfg", "name": "other", "columns": ["prompt", "completion"]}]'
check "interleaved" says ": 14 rows" --dataset_name cfg/main/train.jsonl,cfg/other/train.jsonl --mix_strategy interleave
check "until all are exhausted" says ": 18 rows" --dataset_name cfg/main/train.jsonl,cfg/other/train.jsonl --mix_strategy interleave_over
check "by weight" says "^interleave .*cfg/main" --dataset_name cfg/main/train.jsonl,cfg/other/train.jsonl --mix_strategy interleave \
    --interleave_probs 0.7 0.3
check "by fraction" says ": 14 rows" --datasets '[{"path": "cfg", "name": "main", "fraction": 0.5}, {"path": "cfg", "name": "other", "fraction": 0.5},
    {"path": "set", "split": "train[:0]", "fraction": 0}]' --dataset_train_split train
check "an unknown setting" fails 2 'datasets\[0\]: unknown setting "paht"' --datasets '[{"paht": "cfg"}]'
check "no list" fails 2 "a list of data sets is expected" --datasets '{"path": "cfg"}'
check "a weight without a mixture" fails 2 "mix_strategy interleave" --datasets '[{"path": "set", "weight": 1}]'
check "columns that are renamed" says ": 1 rows, prompt-completion" --datasets '[{"path": "q.jsonl", "columns": {"prompt": "question", "completion": "reply"}}]' \
    --dataset_train_split train

# the hub cache
export HF_HUB_CACHE="$work/cache"
mkdir -p cache/datasets--org--name/refs cache/datasets--org--name/snapshots/abc/data
printf abc >cache/datasets--org--name/refs/main
cp world/train.jsonl cache/datasets--org--name/snapshots/abc/data/train-00000-of-00001.jsonl
check "a data set in the hub cache" says ": $rows rows" --dataset_name org/name
check "one that is not there" fails 3 "hf download --repo-type dataset org/other" --dataset_name org/other

# Parquet, and what is no text
check "Parquet" says ": 3 rows, text" --datasets "[{\"path\": \"$fixtures/parquet/bad/binary.parquet\", \"columns\": [\"text\"]}]"
check "Parquet with columns that are no text" fails 3 'binary.parquet: record 1: column "image": binary data' --dataset_name \
    "$fixtures/parquet/bad/binary.parquet"
finish
