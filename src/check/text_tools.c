/* text_tools.c - texts compared as a reader would: letter case and white space aside. */
#include <string.h>

#include "check/check_impl.h"

static bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Finalizer of MurmurHash3 (public domain): every input bit moves every output bit. */
static uint64_t finish(uint64_t h) {
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53ULL;
    return h ^ (h >> 33);
}

uint64_t hn_said_hash(hn_str s) {
    s = hn_trimmed(s);
    uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (space(c)) {
            while (i + 1 < s.n && space(s.p[i + 1])) i++;
            c = ' ';
        } else if (c >= 'A' && c <= 'Z') {
            c = (char)(c + 32);
        }
        h = (h ^ (unsigned char)c) * 0x100000001b3ULL;
    }
    return finish(h);
}

uint64_t hn_letters_hash(hn_str s) {
    uint64_t h = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 'A' && c <= 'Z') c = (unsigned char)(c + 32);
        if (c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) h = (h ^ c) * 0x100000001b3ULL;
    }
    return finish(h);
}

uint64_t hn_hash_mix(uint64_t a, uint64_t b) { return finish(a * 0x9e3779b97f4a7c15ULL + b); }

hn_str hn_trimmed(hn_str s) {
    while (s.n && space(s.p[0])) s.p++, s.n--;
    while (s.n && space(s.p[s.n - 1])) s.n--;
    return s;
}

bool hn_blank(hn_str s) { return hn_trimmed(s).n == 0; }

bool hn_starts(hn_str s, hn_str with) { return s.n >= with.n && (with.n == 0 || memcmp(s.p, with.p, with.n) == 0); }

size_t hn_find_in(hn_str s, hn_str what) {
    if (what.n == 0 || s.n < what.n) return SIZE_MAX;
    const char *at = memmem(s.p, s.n, what.p, what.n);
    return at ? (size_t)(at - s.p) : SIZE_MAX;
}
