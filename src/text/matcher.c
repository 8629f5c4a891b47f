/* matcher.c - a byte trie, and with it the strings of a set in a text: of the matches that begin first, the longest.
 *
 * The links are one hash table from (node, byte) to node; nodes are numbered in the order they were made, 0 is the
 * root. A match is only looked for where the first byte is one that some string begins with. */
#include "text/text_impl.h"

typedef struct link_slot {
    uint32_t key; /* node << 8 | byte, plus 1; 0: free */
    uint32_t to;
} link_slot;

struct hn_matcher {
    link_slot *link;
    size_t mask, links;
    int32_t *value; /* of each node; -1: no string ends there */
    size_t nodes, cap;
    uint32_t root[256]; /* children of the root */
    int only;           /* the only first byte there is, for memchr; -1: several */
};

enum { MOST_NODES = (1 << 24) - 1 };

static size_t place(const hn_matcher *m, uint32_t key) {
    uint64_t h = (uint64_t)key * 0x9E3779B97F4A7C15u;
    size_t at = (size_t)(h >> 32) & m->mask;
    while (m->link[at].key && m->link[at].key != key) at = (at + 1) & m->mask;
    return at;
}

static bool grow_links(hn_matcher *m) {
    size_t n = m->link ? 2 * (m->mask + 1) : 256, old_n = m->link ? m->mask + 1 : 0;
    link_slot *link = hn_calloc(n, sizeof *link), *old = m->link;
    if (!link) return false;
    m->link = link;
    m->mask = n - 1;
    for (size_t i = 0; i < old_n; i++)
        if (old[i].key) link[place(m, old[i].key)] = old[i];
    hn_free(old);
    return true;
}

static uint32_t node_new(hn_matcher *m) {
    if (m->nodes == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 256;
        int32_t *value = hn_realloc_array(m->value, cap, sizeof *value);
        if (!value) return 0;
        m->value = value;
        m->cap = cap;
    }
    m->value[m->nodes] = -1;
    return (uint32_t)m->nodes++;
}

hn_matcher *hn_matcher_new(void) {
    hn_matcher *m = hn_calloc(1, sizeof *m);
    if (m && grow_links(m)) {
        node_new(m); /* the root, whose number also stands for "none" */
        if (m->nodes == 1) return m;
    }
    hn_matcher_free(m);
    return NULL;
}

void hn_matcher_free(hn_matcher *m) {
    if (!m) return;
    hn_free(m->link);
    hn_free(m->value);
    hn_free(m);
}

uint32_t hn_matcher_step(const hn_matcher *m, uint32_t node, unsigned char byte) {
    return node ? m->link[place(m, (node << 8 | byte) + 1)].to : m->root[byte];
}

int32_t hn_matcher_value(const hn_matcher *m, uint32_t node) {
    return m->value[node];
}

static uint32_t child(hn_matcher *m, uint32_t node, unsigned char byte) {
    uint32_t to = hn_matcher_step(m, node, byte);
    if (to || m->nodes > MOST_NODES) return to;
    if (2 * m->links > m->mask && !grow_links(m)) return 0;
    to = node_new(m);
    if (!to) return 0;
    if (node == 0) {
        m->only = m->nodes == 2 ? byte : -1;
        m->root[byte] = to;
    } else {
        m->link[place(m, (node << 8 | byte) + 1)] = (link_slot){(node << 8 | byte) + 1, to};
        m->links++;
    }
    return to;
}

bool hn_matcher_add(hn_matcher *m, const char *p, size_t n, int32_t value) {
    uint32_t at = 0;
    for (size_t i = 0; i < n; i++)
        if (!(at = child(m, at, (unsigned char)p[i]))) return false;
    if (n > 0 && m->value[at] < 0) m->value[at] = value;
    return true;
}

bool hn_matcher_empty(const hn_matcher *m) {
    return m->nodes == 1;
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
        uint32_t node = m->root[s[i]];
        bool found = false;
        for (size_t k = i + 1; node; k++) {
            if (m->value[node] >= 0) {
                *where = (hn_token_span){(uint32_t)i, (uint32_t)k};
                *value = m->value[node];
                found = true;
            }
            node = k < n ? hn_matcher_step(m, node, s[k]) : 0;
        }
        if (found) return true;
    }
    return false;
}

size_t hn_matcher_here(const hn_matcher *m, const char *p, size_t n, int32_t *value) {
    size_t longest = 0;
    uint32_t node = n > 0 ? m->root[(unsigned char)p[0]] : 0;
    for (size_t k = 1; node; k++) {
        if (m->value[node] >= 0) {
            *value = m->value[node];
            longest = k;
        }
        node = k < n ? hn_matcher_step(m, node, (unsigned char)p[k]) : 0;
    }
    return longest;
}
