/* pool.c - buffers of a device: size classes with free lists, so that a training step takes nothing from the
 * system once its longest batch has been seen. Large blocks ask for 2 MiB pages: a fresh buffer of 100 MB is 25,000
 * page faults otherwise. */
#include "dev/dev_impl.h"

#include <sys/mman.h>

enum { SMALLEST = 64, LINEAR = 512, ALIGN = 64 };
static const size_t huge_page = (size_t)2 << 20;

/* Class of a size and the bytes its blocks have; -1: larger than any. */
static int size_class(size_t bytes, size_t *block) {
    if (bytes <= LINEAR) {
        size_t steps = bytes ? (bytes + SMALLEST - 1) / SMALLEST : 1;
        *block = steps * SMALLEST;
        return (int)steps - 1;
    }
    const int top = 63 - __builtin_clzll((unsigned long long)bytes - 1); /* 2^top < bytes <= 2^(top+1) */
    const size_t step = (size_t)1 << (top - 3);
    const size_t steps = (bytes - 1 - ((size_t)1 << top)) / step + 1; /* 1 .. 8 beyond 2^top */
    const int at = (top - 9) * 8 + (int)steps + 7;
    if (at >= HN_POOL_CLASSES) return -1;
    *block = ((size_t)1 << top) + steps * step;
    return at;
}

void hn_pool_init(hn_pool *p) {
    *p = (hn_pool){0};
    pthread_mutex_init(&p->lock, NULL);
}

/* A block is preceded by a header that remembers its class: it may serve a smaller request than it was made for. */
static hn_pool_block *header_of(void *p) { return (hn_pool_block *)((char *)p - ALIGN); }
static void *bytes_of(hn_pool_block *b) { return (char *)b + ALIGN; }

static void trim_locked(hn_pool *p) {
    for (int i = 0; i < HN_POOL_CLASSES; i++) {
        while (p->free[i]) {
            hn_pool_block *b = p->free[i];
            p->free[i] = b->next;
            p->held -= b->size;
            hn_free(b);
        }
    }
}

/* The smallest free block that is large enough: a step on a shorter batch makes the requests of the longest one, each smaller,
 * so it finds all it needs. */
static hn_pool_block *find(hn_pool *p, int at) {
    for (int i = at; i < HN_POOL_CLASSES; i++) {
        hn_pool_block *b = p->free[i];
        if (!b) continue;
        p->free[i] = b->next;
        return b;
    }
    return NULL;
}

/* Before a fresh block: a longer batch than any before finds the blocks of the shorter ones too small, so as many of these
 * go back to the system as the new one takes, the largest first. What is held then never exceeds what was once in use. */
static void make_way(hn_pool *p, size_t size) {
    const size_t most = p->live + size > p->peak ? p->live + size : p->peak;
    for (int i = HN_POOL_CLASSES - 1; i >= 0 && p->held + size > most; i--) {
        while (p->free[i] && p->held + size > most) {
            hn_pool_block *b = p->free[i];
            p->free[i] = b->next;
            p->held -= b->size;
            hn_free(b);
        }
    }
}

static void count_live(hn_pool *p, size_t size) {
    p->live += size;
    if (p->live > p->peak) p->peak = p->live;
}

void *hn_pool_take(hn_pool *p, size_t bytes) {
    size_t size;
    const int at = size_class(bytes, &size);
    if (at < 0) return NULL;
    pthread_mutex_lock(&p->lock);
    hn_pool_block *b = find(p, at);
    if (b) count_live(p, b->size);
    else make_way(p, size);
    pthread_mutex_unlock(&p->lock);
    if (b) return bytes_of(b);
    char *fresh = hn_alloc_aligned(size + ALIGN, ALIGN);
    if (!fresh) return NULL;
    if (size >= 2 * huge_page) {
        const size_t skip = (huge_page - (uintptr_t)fresh % huge_page) % huge_page;
        /* a hint: where it is refused, small pages serve as well */
        (void)madvise(fresh + skip, (size - skip) / huge_page * huge_page, MADV_HUGEPAGE);
    }
    b = (hn_pool_block *)fresh;
    b->size_class = at;
    b->size = size;
    pthread_mutex_lock(&p->lock);
    p->held += size;
    count_live(p, size);
    pthread_mutex_unlock(&p->lock);
    return bytes_of(b);
}

void hn_pool_give(hn_pool *p, void *block) {
    if (!block) return;
    hn_pool_block *b = header_of(block);
    pthread_mutex_lock(&p->lock);
    p->live -= b->size;
    b->next = p->free[b->size_class];
    p->free[b->size_class] = b;
    pthread_mutex_unlock(&p->lock);
}

void hn_pool_trim(hn_pool *p) {
    pthread_mutex_lock(&p->lock);
    trim_locked(p);
    pthread_mutex_unlock(&p->lock);
}
