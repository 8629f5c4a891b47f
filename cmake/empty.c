/* empty.c - a shared library needs a source of its own; the rooms are linked into it whole. */
typedef int hone_empty;
