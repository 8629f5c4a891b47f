#!/bin/sh
# data_inspect.sh HONE - hone data inspect as a user meets it: marks, ids, cuts, packing, JSON and the page.
set -u
. "$(dirname "$0")/expect.inc"

"$hone" toy --output_dir "$work/world" --texts 30 --instructions 60 --held_out 8 >/dev/null || exit 1
world=$work/world
inspect() { "$hone" data inspect --tokenizer_name "$world" --dataset_name "${d:-$world/train.jsonl}" "$@"; }
cat >"$work/odd.jsonl" <<'END'
{"prompt": "Say <b>hi</b> & \"bye\" ", "completion": "<script>alert(1)</script>\n\u001b[31mred é"}
{"prompt": "a", "reply": "b"}
END

expect 0 'prompt-completion' inspect
expect 0 '\[\[.*\]\]' inspect
expect 0 'targets are between' inspect
expect 0 'length in tokens' inspect
expect 0 'row 5 \(.*train.jsonl:6\)' inspect --row 5 --rows 1
expect 0 ' yes +"' inspect --ids --rows 1
expect 0 'cut: [0-9]+ tokens' inspect --rows 1 --max_length 6
expect 0 'rows at --max_length 6' inspect --rows 0 --max_length 6
expect 0 'packing +bfd: .*% full' inspect --packing --max_length 256
expect 0 '^document 2: ' inspect --packing --max_length 256 --rows 1
CLICOLOR_FORCE=1 expect 0 "$(printf '\033')\\[32m" inspect --rows 1

# ---- what stands in the data cannot drive a terminal or a page
d=$work/odd.jsonl expect 0 'x1b\[31mred' inspect
d=$work/odd.jsonl expect 0 'cannot be used: .*"completion" is missing' inspect
lacks() { ! grep -Eq -- "$1" "$2"; }
d=$work/odd.jsonl inspect >"$work/terminal"
check "no escape sequence of the data reaches the terminal" lacks "$(printf '\033')" "$work/terminal"
d=$work/odd.jsonl expect 0 'row 0' inspect --html "$work/page.html"
expect 0 '&lt;' cat "$work/page.html"
expect 0 '&#x241b;' cat "$work/page.html"
expect 0 '<i class=nl>&#8629;</i>$' cat "$work/page.html"
check "no markup of the data reaches the page" lacks '<script' "$work/page.html"
check "the page loads nothing" lacks '(src|href)=|https?:' "$work/page.html"
expect 0 'prefers-color-scheme:dark' cat "$work/page.html"

# ---- JSON
expect 0 '"target_share"' inspect --json
expect 0 '"loss": \[0, ' inspect --json
expect 0 '"lengths": \[\{"from"' inspect --json
expect 2 'rows' inspect --rows -1
d=$work/none.jsonl expect 3 'none.jsonl' inspect

finish
