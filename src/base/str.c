/* str.c - slices, growing buffers and the edit distance behind "did you mean". */
#include "base/base.h"

#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

hn_str hn_str_of(const char *s) {
    return (hn_str){.p = s, .n = s ? strlen(s) : 0};
}

bool hn_str_eq(hn_str a, const char *b) {
    size_t n = strlen(b);
    return a.n == n && (n == 0 || memcmp(a.p, b, n) == 0);
}

bool hn_str_ends(hn_str a, hn_str tail) {
    return a.n >= tail.n && (tail.n == 0 || memcmp(a.p + a.n - tail.n, tail.p, tail.n) == 0);
}

bool hn_streq(const char *a, const char *b) {
    if (!a || !b) return a == b;
    return strcmp(a, b) == 0;
}

/* Room for extra more bytes and the final NUL. */
static bool reserve(hn_buf *b, size_t extra) {
    if (b->failed) return false;
    if (extra < b->cap && b->n < b->cap - extra) return true;
    size_t need;
    if (__builtin_add_overflow(b->n, extra, &need) || need >= PTRDIFF_MAX / 2) {
        b->failed = true;
        return false;
    }
    size_t cap = b->cap ? b->cap : 64;
    while (cap <= need) cap += cap / 2 + 64;
    char *p = hn_realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void hn_buf_add(hn_buf *b, const void *p, size_t n) {
    if (!reserve(b, n)) return;
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void hn_buf_puts(hn_buf *b, const char *s) {
    hn_buf_add(b, s, strlen(s));
}

void hn_buf_putc(hn_buf *b, char c) {
    hn_buf_add(b, &c, 1);
}

void hn_buf_printf(hn_buf *b, const char *fmt, ...) {
    if (!reserve(b, 0)) return;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
        b->p[b->n] = '\0';
        return;
    }
    if ((size_t)n >= b->cap - b->n) {
        b->p[b->n] = '\0';
        if (!reserve(b, (size_t)n)) return;
        va_start(ap, fmt);
        vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
        va_end(ap);
    }
    b->n += (size_t)n;
}

void hn_buf_clear(hn_buf *b) {
    b->n = 0;
    b->failed = false;
    if (b->p) b->p[0] = '\0';
}

void hn_buf_release(hn_buf *b) {
    hn_free(b->p);
    *b = (hn_buf){0};
}

char *hn_buf_take(hn_buf *b) {
    if (!reserve(b, 0)) {
        hn_buf_release(b);
        return NULL;
    }
    char *p = b->p;
    p[b->n] = '\0';
    *b = (hn_buf){0};
    return p;
}

static locale_t c_locale;

static void make_c_locale(void) {
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* glibc's own object: cannot fail */
}

double hn_strtod(const char *s, char **end) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_c_locale);
    return c_locale ? strtod_l(s, end, c_locale) : strtod(s, end);
}

static int least(int a, int b) {
    return a < b ? a : b;
}

int hn_edit_distance(const char *a, const char *b) {
    enum { LONGEST = 127 }; /* option names and tensor names are shorter; nothing is allocated */
    size_t na = strlen(a), nb = strlen(b);
    if (strcmp(a, b) == 0) return 0;
    if (na > LONGEST || nb > LONGEST) return na > nb ? (int)na : (int)nb;
    int rows[3][LONGEST + 1];
    for (size_t j = 0; j <= nb; j++) rows[0][j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            int cost = a[i - 1] != b[j - 1];
            int d = least(least(up[j] + 1, row[j - 1] + 1), up[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = least(d, up2[j - 2] + 1);
            row[j] = d;
        }
    }
    return rows[na % 3][nb];
}
