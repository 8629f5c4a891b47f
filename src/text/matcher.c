/* matcher.c - finds the strings of a set in a text: of the matches that begin first, the longest.
 *
 * A byte trie with first-child and next-sibling links, entered only where the first byte is one that some string
 * begins with; added tokens begin with few different bytes, so most of the text is skipped at a glance. */
#include "text/text_impl.h"

typedef struct node {
    uint32_t child, sibling; /* 0: none (0 is the root) */
    int32_t value;           /* -1: no string ends here */
    unsigned char byte;
} node;

struct hn_matcher {
    node *v;
    size_t n, cap;
    uint32_t root[256]; /* children of the root by byte */
    int only;           /* the only first byte there is, for memchr; -1: several */
};

static uint32_t node_new(hn_matcher *m, unsigned char byte) {
    if (m->n == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 256;
        node *v = hn_realloc_array(m->v, cap, sizeof *v);
        if (!v) return 0;
        m->v = v;
        m->cap = cap;
    }
    m->v[m->n] = (node){.value = -1, .byte = byte};
    return (uint32_t)m->n++;
}

hn_matcher *hn_matcher_new(void) {
    hn_matcher *m = hn_calloc(1, sizeof *m);
    if (!m) return NULL;
    node_new(m, 0); /* the root's number stands for "none" */
    if (m->n == 1) return m;
    hn_free(m);
    return NULL;
}

void hn_matcher_free(hn_matcher *m) {
    if (!m) return;
    hn_free(m->v);
    hn_free(m);
}

static uint32_t step(const hn_matcher *m, uint32_t at, unsigned char byte) {
    uint32_t c = m->v[at].child;
    while (c && m->v[c].byte != byte) c = m->v[c].sibling;
    return c;
}

bool hn_matcher_add(hn_matcher *m, const char *p, size_t n, int32_t value) {
    if (n == 0) return true;
    const unsigned char *s = (const unsigned char *)p;
    uint32_t at = m->root[s[0]];
    if (!at) {
        bool first = m->n == 1;
        at = node_new(m, s[0]);
        if (!at) return false;
        m->root[s[0]] = at;
        m->only = first ? s[0] : -1;
    }
    for (size_t i = 1; i < n; i++) {
        uint32_t next = step(m, at, s[i]);
        if (!next) {
            next = node_new(m, s[i]);
            if (!next) return false;
            m->v[next].sibling = m->v[at].child;
            m->v[at].child = next;
        }
        at = next;
    }
    if (m->v[at].value < 0) m->v[at].value = value;
    return true;
}

bool hn_matcher_empty(const hn_matcher *m) {
    return m->n == 1;
}

bool hn_matcher_next(const hn_matcher *m, const char *text, size_t n, size_t at, hn_token_span *where, int32_t *value) {
    const unsigned char *s = (const unsigned char *)text;
    if (hn_matcher_empty(m)) return false;
    for (size_t i = at; i < n; i++) {
        if (m->only >= 0) {
            const unsigned char *hit = memchr(s + i, m->only, n - i);
            if (!hit) return false;
            i = (size_t)(hit - s);
        }
        uint32_t node_at = m->root[s[i]];
        bool found = false;
        for (size_t k = i + 1; node_at; k++) {
            if (m->v[node_at].value >= 0) {
                *where = (hn_token_span){(uint32_t)i, (uint32_t)k};
                *value = m->v[node_at].value;
                found = true;
            }
            node_at = k < n ? step(m, node_at, s[k]) : 0;
        }
        if (found) return true;
    }
    return false;
}
