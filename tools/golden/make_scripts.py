"""Writes src/text/script_table.c: the scripts that the UnicodeScripts pre-tokenizer of the reference tells apart.

Usage: make_scripts.py OUTPUT      (needs the tokenizers package)

Found by asking: a character has no script if it joins both a Latin and a Greek letter; two characters are of one script
if they stay together.
"""
import sys

from tokenizers import pre_tokenizers

CUT = pre_tokenizers.UnicodeScripts()
ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def together(text):
    return len(CUT.pre_tokenize_str(text)) == 1


def main():
    kinds, ranges = [], []
    for c in ALL:
        char = chr(c)
        if c == 0x20 or (together("a" + char + "a") and together("\u03b1" + char + "\u03b1")):
            continue
        last = ranges[-1] if ranges else None
        if last and last[1] == c - 1 and together(chr(last[0]) + char):
            last[1] = c
            continue
        kind = next((i for i, other in enumerate(kinds) if together(other + char)), None)
        if kind is None:
            kinds.append(char)
            kind = len(kinds) - 1
        ranges.append([c, c, kind + 1])
    with open(sys.argv[1], "w") as out:
        out.write("/* script_table.c - the scripts that the reference's UnicodeScripts tells apart, by number. Written by\n"
                  " * tools/golden/make_scripts.py. */\n"
                  '#include "text/class_tables.h"\n\nconst hn_script_range hn_script_ranges[] = {\n')
        line = "   "
        for first, last, kind in ranges:
            cell = f" {{0x{first:X}, 0x{last:X}, {kind}}},"
            if len(line) + len(cell) > 119:
                out.write(line + "\n")
                line = "   "
            line += cell
        out.write(line + "\n};\nconst size_t hn_script_ranges_count = sizeof hn_script_ranges / sizeof *hn_script_ranges;\n")


main()
