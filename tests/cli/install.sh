#!/bin/sh
# install.sh CMAKE BUILD CC CXX - what is installed, as a stranger's program uses it: under a prefix chosen late, header and pkg-config
# file alone are enough for the shared library, and --static for the archive; the examples are compiled as their heads say.
set -eu
cmake=$1 build=$2 cc=$3 cxx=$4
here=$(cd "$(dirname "$0")/../.." && pwd)
model=$here/tests/fixtures/base
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
env -u DESTDIR "$cmake" --install "$build" --prefix "$work/usr" >/dev/null
PKG_CONFIG_PATH=$(dirname "$(find "$work/usr" -name hone.pc)")
export PKG_CONFIG_PATH
libs=$(find "$work/usr" -name libhone.a)
libs=${libs%/*}
[ "$(pkg-config --variable=prefix hone)" = "$work/usr" ] || { echo "off: hone.pc has the prefix $(pkg-config --variable=prefix hone)"; exit 1; }
[ "$(pkg-config --cflags hone)" = "-I$work/usr/include " ] || [ "$(pkg-config --cflags hone)" = "-I$work/usr/include" ] ||
    { echo "off: users of the header get $(pkg-config --cflags hone)"; exit 1; }
export LD_LIBRARY_PATH="$libs"
for example in sft converse; do
    $cc "$here/examples/$example.c" $(pkg-config --cflags --libs hone) -o "$work/$example"
done
$cxx "$here/examples/generate.cpp" $(pkg-config --cflags --libs hone) -o "$work/generate"
echo 'Once upon a time' | "$work/converse" "$model" >"$work/shared.out"
"$work/generate" "$model" 'Once upon a time' | grep -q length
printf '{"text": "One day a dog ran."}\n{"text": "Tom had a ball."}\n' >"$work/rows.jsonl"
"$work/sft" "$model" "$work/rows.jsonl" "$work/out" 3 | grep -q '^step 3 of 3: loss'
"$work/usr/bin/hone" score --model_name_or_path "$work/out" --text 'One day' --quiet | grep -q logprob

# The archive alone: the shared library is out of the way.
rm "$libs"/libhone.so*
$cc "$here/examples/converse.c" $(pkg-config --static --cflags --libs hone) -o "$work/converse"
echo 'Once upon a time' | "$work/converse" "$model" >"$work/static.out"
cmp "$work/shared.out" "$work/static.out"
echo "installed: programs against the shared library and the archive run alike"
