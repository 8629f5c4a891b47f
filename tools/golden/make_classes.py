"""Writes src/text/class_tables.c: the reference's own character tables, where no library has the same.

Usage: make_classes.py OUTPUT      (needs the tokenizers package and a Python whose unicodedata is Unicode 14)

Punctuation, marks, numbers and word characters as its parts treat them; what BertNormalizer drops or makes a space;
lower case and compatibility forms where they differ from Unicode 14's.
"""
import sys
import unicodedata

from tokenizers import Regex, normalizers, pre_tokenizers

ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
TEXT = "".join(map(chr, ALL))
MARK = "\ue000"


def gone(normalizer, points=ALL):
    return set(points) - set(map(ord, normalizer.normalize_str("".join(map(chr, points)))))


def cut(pre_tokenizer):
    """Characters that stand alone between two others of which neither is of the class."""
    pieces = pre_tokenizer.pre_tokenize_str("".join("a" + chr(c) for c in ALL) + "a")
    return {ord(p) for p, _ in pieces if len(p) == 1} - {ord("a")}


def removed(pre_tokenizer):
    return set(ALL) - {ord(c) for p, _ in pre_tokenizer.pre_tokenize_str(TEXT) for c in p}


def each(normalizer, mark=MARK):
    """What becomes of each code point on its own."""
    rest = [c for c in ALL if c != ord(mark)]
    parts = normalizer.normalize_str(mark.join(map(chr, rest))).split(mark)
    assert len(parts) == len(rest)
    return dict(zip(rest, parts))


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


def rows(cells):
    lines, line = [], "   "
    for cell in cells:
        if len(line) + len(cell) > 115:
            lines.append(line)
            line = "   "
        line += f" {cell},"
    return "\n".join(lines + [line]) + "\n};\n"


def table(name, points, note):
    cells = [f"{{0x{a:X}, 0x{b:X}}}" for a, b in ranges(points)]
    return f"/* {note} */\nconst hn_range hn_{name}[] = {{\n{rows(cells)}const size_t hn_{name}_count = COUNT(hn_{name});\n"


def main():
    assert unicodedata.unidata_version == "14.0.0", unicodedata.unidata_version
    bert = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    accents = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    lower = each(normalizers.Lowercase())
    known = {c: chr(c).lower() for c in lower}
    pairs = [(c, ord(t)) for c, t in lower.items() if t != known[c] and len(t) == 1]
    nfd, nfkd = each(normalizers.NFD()), each(normalizers.NFKD())
    stable = [c for c in ALL if c != ord(MARK) and nfd[c] == chr(c)]
    stays = {c for c, t in nfkd.items() if t == chr(c) and unicodedata.normalize("NFKD", chr(c)) != t}
    odd = [c for c, t in nfkd.items() if t != unicodedata.normalize("NFKD", chr(c)) and c not in stays]
    odd += [c for c, t in nfd.items() if t != unicodedata.normalize("NFD", chr(c)) and nfkd[c] != t]
    assert not odd, [hex(c) for c in odd]
    newer = {c for c in members(r"[\p{L}\p{M}\p{N}\p{P}\p{S}]") if unicodedata.category(chr(c)) == "Cn"}
    stays |= {c for c in newer if nfkd[c] == chr(c)}
    stays_d = {c for c, t in nfd.items() if t == chr(c) and unicodedata.normalize("NFD", chr(c)) != t}
    stays_d |= {c for c in newer if nfd[c] == chr(c)}
    marks = [c for c in members(r"\p{M}") if nfd[c] == chr(c) and normalizers.NFD().normalize_str("\u0345" + chr(c))[0] == "\u0345"]
    still = {c for c in marks if c != 0x345 and (unicodedata.combining(chr(c)) or unicodedata.category(chr(c)) == "Cn")}
    words = pre_tokenizers.Whitespace().pre_tokenize_str("".join(chr(c) + "a\n" for c in ALL))
    text = [
        table("punct_ranges", removed(pre_tokenizers.Punctuation("removed")), "Punctuation, BertPreTokenizer"),
        table("mark_ranges", gone(normalizers.StripAccents()), "StripAccents"),
        table("accent_ranges", gone(accents, stable), "dropped by BertNormalizer after NFD"),
        table("clean_ranges", {c for c, t in each(bert, "x").items() if not t}, "dropped by BertNormalizer's clean_text"),
        table("numeric_ranges", cut(pre_tokenizers.Digits(True)), "Digits"),
        table("word_ranges", {ord(p[0]) for p, _ in words if len(p) == 2}, "word characters of Whitespace"),
        table("undecomposed_ranges", stays, "no compatibility decomposition in the reference's table"),
        table("uncomposed_ranges", stays_d, "no canonical decomposition in the reference's table"),
        table("unordered_ranges", still, "combining class 0 in the reference's table"),
        "/* lower case of letters newer than Unicode 14 */\nconst hn_range hn_lower_pairs[] = {\n"
        + rows([f"{{0x{a:X}, 0x{b:X}}}" for a, b in pairs]) + "const size_t hn_lower_pairs_count = COUNT(hn_lower_pairs);\n",
    ]
    with open(sys.argv[1], "w") as out:
        out.write("/* class_tables.c - the reference's own character tables, where no library has the same. Written by\n"
                  " * tools/golden/make_classes.py. */\n"
                  '#include "text/class_tables.h"\n\n#define COUNT(a) (sizeof(a) / sizeof *(a))\n\n')
        out.write("\n".join(text))


main()
