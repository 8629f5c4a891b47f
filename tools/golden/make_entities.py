"""Writes src/text/jinja/jinja_entities.c: the named character references of HTML5, as Python's html.unescape knows them.

Usage: make_entities.py > src/text/jinja/jinja_entities.c
"""
from html.entities import html5

print("/* jinja_entities.c - the named character references of HTML5; made by tools/golden/make_entities.py: do not edit. */")
print('#include "text/jinja/jinja_entities.h"\n\nconst char *const hn_entities[] = {')
line = ""
for name in sorted({name.rstrip(";") for name in html5}, key=str.encode):
    item = name + ("?" if name in html5 else ";") + ",".join(f"{ord(c):X}" for c in html5[name + ";"])
    if len(line) + len(item) > 122:
        print(f'    "{line}",')
        line = ""
    line += " " * (line != "") + item
print(f'    "{line}"}};\nconst size_t hn_entity_lines = sizeof hn_entities / sizeof *hn_entities;')
