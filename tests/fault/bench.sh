#!/bin/sh
# bench.sh HONE [FAULTS] - the fault bench: damage planted into good data must be caught, each kind by its own check, and clean data
# must raise nothing above "info". Prints a table and "N of N caught, M false alarms"; exit 1 if one is missed or one is false.
#
# FAULTS: the generator (build/tests/faults). Clean real sets are looked at where HONE_DATA names a folder that holds them.
set -u
hone=$1
faults=${2:-$(dirname "$1")/tests/faults}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kinds=0
caught=0
alarms=0

# A tokenizer, a config with room for long rows, and a chat template: no weights are needed.
"$hone" toy --output_dir "$work/world" --texts 4 --instructions 4 --held_out 2 >/dev/null || exit 1
sed 's/"max_position_embeddings": [0-9]*/"max_position_embeddings": 131072/' "$work/world/config.json" >"$work/config.json" && mv "$work/config.json" "$work/world/"
template() { # of a copy of the model: FOLDER 'source'
    [ "$1" = world ] || cp -r "$work/world" "$work/$1"
    printf '%s' "$2" >"$work/$1/chat_template.jinja"
}
turn="{{ '<' + m['role'] + '>' }}{{ m['content'] }}"
loop='{% for m in messages %}'
ask="{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
template world "{{ bos_token }}$loop$turn{{ eos_token }}{% endfor %}$ask"
template no_prompt "{{ bos_token }}$loop$turn{{ eos_token }}{% endfor %}"
template other_prompt "{{ bos_token }}$loop$turn{{ eos_token }}{% endfor %}{% if add_generation_prompt %}{{ '<bot>' }}{% endif %}"
template no_prefix "{{ bos_token }}{{ messages | length }} messages:$loop$turn{{ eos_token }}{% endfor %}$ask"
template no_end "{{ bos_token }}$loop$turn{{ '\n' }}{% endfor %}$ask"
template no_system "{{ bos_token }}$loop{% if m['role'] != 'system' %}$turn{{ eos_token }}{% endif %}{% endfor %}$ask"
template raises "{{ bos_token }}$loop{% if m['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}$turn{{ eos_token }}{% endfor %}$ask"
template two_bos "{{ bos_token }}{{ bos_token }}$loop$turn{{ eos_token }}{% endfor %}$ask"
said="{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}{% endgeneration %}{% else %}{{ m['content'] }}{% endif %}"
template end_outside "{{ bos_token }}$loop{{ '<' + m['role'] + '>' }}$said{{ eos_token }}{% endfor %}$ask"
model=$work/world
for kind in sft messages preference kto classify tag qa; do "$faults" good $kind 400 >"$work/$kind.jsonl" || exit 1; done

check() { "$hone" data check --model_name_or_path "$model" --json --quiet "$@" >"$work/report.json" 2>"$work/err"; }
# The findings above info of the last report, as "id severity".
findings() { sed -n 's/^ *"id": "\(.*\)",$/\1/p; s/^ *"severity": "\(.*\)",$/\1/p' "$work/report.json" | paste -d' ' - - | grep -v ' info$'; }

row() { printf '%-46s %-8s %s\n' "$1" "$2" "$3"; }

# fault NAME ID 'PERCENTS' FLAGS...: the damage at each share of rows must be found as ID.
fault() {
    name=$1 id=$2 shares=$3
    shift 3
    line=$("$faults" list | awk -F'\t' -v n="$name" '$1 == n')
    kind=$(printf '%s' "$line" | cut -f2)
    about=$(printf '%s' "$line" | cut -f3)
    ok=yes
    seen=
    for share in $shares; do
        "$faults" plant "$name" "$share" <"$work/$kind.jsonl" >"$work/bad.jsonl" || exit 1
        check --dataset_name "$work/bad.jsonl" "$@"
        if findings | grep -q "^$id "; then seen="$seen $share %"; else
            ok=no
            echo "missed: $name at $share %: $(findings | tr '\n' ';') $(head -n 2 "$work/err")"
        fi
    done
    count "$about" "$ok" "$id at$seen"
}
count() {
    kinds=$((kinds + 1))
    if [ "$2" = yes ]; then caught=$((caught + 1)); row "$1" caught "$3"; else row "$1" MISSED "$3"; fi
}
# clean NAME FILE FLAGS...: nothing above info.
clean() {
    name=$1 file=$2
    shift 2
    check --dataset_name "$file" "$@"
    code=$?
    if [ $code -ne 0 ] || [ -n "$(findings)" ]; then
        alarms=$((alarms + 1))
        row "$name" ALARM "$(findings | tr '\n' ';') $(head -n 2 "$work/err" | tr '\n' ' ')"
    else
        row "$name" quiet "$(sed -n 's/^ *"rows": \([0-9]*\),$/\1 rows/p' "$work/report.json" | head -n 1)"
    fi
}

