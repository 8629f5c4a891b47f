#!/bin/sh
# chat.sh HONE TYPIST [CONVERSE] - a conversation as a user meets it: turns, commands, settings, what goes wrong; answers that do not depend on the
# keys and values kept between turns; and what somebody who types at a terminal sees.
set -u
. "$(dirname "$0")/expect.inc"
model=$(cd "$(dirname "$0")/../fixtures/base" && pwd)
typist=$2
talk() { "$hone" chat --model_name_or_path "$model" --max_new_tokens 24 --quiet "$@"; }

# a line a turn, commands with a slash, only the model's words on standard output
printf 'Ada has\\\na ball.\n\nAnd Dan?\n/save %s\n/reset\n/system Be brief.\n/save %s\n//help\n/save %s\n/exit\nnot read\n' \
    "$work/talk.json" "$work/anew.json" "$work/slash.json" | talk --max_new_tokens 3 >"$work/talk.out" 2>"$work/talk.err"
check "chat ends well" test $? -eq 0
check "and says nothing beside the answers" test ! -s "$work/talk.err"
check "chat answers each turn" test "$(grep -c . "$work/talk.json")" -eq 1 -a "$(grep -o '"role": "assistant"' "$work/talk.json" | wc -l)" -eq 2
check "a continued line is one message" grep -qF '"content": "Ada has\na ball."' "$work/talk.json"
check "reset and system begin anew" test "$(cat "$work/anew.json")" = '{"messages": [{"role": "system", "content": "Be brief."}]}'
check "two slashes are a message with one" grep -qF '{"role": "user", "content": "/help"}' "$work/slash.json"
check "the end of input is the end" talk </dev/null
printf 'a last line without an end' | talk >"$work/last"
check "a last line without an end is a turn" test -s "$work/last"
printf 'caf\303\251 \360\237\220\261 \377\n/save %s\n' "$work/utf8.json" | talk >/dev/null
check "what is typed is repaired UTF-8" grep -qF "$(printf 'caf\303\251 \360\237\220\261 \357\277\275')" "$work/utf8.json"

# Answers of a conversation are those of each turn computed from nothing.
same() { # same NAME FLAGS...: a conversation with the flags, then every turn of it by itself through hone generate
    name=$1
    shift
    rm -f "$work"/turn*
    printf 'Once upon a time\n/save %s/turn1\nWhat did the "dog" do?\n/save %s/turn2\nAnd then?\n/save %s/turn3\n/reset\nAnd then?\n/save %s/turn4\n/system Be kind.\nThe sun\n/save %s/turn5\n' \
        "$work" "$work" "$work" "$work" "$work" | talk "$@" >/dev/null
    for i in 1 2 3 4 5; do
        "$hone" generate --model_name_or_path "$model" --dataset_name "$work/turn$i" --max_new_tokens 24 --quiet "$@" |
            sed 's/.*"text": \(".*"\), "finish_reason".*/\1/' >"$work/alone"
        sed 's/.*"role": "assistant", "content": \(".*"\)}\]}/\1/' "$work/turn$i" >"$work/in_turn"
        check "$name: turn $i is what it is alone" cmp "$work/alone" "$work/in_turn"
        check "$name: turn $i says something" test "$(wc -c <"$work/alone")" -gt 4
    done
}
same greedy
same sampled --temperature 0.9 --top_k 40 --seed 3
same penalty --repetition_penalty 1.3

# a conversation longer than the model's 512 positions goes on without its beginning, which is not lost for /save
for i in 1 2 3 4 5 6 7 8 9; do echo "Once upon a time there was a big dog number $i and it ran to the park to play with a ball."; done >"$work/long"
echo "/save $work/long.json" >>"$work/long"
"$hone" chat --model_name_or_path "$model" --max_new_tokens 40 <"$work/long" >/dev/null 2>"$work/long.err"
check "a long conversation goes on" test $? -eq 0
check "and says what is left out" grep -q 'warning: the model has 512 positions: the oldest [0-9]* messages are left out from now on' "$work/long.err"
check "saved is all of it" test "$(grep -o '"role"' "$work/long.json" | wc -l)" -eq 18
words=$(printf 'a dog ran %.0s' $(seq 200))
expect 2 'the message is [0-9]* tokens in the chat template, the model has 512 positions' sh -c "echo '$words' | '$hone' chat --model_name_or_path '$model'"
expect 2 'fix: shorten it, or the system message' sh -c "echo Hi | '$hone' chat --model_name_or_path '$model' --system_prompt '$words'"

