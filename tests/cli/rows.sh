#!/bin/sh
# rows.sh HONE - how records become rows, as a user meets it: conversations, masks, packing, prepared data, and settings that are
# refused before anything is loaded.
set -u
. "$(dirname "$0")/expect.inc"

export XDG_CACHE_HOME="$work/cache"
"$hone" toy --output_dir "$work/world" --texts 40 --instructions 40 --held_out 4 >/dev/null || exit 1
"$hone" pretrain --config_name "$work/world/config.json" --tokenizer_name "$work/world" --dataset_name "$work/world/text.jsonl" \
    --output_dir "$work/model" --block_size 32 --max_steps 2 --quiet || exit 1
rm -f "$work/model/chat_template.jinja"
cat >"$work/template.jinja" <<'END'
{% for m in messages %}{{ m['role'] }}: {% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}{{ eos_token }}{% endgeneration %}{% else %}{{ m['content'] }}{% endif %}{{ '\n' }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}
END
for i in 1 2 3 4 5 6 7 8; do
    printf '{"messages": [{"role": "user", "content": "Where is ball %d?"}, {"role": "assistant", "content": "In box %d."}]}\n' $i $i
done >"$work/chat.jsonl"
train() { "$hone" sft --model_name_or_path "$work/model" --dataset_name "$data" --output_dir "$work/out" --overwrite_output_dir --max_steps 1 "$@"; }
dry() { train --dry_run "$@"; }

# ---- conversations
data=$work/chat.jsonl
expect 2 "no chat template" dry
expect 2 "chat_template_path" dry
expect 0 "8 rows, messages" dry --chat_template_path "$work/template.jinja"
expect 0 "template +.*template.jinja" dry --chat_template_path "$work/template.jinja"
expect 0 "\[\[ *In box 1\..*\]\]" dry --chat_template_path "$work/template.jinja" --assistant_only_loss
expect 3 "cannot open|nowhere" dry --chat_template_path "$work/nowhere.jinja"
expect 2 "chat_template_kwargs" dry --chat_template_kwargs '[1]'
expect 0 "" train --chat_template_path "$work/template.jinja" --assistant_only_loss
expect 0 "generation" cat "$work/out/chat_template.jinja"
expect 0 "template.jinja" cat "$work/out/training_args.json"
expect 0 '"assistant_only_loss": true' cat "$work/out/training_args.json"
data=$work/world/train.jsonl
expect 2 "for conversations" dry --assistant_only_loss

# ---- packing
expect 0 "packed bfd from" dry --packing --max_length 64
expect 0 "packed bfd_split from" dry --packing --packing_strategy bfd_split --max_length 64
expect 0 "packed wrapped from" dry --packing --packing_strategy wrapped --max_length 64
expect 0 "packed bfd from" dry --packing --max_length 64 --shuffle_dataset
expect 2 "packing needs a length" dry --packing --max_length none
expect 2 "bfd\|bfd_split\|wrapped|bfd, bfd_split" dry --packing --packing_strategy best
expect 0 "no row is ever padded" dry --padding_free true
expect 0 '"packing_strategy": "bfd"' sh -c "\"$hone\" sft --model_name_or_path \"$work/model\" --dataset_name \"$data\" --output_dir \"$work/packed\" --max_steps 2 --packing --max_length 64 --save_steps 1 --quiet && cat \"$work/packed/training_args.json\""
expect 1 "of another run" "$hone" sft --model_name_or_path "$work/model" --dataset_name "$data" --output_dir "$work/packed" --max_steps 3 \
    --packing --packing_strategy wrapped --max_length 64 --resume_from_checkpoint true

# ---- prepared data
expect 0 "kept there" dry --prepared_data_dir "$work/prepared"
expect 0 "found there" dry --prepared_data_dir "$work/prepared"
expect 0 "nothing was written$" dry --prepared_data_dir "$work/prepared"
expect 0 "nothing was written but the prepared rows" dry --prepared_data_dir "$work/prepared" --overwrite_cache
expect 0 "kept there" dry --prepared_data_dir "$work/prepared" --overwrite_cache
expect 0 "kept there" dry --dataset_prepared_path "$work/prepared" --max_length 40
expect 0 "removed prepared rows of .* last used 20.*keeps at most 0.00 GB .--prepared_data_limit" dry --prepared_data_dir "$work/prepared" \
    --max_length 41 --prepared_data_limit 0.00001
expect 0 "^1$" sh -c "ls \"$work/prepared\" | wc -l"
expect 0 "rows" dry --prepared_data_dir off
expect 0 "^none$" sh -c "[ -e \"$work/cache\" ] || echo none"
for name in a b; do
    "$hone" sft --model_name_or_path "$work/model" --dataset_name "$data" --output_dir "$work/$name" --max_steps 2 --seed 3 --quiet \
        $([ $name = b ] && echo "--prepared_data_dir $work/prepared")
done
expect 0 same sh -c "cmp \"$work/a/model.safetensors\" \"$work/b/model.safetensors\" && echo same"
dry --prepared_data_dir "$work/twice" >/dev/null 2>&1 &
dry --prepared_data_dir "$work/twice" >/dev/null 2>&1
wait
expect 0 "found there" dry --prepared_data_dir "$work/twice"

# ---- refused before the time it takes to load
expect 2 "nothing to train" "$hone" sft --model_name_or_path "$work/nowhere" --dataset_name "$work/nowhere" --max_steps 0

# ---- another end token is the result's
data=$work/world/train.jsonl
expect 0 "" train --eos_token "."
expect 0 '"eos_token": *"\."' cat "$work/out/tokenizer_config.json"
expect 0 '"eos_token_id": \[' cat "$work/out/generation_config.json"
expect 2 "not in the tokenizer" dry --eos_token "<nope>"

finish
