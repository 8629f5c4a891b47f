/* gemm_scratch.c - packing space of a thread.
 *
 * A call packs at most about 1.5 MB at a time. Taking that from the allocator in every call would mean a
 * lock, and often fresh pages to fault in, many thousand times a step; a buffer in the device would have to
 * be passed through a slot that knows no device. So each thread keeps one block, grown to the largest size
 * asked for (bounded by the blocking constants of the kernels), and frees it when it ends. */
#include "dev/cpu/gemm_impl.h"

#include <pthread.h>

typedef struct scratch {
    size_t bytes;
} scratch;
enum { HEADER = 64 }; /* keeps what follows it 64-byte aligned */

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_error;

static void key_make(void)
{
    key_error = pthread_key_create(&key, hn_free);
}

void *hn_gemm_scratch(size_t bytes)
{
    pthread_once(&key_once, key_make);
    if (key_error) return NULL;
    scratch *s = pthread_getspecific(key);
    if (!s || s->bytes < bytes) {
        hn_gemm_scratch_release();
        s = hn_alloc_aligned(HEADER + bytes, 64);
        if (!s) return NULL;
        s->bytes = bytes;
        if (pthread_setspecific(key, s)) {
            hn_free(s);
            return NULL;
        }
    }
    return (char *)s + HEADER;
}

void hn_gemm_scratch_release(void)
{
    pthread_once(&key_once, key_make);
    if (key_error) return;
    hn_free(pthread_getspecific(key));
    pthread_setspecific(key, NULL);
}
