#!/bin/bash
# check_house.sh - tools/check-house must be able to fail: a small tree with every kind of breach.
set -u
tool=$(cd "$(dirname "$0")/../../tools" && pwd)/check-house
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
fails=0

fresh() { # a tree that keeps every rule
    rm -rf "${tree:?}"/*
    mkdir -p "$tree"/{src/{base,text,dev,data,grad,model,cli},include,tests/unit,docs,tools}
    printf '#include "base/base.h"\nvoid a(void) {\n    hn_free(0);\n}\n' > "$tree/src/text/split.c"
    printf '#include "hone.h"\n#include "model/model.h"\nint main(void) {\n    printf("x");\n}\n' > "$tree/src/cli/main.c"
    printf '/* a list */\nHN_FAMILY(llama)\nHN_FAMILY(gpt2) /* x */\n' > "$tree/src/model/families.def"
    printf 'const hn_f hn_llama = {.about = "a llama"};\n' > "$tree/src/model/llama.c"
    printf 'const hn_f hn_gpt2 = {0};\n' > "$tree/src/model/gpt2.c"
    printf 'Families: `gpt2` is old.\n' > "$tree/docs/models.md"
    printf '/* rooms: base */\n#include "base/base.h"\n' > "$tree/tests/unit/test_x.c"
}

# expect NAME PATTERN: the tool fails with that one breach
expect() {
    local out
    out=$("$tool" "$tree")
    if [ $? -ne 1 ] || ! grep -qE -- "$2" <<< "$out" || [ "$(wc -l <<< "$out")" -ne 2 ]; then
        echo "FAILED $1: wanted /$2/, got:"
        echo "$out"
        fails=$((fails + 1))
    fi
    fresh
}
add() { printf "$2" >> "$tree/$1"; }
lines() { for ((i = 0; i < $1; i++)); do echo "    x++;"; done; }

fresh
out=$("$tool" "$tree") && [ "$out" = "check-house: 7 files, 0 breaches" ] || { echo "FAILED clean tree: $out"; fails=1; }

add src/text/split.c '#include "model/model.h"\n';         expect up '^src/text/split.c:5: floor 2 \(text\) includes floor 5'
add src/text/split.c '#include "dev/dev.h"\n#include "io/io.h"\n'
out=$("$tool" "$tree"); [ "$(wc -l <<< "$out")" -eq 4 ] || { echo "FAILED same floor: $out"; fails=$((fails + 1)); }
fresh
add src/data/batch.c '#include "dev/dev.h"\n';             expect pillar 'data/batch.c:1: the words \(data\) include the numbers'
add src/grad/op.c '#include "text/text.h"\n';              expect pillar 'grad/op.c:1: the numbers \(grad\) include the words'
add src/cli/show.c '#include "model/model_impl.h"\n';      expect private 'show.c:1: "model/model_impl.h" is private to model'
add src/cli/show.c '#include "show.h"\n';                  expect bare 'show.c:1: "show.h": an include names its folder'
add src/model/load.c '#include "hone.h"\n';                expect api 'load.c:1: hone.h is for api and cli'
mkdir "$tree/src/attic"; add src/attic/old.c 'int x;\n';   expect room 'attic/old.c:1: attic has no floor'
lines 501 > "$tree/tests/unit/long.h";                     expect file 'long.h:501: 501 lines, at most 500'
{ echo 'static int f(int a,'; echo '             int b) {'; lines 78; echo '}'; } > "$tree/src/base/long.c"
                                                           expect function 'long.c:1: a function of 81 lines'
{ echo 'static int f(int a) {'; lines 78; echo '}'; } > "$tree/src/base/fits.c"
"$tool" "$tree" > /dev/null || { echo "FAILED: 80 lines must pass"; fails=$((fails + 1)); }
fresh
add tests/unit/split.c 'int x;\n';                         expect name '^tests/unit/split.c:1: the name split.c is taken by src/text/split.c'
add src/model/families.def 'HN_FAMILY(bert)\n';            expect file 'families.def:4: no file src/model/bert.c'
rm "$tree/docs/models.md";                                 expect about 'families.def:3: .gpt2. is documented neither'
add src/base/a.c '/* TO''DO later */\n';                   expect note 'a.c:1: .*a note to self'
add docs/b.md 'see /wo''rk/main\n';                        expect path 'b.md:1: .*names a machine'
add docs/b.md 'see ..''/shared/x\n';                       expect shared 'b.md:1: .*outside the project'
add tools/get 'curl https://py''pi.org\n';                 expect host 'get:1: .*registry'
for f in strcpy sprintf strcat strtok gets system; do
    add src/base/a.c "int f(void) { return $f(a, b); }\n"; expect "$f" "a.c:1: a function that has no place here: .*$f"
done
add src/base/a.c 'void *p = malloc(3);\n';                 expect heap 'a.c:1: memory comes from hn_alloc'
add src/base/a.c 'void f(void) { exit(1); }\n';            expect voice 'a.c:1: the library neither prints nor exits'
add tests/unit/test_y.c 'int x;\n';                        expect rooms 'test_y.c:1: a test names the rooms'
add src/base/a.c '/* exit(1),\n * system(x) */\nconst char *s = "strcpy(";\nchar q = \x27"\x27; int y; hn_system(); // gets(x)\n'
"$tool" "$tree" > /dev/null || { echo "FAILED: comments and strings are no calls:"; "$tool" "$tree"; fails=$((fails + 1)); }

[ $fails -eq 0 ] && echo "check_house.sh: all breaches are found"
exit $((fails > 0))