# what goes wrong
expect 2 "'/nonsense' is no command" sh -c "echo /nonsense | '$hone' chat --model_name_or_path '$model'"
expect 2 "fix: /help lists them" sh -c "echo /nonsense | '$hone' chat --model_name_or_path '$model'"
expect 2 "/save needs the name of a file" sh -c "echo /save | '$hone' chat --model_name_or_path '$model'"
expect 2 "model_name_or_path is missing" "$hone" chat
expect 2 "chat_template_kwargs is no JSON object" "$hone" chat --model_name_or_path "$model" --chat_template_kwargs '[1]'
expect 3 "cannot open '/nowhere.jinja'" "$hone" chat --model_name_or_path "$model" --chat_template_path /nowhere.jinja
echo '{{ raise_exception("not without a system message") }}' >"$work/refuses.jinja"
expect 3 "not without a system message" sh -c "echo Hi | '$hone' chat --model_name_or_path '$model' --chat_template_path '$work/refuses.jinja'"
mkdir "$work/plain" && cp "$model"/config.json "$model"/model.safetensors "$model"/tokenizer.json "$work/plain"
sed 's/"chat_template"/"no_template"/' "$model/tokenizer_config.json" >"$work/plain/tokenizer_config.json"
expect 3 "there is no chat template" "$hone" chat --model_name_or_path "$work/plain"
expect 3 "hone generate --prompt" "$hone" chat --model_name_or_path "$work/plain"
expect 3 "fix: give one with --chat_template_path" "$hone" chat --model_name_or_path "$work/plain"
expect 0 "." sh -c "echo Hi | '$hone' chat --model_name_or_path '$work/plain' --chat_template_path '$model' --max_new_tokens 2"
expect 1 "cannot write to standard output" sh -c "echo Hi | '$hone' chat --model_name_or_path '$model' >/dev/full"

# Ctrl-C where lines come from a pipe ends the program
mkfifo "$work/pipe"
"$hone" chat --model_name_or_path "$model" --quiet <"$work/pipe" >"$work/cut" &
pid=$!
exec 3>"$work/pipe"
echo Hi >&3
for i in $(seq 100); do [ -s "$work/cut" ] && break; sleep 0.1; done
kill -INT $pid
wait $pid
check "SIGINT ends a chat that reads from a pipe, with 130" test $? -eq 130
exec 3>&-

# the example of the public header says the same as the program
if [ -n "${3:-}" ]; then
    printf 'Once upon a time\nWhat did the "dog" do?\n' >"$work/two"
    talk --max_new_tokens 200 <"$work/two" >"$work/program"
    "$3" "$model" <"$work/two" >"$work/example"
    check "examples/converse.c says what hone chat says" cmp "$work/program" "$work/example"
fi

finish_without_terminal "$typist"
# somebody types; the model has room for an answer that goes on until it is stopped
mkdir "$work/tireless" && cp "$model"/* "$work/tireless"
sed 's/"max_position_embeddings": *512/"max_position_embeddings": 100000/' "$model/config.json" >"$work/tireless/config.json"
"$typist" "$hone" chat --model_name_or_path "$work/tireless" --max_new_tokens 50000 --ignore_eos >"$work/terminal" <<SCRIPT
wait > 
type /what
wait > 
type /help
wait > 
type /save /nowhere/talk.json
wait > 
type Once \\
wait ... 
type upon a time
wait said
interrupt
wait stopped]
type And then?
wait said
interrupt
wait stopped]
type /save $work/typed.json
wait written
wait > 
interrupt
SCRIPT
check "a terminal: all that was waited for came" test $? -eq 0
check "a terminal: an error does not end it" grep -q "'/what' is no command" "$work/terminal"
check "a terminal: /help" grep -q '^/reset  *forget the conversation' "$work/terminal"
check "a terminal: a file that cannot be written does not end it" grep -q "cannot write '/nowhere/talk.json'" "$work/terminal"
check "a terminal: Ctrl-C stops an answer" grep -Eq '^\[[0-9]+ tokens, [0-9.]+ a second, stopped\]' "$work/terminal"
check "a terminal: what was said until then is kept" grep -Eq '"content": "Once .nupon a time".*"And then\?"}, \{"role": "assistant", "content": "[^"]' "$work/typed.json"
check "a terminal: Ctrl-C at the prompt leaves with 130" grep -q '^status 130$' "$work/terminal"
"$typist" "$hone" chat --model_name_or_path "$model" --max_new_tokens 5 --prompt Hello >"$work/terminal" <<SCRIPT
wait by --max_new_tokens]
SCRIPT
check "a terminal: an answer ends in its speed" grep -Eq '^\[5 tokens, [0-9.]+ a second, cut off by --max_new_tokens\]' "$work/terminal"
check "a terminal: --prompt is the first message" grep -q '^> Hello$' "$work/terminal"
check "a terminal: the end of input leaves with 0" grep -q '^status 0$' "$work/terminal"

finish
