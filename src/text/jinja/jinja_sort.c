/* jinja_sort.c - a stable merge sort whose comparison can fail. */
#include "text/jinja/jinja_filter_impl.h"

typedef struct sorting { hn_jrun *r; const hn_jval *key; size_t k; bool lists, descending; } sorting;

/* Is the later item to go before the earlier one? Lists of keys compare by the first that differs. */
static bool before(const sorting *s, uint32_t later, uint32_t earlier, bool *yes) {
    const hn_jval *x = s->key + later * s->k, *y = s->key + earlier * s->k;
    bool same;
    for (size_t i = 0; i < s->k; i++) {
        if (s->lists) {
            if (!hn_j_same_or_equal(s->r, x[i], y[i], &same)) return false;
            if (same && i + 1 < s->k) continue;
            if (same) break;
        }
        return s->descending ? hn_j_less(s->r, y[i], x[i], yes) : hn_j_less(s->r, x[i], y[i], yes);
    }
    *yes = false;
    return true;
}

bool hn_j_sort(hn_jrun *r, uint32_t *order, size_t n, const hn_jval *key, size_t k, bool lists, bool descending) {
    sorting s = {r, key, k, lists, descending};
    uint32_t *other = hn_j_alloc(r, (n + 1) * sizeof *other), *from = order, *to = other;
    if (!other) return false;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t low = 0; low < n; low += 2 * width) {
            size_t mid = low + width < n ? low + width : n, high = low + 2 * width < n ? low + 2 * width : n;
            size_t i = low, j = mid, at = low;
            while (i < mid && j < high) {
                bool yes;
                if (!before(&s, from[j], from[i], &yes) || !hn_j_burn(r, 1)) return false;
                to[at++] = yes ? from[j++] : from[i++];
            }
            while (i < mid) to[at++] = from[i++];
            while (j < high) to[at++] = from[j++];
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order) memcpy(order, from, n * sizeof *order);
    return true;
}
