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

void *hn_pool_take(hn_pool *p, size_t bytes) {
    size_t size;
    const int at = size_class(bytes, &size);
    if (at < 0) return NULL;
    pthread_mutex_lock(&p->lock);
    hn_pool_block *b = p->free[at];
    if (b) p->free[at] = b->next;
    pthread_mutex_unlock(&p->lock);
    if (b) return b;
    char *fresh = hn_alloc_aligned(size, ALIGN);
    if (fresh && size >= 2 * huge_page) {
        const size_t skip = (huge_page - (uintptr_t)fresh % huge_page) % huge_page;
        /* a hint: where it is refused, small pages serve as well */
        (void)madvise(fresh + skip, (size - skip) / huge_page * huge_page, MADV_HUGEPAGE);
    }
    return fresh;
}

void hn_pool_give(hn_pool *p, void *block, size_t bytes) {
    size_t size;
    const int at = size_class(bytes, &size);
    if (!block || at < 0) return;
    hn_pool_block *b = block;
    pthread_mutex_lock(&p->lock);
    b->next = p->free[at];
    p->free[at] = b;
    pthread_mutex_unlock(&p->lock);
}

void hn_pool_trim(hn_pool *p) {
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < HN_POOL_CLASSES; i++) {
        while (p->free[i]) {
            hn_pool_block *b = p->free[i];
            p->free[i] = b->next;
            hn_free(b);
        }
    }
    pthread_mutex_unlock(&p->lock);
}
