"""Writes src/text/jinja_entities.c: the named character references of HTML5, as Python's html.unescape knows them.

Usage: make_entities.py > src/text/jinja_entities.c
"""
from html.entities import html5

print("/* jinja_entities.c - the named character references of HTML5; made by tools/golden/make_entities.py: do not edit. */")
print('#include "text/jinja_entities.h"\n\nconst hn_entity hn_entities[] = {')
line = "   "
names = sorted(html5, key=lambda n: n.encode())
for name in names:
    points = [ord(c) for c in html5[name]] + [0]
    item = f' {{"{name}",{points[0]},{points[1]}}},'
    if len(line) + len(item) > 130:
        print(line)
        line = "   "
    line += item
print(line + "\n};\nconst size_t hn_entity_count = sizeof hn_entities / sizeof *hn_entities;")
