#!/bin/sh
# template.sh HONE - hone template as a user meets it: one line out for every line in, whatever is wrong with the line or the template.
set -u
. "$(dirname "$0")/expect.inc"
answers() { # answers CODE 'expected output' command... ; the input is $work/in
    code=$1
    printf '%s\n' "$2" >"$work/expected"
    shift 2
    "$@" <"$work/in" >"$work/got" 2>"$work/stderr"
    status=$?
    cases=$((cases + 1))
    diff "$work/expected" "$work/got" >"$work/diff" && [ "$status" -eq "$code" ] || miss "$*" "$work/diff" "exit $status, expected $code"
}
lines() { # lines CODE COUNT-OF-LINES 'pattern of every line' command...
    code=$1
    count=$2
    pattern=$3
    shift 3
    "$@" <"$work/in" >"$work/got" 2>"$work/stderr"
    status=$?
    cases=$((cases + 1))
    [ "$status" -eq "$code" ] && [ "$(wc -l <"$work/got")" -eq "$count" ] && [ "$(grep -Ec -- "$pattern" "$work/got")" -eq "$count" ] ||
        miss "$*" "$work/got" "exit $status, expected $code; $count lines expected, each with: $pattern"
}

template() { "$hone" template --chat_template_path "$work/t.jinja" "$@"; }
cat >"$work/t.jinja" <<'EOT'
{{- bos_token }}{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}[{{ m.role }}]
{%- if m.role == 'assistant' %}{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}
{%- endfor %}{% if style is defined %}<{{ style }}>{% endif %}{% if add_generation_prompt %}[assistant]{% endif %}
EOT

# ---- every line in has its line out
{
    echo '{"messages": [{"role": "user", "content": "Hé\"y"}]}'
    echo ''
    echo '{"messages": [{"role": "user"'
    echo '[1, 2]'
    echo '{"prompt": "no messages"}'
    echo '{"messages": [{"role": "tool", "content": "x"}]}'
    printf '\377\376\n'
    printf '{"messages": [{"role": "user", "content": "last, without an end of line"}]}'
} >"$work/in"
lines 0 8 '^("|\{"error": ".*"row": [0-9]+\}$)' template
check "raise_exception's text and row" grep -q '"error": ".*no tools here.*", "row": 6' "$work/got"
check "the first line" test "$(sed -n 1p "$work/got")" = '"[user]Hé\"y"'
check "the last line" test "$(sed -n 8p "$work/got")" = '"[user]last, without an end of line"'
printf '{%% for %%}' >"$work/broken.jinja"
lines 0 8 '^\{"error": ".*"row": [0-9]+\}$' "$hone" template --chat_template_path "$work/broken.jinja"
printf '{%% for i in range(100000) %%}{%% for j in range(100000) %%}{%% endfor %%}{%% endfor %%}' >"$work/hostile.jinja"
echo '{"messages": [{"role": "user", "content": "a"}]}' >"$work/in"
lines 0 1 '^\{"error": ' "$hone" template --chat_template_path "$work/hostile.jinja"

# ---- spans, tokens, variables
echo '{"messages": [{"role": "user", "content": "é"}, {"role": "assistant", "content": "ja"}]}' >"$work/in"
answers 0 '"[user]é[assistant]ja"' template
answers 0 '{"text": "[user]é[assistant]ja", "spans": [[19, 21]]}' template --spans
answers 0 '{"text": "<s>[user]é[assistant]ja</s>", "spans": [[22, 28]]}' template --spans --bos_token '<s>' --eos_token '</s>'
answers 0 '"[user]é[assistant]ja<short>[assistant]"' template --add_generation_prompt --chat_template_kwargs '{"style": "short"}'
lines 2 0 '.' template --chat_template_kwargs '[1]'
echo '{"messages": [{"role": "user", "content": "a"}], "add_generation_prompt": false, "chat_template_kwargs": {"style": "long"}}' >"$work/in"
answers 0 '"[user]a<long>"' template --add_generation_prompt --chat_template_kwargs '{"style": "short"}'
printf "{{ strftime_now('%%Y-%%m-%%d') }}" >"$work/date.jinja"
SOURCE_DATE_EPOCH=86400
export SOURCE_DATE_EPOCH
answers 0 '"1970-01-02"' "$hone" template --chat_template_path "$work/date.jinja"
lines 2 0 '.' "$hone" template
lines 3 0 '.' template --input_file "$work/nowhere"

finish
