/* dev_impl.h - private to this room: the pool of a device. */
#ifndef HN_DEV_IMPL_H
#define HN_DEV_IMPL_H

#include "dev/dev.h"

#include <pthread.h>

/* Sizes up to 512 bytes in steps of 64, then 8 steps a doubling: at most 1/8 of a block is slack. */
enum { HN_POOL_CLASSES = 8 * 40 };

typedef struct hn_pool_block { /* stands before a block's bytes */
    struct hn_pool_block *next;
    size_t size; /* of the bytes behind it */
    int size_class;
} hn_pool_block;

typedef struct hn_pool {
    pthread_mutex_t lock;
    hn_pool_block *free[HN_POOL_CLASSES];
    size_t held, live, peak; /* bytes of all blocks; handed out now, and at most ever */
} hn_pool;

void hn_pool_init(hn_pool *p);
void *hn_pool_take(hn_pool *p, size_t bytes) HN_MUST; /* NULL: no memory */
void hn_pool_give(hn_pool *p, void *block);
void hn_pool_trim(hn_pool *p);

#endif
