/* mem.c - the one door to the heap.
 *
 * Every block carries a 16-byte header in front of it (size, way back to malloc's pointer), so that
 * live and peak bytes are exact and aligned blocks are freed like any other. Tests make the n-th
 * allocation fail through hn_mem_fail_after. */
#include "base/base.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct mem_head {
    uint64_t size;
    uint32_t offset; /* from malloc's pointer to the caller's */
    uint32_t align;  /* 0: as malloc gives */
} mem_head;
_Static_assert(sizeof(mem_head) == 16, "the header must keep malloc's alignment");

static _Atomic uint64_t live_bytes, peak_bytes, call_count, block_count;
static _Atomic int64_t fail_countdown = -1;

static bool told_to_fail(void) {
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) < 0) return false;
    int64_t before = atomic_fetch_sub(&fail_countdown, 1);
    return before == 0;
}

static void count_in(uint64_t bytes, uint64_t blocks) {
    uint64_t now = atomic_fetch_add_explicit(&live_bytes, bytes, memory_order_relaxed) + bytes;
    uint64_t peak = atomic_load_explicit(&peak_bytes, memory_order_relaxed);
    while (now > peak &&
           !atomic_compare_exchange_weak_explicit(&peak_bytes, &peak, now, memory_order_relaxed,
                                                  memory_order_relaxed)) {}
    atomic_fetch_add_explicit(&call_count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&block_count, blocks, memory_order_relaxed);
}

static mem_head *head_of(void *p) {
    return (mem_head *)(void *)((char *)p - sizeof(mem_head));
}

static void *block_new(size_t bytes, size_t align, bool zeroed) {
    size_t extra = sizeof(mem_head) + align;
    if (bytes > PTRDIFF_MAX - extra || told_to_fail()) return NULL;
    char *raw = zeroed ? calloc(1, bytes + extra) : malloc(bytes + extra);
    if (!raw) return NULL;
    size_t offset = sizeof(mem_head);
    if (align > 0) offset += (align - ((uintptr_t)raw + offset) % align) % align;
    char *p = raw + offset;
    *head_of(p) = (mem_head){.size = bytes, .offset = (uint32_t)offset, .align = (uint32_t)align};
    count_in(bytes, 1);
    return p;
}

void *hn_alloc(size_t bytes) {
    return block_new(bytes, 0, false);
}

void *hn_calloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    return block_new(bytes, 0, true);
}

void *hn_alloc_array(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    return block_new(bytes, 0, false);
}

void *hn_alloc_aligned(size_t bytes, size_t align) {
    if (align == 0 || (align & (align - 1)) != 0 || align > (size_t)1 << 30) return NULL;
    return block_new(bytes, align > 16 ? align : 0, false);
}

void *hn_realloc(void *p, size_t bytes) {
    if (!p) return hn_alloc(bytes);
    mem_head head = *head_of(p);
    if (head.align) { /* realloc would not keep the alignment */
        void *q = block_new(bytes, head.align, false);
        if (!q) return NULL;
        memcpy(q, p, head.size < bytes ? (size_t)head.size : bytes);
        hn_free(p);
        return q;
    }
    if (bytes > PTRDIFF_MAX - sizeof(mem_head) || told_to_fail()) return NULL;
    char *raw = realloc((char *)p - sizeof(mem_head), bytes + sizeof(mem_head));
    if (!raw) return NULL;
    char *q = raw + sizeof(mem_head);
    head_of(q)->size = bytes;
    atomic_fetch_sub_explicit(&live_bytes, head.size, memory_order_relaxed);
    count_in(bytes, 0);
    return q;
}

void *hn_realloc_array(void *p, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    return hn_realloc(p, bytes);
}

void hn_free(void *p) {
    if (!p) return;
    mem_head head = *head_of(p);
    atomic_fetch_sub_explicit(&live_bytes, head.size, memory_order_relaxed);
    atomic_fetch_sub_explicit(&block_count, 1, memory_order_relaxed);
    free((char *)p - head.offset);
}

char *hn_strndup(const char *s, size_t n) {
    if (n == SIZE_MAX) return NULL;
    char *p = hn_alloc(n + 1);
    if (!p) return NULL;
    if (n) memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *hn_strdup(const char *s) {
    return hn_strndup(s, strlen(s));
}

hn_status hn_nomem(hn_error *err, size_t bytes) {
    double live = (double)atomic_load(&live_bytes) / (1024.0 * 1024.0);
    hn_fail(err, HN_ENOMEM, "out of memory: %zu bytes are not to be had (%.1f MiB in use)", bytes,
            live);
    hn_error_fix(err,
                 "use a smaller batch or a shorter max_length, or give the process more memory");
    return HN_ENOMEM;
}

void hn_mem_get(hn_mem_stats *out) {
    out->live = atomic_load(&live_bytes);
    out->peak = atomic_load(&peak_bytes);
    out->calls = atomic_load(&call_count);
    out->blocks = atomic_load(&block_count);
}

void hn_mem_reset_peak(void) {
    atomic_store(&peak_bytes, atomic_load(&live_bytes));
}

void hn_mem_fail_after(int64_t n) {
    atomic_store(&fail_countdown, n < 0 ? -1 : n == 0 ? 0 : n - 1);
}
