"""Writes src/text/regex_ranges.c: code points in which the reference's classes exceed PCRE2's.

Usage: make_ranges.py OUTPUT      (needs the tokenizers package and a Python whose unicodedata is Unicode 14)

PCRE2 10.42 knows Unicode 14, as does Python 3.11; the reference's regular expressions know Unicode 16. What a class of
the reference has and Unicode 14 did not assign is listed. \\w and Mn, where code points also moved, are listed whole.
"""
import sys
import unicodedata

from tokenizers import Regex, normalizers

ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
TEXT = "".join(map(chr, ALL))
UNASSIGNED = {c for c in ALL if unicodedata.category(chr(c)) == "Cn"}
CATEGORIES = "Lu Ll Lt Lm Lo L Mc Me M Nd Nl No N Pc Pd Ps Pe Pi Pf Po P Sm Sc Sk So S Zs Zl Zp Z Cc Cf Co".split()
SCRIPTS = ("Han Hiragana Katakana Hangul Latin Greek Cyrillic Arabic Hebrew Thai Lao Devanagari Bengali Tamil Telugu "
           "Armenian Georgian Khmer Myanmar Tibetan Ethiopic Common Bopomofo Mongolian Sinhala Gujarati Gurmukhi "
           "Kannada Malayalam Oriya").split()
WHOLE = {"Mn": r"\p{Mn}", "w": r"\w"}


def members(pattern):
    return set(ALL) - set(map(ord, normalizers.Replace(Regex(pattern), "").normalize_str(TEXT)))


def ranges(points):
    out = []
    for c in sorted(points):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def table(name, points):
    cells = [f"{{0x{a:X}, 0x{b:X}}}" for a, b in ranges(points)]
    lines, line = [], "   "
    for cell in cells:
        if len(line) + len(cell) > 115:
            lines.append(line)
            line = "   "
        line += f" {cell},"
    return f"static const hn_range {name}[] = {{\n" + "\n".join(lines + [line]) + "\n};\n"


def main():
    assert unicodedata.unidata_version == "14.0.0", unicodedata.unidata_version
    text, rows = [], []
    for name in CATEGORIES + SCRIPTS:
        more = members(rf"\p{{{name}}}") & UNASSIGNED
        is_script = "true" if name in SCRIPTS else "false"
        if more:
            text.append(table(f"more_{name}", more))
            rows.append(f'    {{"{name}", more_{name}, COUNT(more_{name}), {is_script}, false}},')
        else:
            rows.append(f'    {{"{name}", NULL, 0, {is_script}, false}},')
    for name, pattern in WHOLE.items():
        text.append(table(f"all_{name}", members(pattern)))
        rows.append(f'    {{"{name}", all_{name}, COUNT(all_{name}), false, true}},')
    with open(sys.argv[1], "w") as out:
        out.write("/* regex_ranges.c - code points in which the reference's classes exceed those of PCRE2 10.42 (Unicode 16\n"
                  " * against 14); whole classes where code points also moved. Written by tools/golden/make_ranges.py. */\n"
                  '#include "text/regex_impl.h"\n\n#define COUNT(a) (sizeof(a) / sizeof *(a))\n\n')
        out.write("\n".join(text))
        out.write("\nconst hn_class hn_classes[] = {\n" + "\n".join(rows) + "\n};\n"
                  "const size_t hn_class_count = COUNT(hn_classes);\n")


main()