echo "== damage"
fault double_bos double-bos "100 20 5"
fault eos_masked eos-not-trained "100 20 10"
fault long_prompt answer-truncated "100 20 15" --max_length 200
fault control_tokens control-tokens "20 5"
fault empty_answers empty-answer "20 5"
fault empty_prompts empty-prompt "20 5"
fault wrong_columns wrong-columns "20 5"
fault mixed_formats mixed-formats "20 5"
fault prompt_repeated prompt-repeated "20 5"
fault shared_answer shared-answer "60 20"
fault mojibake mojibake "20 5"
fault duplicates duplicates "20 8"
fault wrong_roles unknown-role "100 20 5"
fault ends_with_user ends-with-user "20 5"
fault same_role same-role-twice "20 5"
fault swapped swapped-pairs "20 10"
fault swapped_scored scores-contradict "20 5"
fault scores scores-contradict "20 5"
fault other_scores scores-contradict "20 5"
fault reference opposite-pairs "20 5"
fault opposite opposite-pairs "20 5"
fault same_sides chosen-is-rejected "20 5"
fault length_bias length-bias "100 80"
fault one_label label-imbalance "95 85"
fault many_labels many-labels "100 80"
fault label_conflict label-conflict "20 5"
fault only_liked label-imbalance "90"
fault tag_broken tag-scheme "20 5"
fault tag_missing wrong-columns "20 5"
fault tag_unknown tag-scheme "20 5"
fault offset_bytes answer-offset "20 5"
fault answer_absent answer-offset "20 5"

# model NAME ID 'what' FLAGS...: another folder, the same good rows.
folder() {
    name=$1 id=$2 about=$3
    shift 3
    model=$work/$name
    check --dataset_name "$work/messages.jsonl" "$@"
    model=$work/world
    if findings | grep -q "^$id "; then count "$about" yes "$id"; else
        echo "missed: $name: $(findings | tr '\n' ';') $(head -n 2 "$work/err")"
        count "$about" no "$id"
    fi
}
folder no_prompt generation-prompt "a template without generation prompt"
folder other_prompt generation-prompt "a generation prompt that training never shows"
folder no_prefix template-not-prefix "a template that breaks the prefix"
folder no_end eos-not-trained "a template that never ends a turn"
folder no_system template-drops-messages "a template that drops the system message"
folder raises template-raises "a template that raises on system messages"
folder two_bos double-bos "a template that writes the start token twice"
folder end_outside eos-not-trained "the end of turn outside the assistant mask" --assistant_only_loss true
cp -r "$work/world" "$work/pad"
sed 's/"bos_token"/"pad_token": "<\/s>",\n  "bos_token"/' "$work/world/tokenizer_config.json" >"$work/pad/tokenizer_config.json"
folder pad pad-is-eos "a tokenizer that pads with the end token"
cp -r "$work/world" "$work/small"
sed 's/"vocab_size": [0-9]*/"vocab_size": 300/' "$work/world/config.json" >"$work/small/config.json"
folder small vocab-too-large "ids beyond the model's embeddings"
cp -r "$work/world" "$work/short"
sed 's/"max_position_embeddings": [0-9]*/"max_position_embeddings": 64/' "$work/world/config.json" >"$work/short/config.json"
folder short longer-than-context "rows beyond the model's context"
cp -r "$work/world" "$work/shards"
printf '{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}' >"$work/shards/model.safetensors.index.json"
folder shards model-files "shards that are missing"

head -n 40 "$work/sft.jsonl" >"$work/leak.jsonl"
check --dataset_name "$work/sft.jsonl" --eval_dataset_name "$work/leak.jsonl"
count "evaluation rows that stand in the training set" "$(findings | grep -q '^train-test-overlap ' && echo yes || echo no)" train-test-overlap

echo "== clean"
for kind in sft messages preference kto classify tag qa; do clean "good rows: $kind" "$work/$kind.jsonl"; done
if [ -n "${HONE_DATA:-}" ]; then
    for f in dolly/dev/dolly_native_fixture.jsonl.gz dolly/dev/dolly_subset.jsonl.gz alpaca/dev/alpaca_data_1k.json alpaca/dev/alpaca_en_demo.json \
        alpaca/dev/alpaca_tiny.json oasst_trees/dev/en_100_tree.jsonl.gz oasst_trees/dev/oasst2_filtered_trees.jsonl.gz \
        oasst_pairs/dev/oasst_en_val_dialogue.jsonl.gz hh_rlhf/dev/harmless-base-test.jsonl.gz ultrafeedback/dev/train_clean.jsonl.gz \
        gsm8k_test/dev/gsm8k.jsonl.gz rasbt_instruct/dev/instruction-data.json rasbt_instruct/dev/instruction-data-with-preference.json \
        self_instruct/dev/seed_tasks.jsonl.gz self_instruct/dev/user_oriented_instructions.jsonl.gz sharegpt_format/dev/v1_sft_demo.jsonl.gz \
        squad/dev/xquad.de.json.gz sst2/dev/sentences_dev.tsv tinystories/dev/stories.jsonl.gz wnut17/dev/emerging.dev.conll.gz; do
        [ -f "$HONE_DATA/$f" ] || { row "$f" ALARM "not there"; alarms=$((alarms + 1)); continue; }
        clean "$f" "$HONE_DATA/$f" --max_length 100000
    done
else
    echo "skipped: HONE_DATA is not set, so the clean real sets are not looked at"
fi
echo "fault bench: $caught of $kinds caught, $alarms false alarms"
[ "$caught" -eq "$kinds" ] && [ "$alarms" -eq 0 ]
