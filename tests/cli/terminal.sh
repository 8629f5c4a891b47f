#!/bin/sh
# terminal.sh HONE TYPIST: what stands in data, models and settings is shown on a terminal, never acted on by it.
set -u
. "$(dirname "$0")/expect.inc"
model=$(cd "$(dirname "$0")/../fixtures/base" && pwd)
typist=$2
finish_without_terminal "$typist"
esc=$(printf '\033')
act='\033]0;title\007\302\233mred\177\010'

# Every blank that the model writes becomes a control sequence.
mkdir "$work/model" && cp "$model"/* "$work/model"
sed '/"String": "▁"/,/"content"/s/"content": " "/"content": " \\u001b]0;title\\u0007"/' "$model/tokenizer.json" >"$work/model/tokenizer.json"
check "the tokenizer writes control sequences" grep -q u001b "$work/model/tokenizer.json"
printf '{"prompt": "Say \\u001b]0;title\\u0007", "completion": " \302\2331m \177\\u0008 yes"}\n' >"$work/rows.jsonl"
printf '{"\\u001b]0;title\\u0007": 1}\n' >"$work/keys.jsonl"

# on NAME SHOWN COMMAND...: the command runs at a terminal; SHOWN is there and only colours and cleared lines are acted on
on() {
    name=$1
    shown=$2
    shift 2
    "$typist" "$@" </dev/null >"$work/terminal"
    sed "s/$esc\\[[0-9;]*[mK]//g" "$work/terminal" | tr -d '\n\t\r' >"$work/rest"
    check "$name: nothing is acted on" sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" "$1" && ! LC_ALL=C grep -q "$(printf "\302[\200-\237]")" "$1"' sh "$work/rest"
    checked="$name: it is shown"
    check "$checked" grep -qF -- "$shown" "$work/rest"
}
acting=$(printf "$act")
seen='\x1b]0;title\x07\x9bmred\x7f\x08'
on "a first example" '\x1b]0;title\x07' "$hone" sft --model_name_or_path "$work/model" --dataset_name "$work/rows.jsonl" --dry_run
on "a first example's C1" '\x9b1m' "$hone" sft --model_name_or_path "$model" --dataset_name "$work/rows.jsonl" --dry_run
on "keys of rows" '\x1b]0;title\x07' "$hone" sft --model_name_or_path "$model" --dataset_name "$work/keys.jsonl" --dry_run
on "the name of a data set" "$seen" "$hone" sft --model_name_or_path "$model" --dataset_name "$acting" --dry_run
on "the name of a model" "$seen" "$hone" model inspect "$acting"
on "a command" "$seen" "$hone" "$acting"
on "an option" "$seen" "$hone" sft "--$acting"
on "bytes that are no UTF-8" '\x9bm' "$hone" sft "--$(printf '\233m')"
on "rows and tokens" '\u001b]0;title' "$hone" data inspect --model_name_or_path "$work/model" --dataset_name "$work/rows.jsonl" --ids
on "generated text" '\x1b]0;title\x07' "$hone" generate --model_name_or_path "$work/model" --prompt "Once upon a time" --max_new_tokens 12
on "generated texts" '\x1b]0;title\x07' "$hone" generate --model_name_or_path "$work/model" --prompt "Once upon a time" --max_new_tokens 12 --stream false
on "an answer" '\x1b]0;title\x07' "$hone" chat --model_name_or_path "$work/model" --prompt "Once upon a time" --max_new_tokens 12

# elsewhere results stay as they are
"$hone" generate --model_name_or_path "$work/model" --prompt "Once upon a time" --max_new_tokens 12 >"$work/file" 2>/dev/null
check "a file gets the text as it is" grep -qF "$(printf '\033]0;title\007')" "$work/file"

finish
