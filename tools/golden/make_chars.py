"""Writes src/text/jinja/jinja_char_table.c: what Python's str knows of characters beyond utf8proc's general categories.

Usage: make_chars.py > src/text/jinja/jinja_char_table.c
"""
import sys
import unicodedata

ALL = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def ranges(test):
    out = []
    for c in ALL:
        if not test(c):
            continue
        if out and out[-1][1] == ord(c) - 1:
            out[-1][1] = ord(c)
        else:
            out.append([ord(c), ord(c)])
    return out


def put_ranges(name, about, found):
    print(f"\n/* {about} */\nconst uint32_t {name}[][2] = {{")
    line = "   "
    for low, high in found:
        item = f" {{0x{low:X}, 0x{high:X}}},"
        if len(line) + len(item) > 128:
            print(line)
            line = "   "
        line += item
    print(line + " {0, 0}};")


def put_cases(name, about, change):
    print(f"\n/* {about} */\nconst hn_jcase {name}[] = {{")
    line = "   "
    for c in ALL:
        to = change(c)
        if len(to) < 2:
            continue
        item = f" {{0x{ord(c):X}, \"" + "".join(f"\\x{b:02x}" for b in to.encode()) + "\"},"
        if len(line) + len(item) > 128:
            print(line)
            line = "   "
        line += item
    print(line + " {0, \"\"}};")


print("/* jinja_char_table.c - made by tools/golden/make_chars.py from Python's Unicode "
      + unicodedata.unidata_version + ": do not edit. */\n#include \"text/jinja/jinja_char_table.h\"")
put_ranges("hn_jc_digit", "str.isdigit, but not decimal", ranges(lambda c: c.isdigit() and not c.isdecimal()))
put_ranges("hn_jc_numeric", "str.isnumeric, but not isdigit", ranges(lambda c: c.isnumeric() and not c.isdigit()))
cat = unicodedata.category
put_ranges("hn_jc_lower", "str.islower of one character, but not Ll", ranges(lambda c: c.islower() and cat(c) != "Ll"))
put_ranges("hn_jc_upper", "str.isupper of one character, but not Lu", ranges(lambda c: c.isupper() and cat(c) != "Lu"))
put_cases("hn_jc_upper_many", "upper case of more than one character", str.upper)
put_cases("hn_jc_title_many", "title case of more than one character", str.title)
