/* gemm_scratch.c - packing space of a thread.
 *
 * A call packs up to about 1 MB a thread and 8 MB for all at a time. Taking that from the allocator in every
 * call would mean a lock, and often fresh pages to fault in, many thousand times a step; a buffer in the device
 * would have to be passed through a slot that knows no device. So each thread keeps its blocks, grown to the
 * largest size asked for (bounded by the blocking constants of the kernels), and frees them when it ends. */
#include "dev/cpu/gemm_impl.h"

#include <pthread.h>

typedef struct scratch {
    void *block[HN_SCRATCH_KINDS];
    size_t bytes[HN_SCRATCH_KINDS];
} scratch;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_error;

static void scratch_free(void *p)
{
    scratch *s = p;
    for (int i = 0; s && i < HN_SCRATCH_KINDS; i++)
        hn_free(s->block[i]);
    hn_free(s);
}

static void key_make(void)
{
    key_error = pthread_key_create(&key, scratch_free);
}

void *hn_gemm_scratch(int kind, size_t bytes)
{
    pthread_once(&key_once, key_make);
    if (key_error) return NULL;
    scratch *s = pthread_getspecific(key);
    if (!s) {
        s = hn_calloc(1, sizeof(scratch));
        if (!s || pthread_setspecific(key, s)) {
            hn_free(s);
            return NULL;
        }
    }
    if (!s->block[kind] || s->bytes[kind] < bytes) {
        hn_free(s->block[kind]);
        s->block[kind] = hn_alloc_aligned(bytes, 64);
        s->bytes[kind] = bytes;
    }
    return s->block[kind];
}

void hn_gemm_scratch_release(void)
{
    pthread_once(&key_once, key_make);
    if (key_error) return;
    scratch_free(pthread_getspecific(key));
    pthread_setspecific(key, NULL);
}
