/* arena.c - many small allocations, freed together.
 *
 * Blocks form a ring. The head is the block being filled; behind it come empty blocks kept by a
 * reset, then the full ones, oldest first. So going on to the next block is one step, and a full
 * head falls to the end of the ring by itself. */
#include "base/base.h"

#include <string.h>

enum { ARENA_BLOCK = 64 * 1024, ARENA_ALIGN = 16 };

struct hn_arena_block {
    hn_arena_block *next;
    size_t cap, used;
    size_t reserved_; /* keeps the data behind the header 16-aligned */
};
_Static_assert(sizeof(hn_arena_block) % ARENA_ALIGN == 0, "data follow the header");

void hn_arena_init(hn_arena *a, size_t block_size) {
    *a = (hn_arena){.head = NULL, .block_size = block_size};
}

/* Make the head a block with room for bytes (a multiple of 16). */
static bool next_block(hn_arena *a, size_t bytes) {
    hn_arena_block *cur = a->head;
    if (cur && cur->next->used == 0 && cur->next->cap >= bytes) {
        a->head = cur->next;
        return true;
    }
    size_t cap = a->block_size ? a->block_size : ARENA_BLOCK;
    if (cap < bytes) cap = bytes;
    if (cap > PTRDIFF_MAX - sizeof *cur) return false;
    hn_arena_block *b = hn_alloc(sizeof *b + cap);
    if (!b) return false;
    *b = (hn_arena_block){.next = b, .cap = cap};
    if (cur) {
        b->next = cur->next;
        cur->next = b;
    }
    a->head = b;
    return true;
}

void *hn_arena_alloc(hn_arena *a, size_t bytes) {
    if (bytes > PTRDIFF_MAX - ARENA_ALIGN) return NULL;
    size_t need = (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (need == 0) need = ARENA_ALIGN;
    if (!a->head || a->head->cap - a->head->used < need) {
        if (!next_block(a, need)) return NULL;
    }
    char *p = (char *)(a->head + 1) + a->head->used;
    a->head->used += need;
    memset(p, 0, need);
    return p;
}

char *hn_arena_strndup(hn_arena *a, const char *s, size_t n) {
    if (n == SIZE_MAX) return NULL;
    char *p = hn_arena_alloc(a, n + 1);
    if (p && n) memcpy(p, s, n);
    return p;
}

char *hn_arena_printf(hn_arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) return NULL;
    char *p = hn_arena_alloc(a, (size_t)n + 1);
    if (!p) return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

void hn_arena_reset(hn_arena *a) {
    hn_arena_block *b = a->head;
    if (!b) return;
    do {
        b->used = 0;
        b = b->next;
    } while (b != a->head);
}

void hn_arena_release(hn_arena *a) {
    hn_arena_block *b = a->head;
    if (b) {
        hn_arena_block *first = b;
        do {
            hn_arena_block *next = b->next;
            hn_free(b);
            b = next;
        } while (b != first);
    }
    a->head = NULL;
}
