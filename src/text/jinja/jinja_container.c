/* jinja_container.c - lists, tuples and dicts: our own, or JSON read where it stands. Containers never change once they are made.
 */
#include "text/jinja/jinja_ast_impl.h"

hn_jval hn_j_from_json(const hn_json *j) {
    hn_str s;
    switch (hn_json_type(j)) {
    case HN_JSON_NULL: break;
    case HN_JSON_BOOL: return hn_j_bool(hn_json_bool(j, false));
    case HN_JSON_INT: return hn_j_int(hn_json_int(j, 0));
    case HN_JSON_REAL: return hn_j_float(hn_json_num(j, 0));
    case HN_JSON_STR: hn_json_text(j, &s); return hn_j_of(s);
    case HN_JSON_ARRAY: return (hn_jval){.kind = HN_J_LIST, .flag = HN_J_JSON, .json = j};
    case HN_JSON_OBJECT: return (hn_jval){.kind = HN_J_DICT, .flag = HN_J_JSON, .json = j};
    }
    return hn_j_none();
}

bool hn_j_list_new(hn_jrun *r, hn_jkind kind, size_t n, hn_jval *out, hn_jval **items) {
    if (n > HN_J_MEMORY / sizeof(hn_jval))
        return hn_j_fail(r, HN_J_LIMIT, "the template needs more than %zu MiB of memory", HN_J_MEMORY >> 20);
    if (!hn_j_burn(r, n / 4)) return false;
    hn_jlist *l = hn_j_alloc(r, sizeof *l + n * sizeof *l->v);
    if (!l) return false;
    l->n = (uint32_t)n;
    *out = (hn_jval){.kind = (uint8_t)kind, .list = l};
    if (items) *items = l->v;
    return true;
}

bool hn_j_pair(hn_jrun *r, hn_jval a, hn_jval b, hn_jval *out) {
    hn_jval *items;
    if (!hn_j_list_new(r, HN_J_TUPLE, 2, out, &items)) return false;
    items[0] = a;
    items[1] = b;
    return true;
}

size_t hn_j_count(hn_jval v) {
    if (v.flag & HN_J_JSON) return hn_json_len(v.json);
    return v.kind == HN_J_DICT ? v.dict->n : v.list->n;
}

hn_jval hn_j_at(hn_jval v, size_t i) {
    if (v.kind == HN_J_RANGE_OBJ) return hn_j_int(v.range->start + (int64_t)i * v.range->step);
    if (v.kind == HN_J_BYTES) return hn_j_int((unsigned char)v.s[i]);
    return v.flag & HN_J_JSON ? hn_j_from_json(hn_json_at(v.json, i)) : v.list->v[i];
}

bool hn_j_grow(hn_jrun *r, hn_jgrow *g, hn_jval v) {
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 8;
        hn_jval *grown = hn_j_alloc(r, cap * sizeof *grown);
        if (!grown) return false;
        if (g->n) memcpy(grown, g->v, g->n * sizeof *grown);
        g->v = grown;
        g->cap = cap;
    }
    g->v[g->n++] = v;
    return hn_j_burn(r, 1);
}

bool hn_j_grown(hn_jrun *r, const hn_jgrow *g, hn_jkind kind, hn_jval *out) {
    hn_jval *items = NULL;
    if (!hn_j_list_new(r, kind, g->n, out, &items)) return false;
    if (g->n) memcpy(items, g->v, g->n * sizeof *items);
    return true;
}

/* ---- dicts */

enum { SMALL_DICT = 8 }; /* searched from front to back */

bool hn_j_dict_new(hn_jrun *r, size_t cap, hn_jval *out) {
    hn_jdict *d = hn_j_alloc(r, sizeof *d);
    if (!d) return false;
    if (cap && !(d->v = hn_j_alloc(r, cap * sizeof *d->v))) return false;
    d->cap = (uint32_t)cap;
    *out = (hn_jval){.kind = HN_J_DICT, .dict = d};
    return true;
}

static void index_pair(hn_jdict *d, uint32_t i) {
    uint64_t at = d->v[i].hash;
    while (d->index[at & (d->slots - 1)]) at++;
    d->index[at & (d->slots - 1)] = i + 1;
}

static bool index_dict(hn_jrun *r, hn_jdict *d) {
    uint32_t slots = 32;
    while (slots < 2 * d->cap) slots *= 2;
    d->index = hn_j_alloc(r, slots * sizeof *d->index);
    if (!d->index) return false;
    d->slots = slots;
    for (uint32_t i = 0; i < d->n; i++) index_pair(d, i);
    return true;
}

static bool key_fits(hn_jrun *r, const hn_jpair *p, hn_jval key, uint64_t hash, bool *same) {
    *same = false;
    return p->hash != hash || hn_j_same_or_equal(r, p->key, key, same);
}

static int find_pair(hn_jrun *r, const hn_jdict *d, hn_jval key, uint64_t hash, uint32_t *where) {
    bool same;
    if (!d->index) {
        for (uint32_t i = 0; i < d->n; i++) {
            if (!key_fits(r, &d->v[i], key, hash, &same)) return -1;
            *where = i;
            if (same) return 1;
        }
        return 0;
    }
    for (uint64_t at = hash;; at++) {
        uint32_t slot = d->index[at & (d->slots - 1)];
        if (!slot) return 0;
        if (!key_fits(r, &d->v[slot - 1], key, hash, &same)) return -1;
        *where = slot - 1;
        if (same) return 1;
        if (!hn_j_burn(r, 1)) return -1;
    }
}

bool hn_j_dict_put(hn_jrun *r, hn_jval dict, hn_jval key, hn_jval value) {
    hn_jdict *d = dict.dict;
    uint64_t hash;
    uint32_t where;
    if (!hn_j_hash(r, key, &hash) || !hn_j_burn(r, 1)) return false;
    int found = find_pair(r, d, key, hash, &where);
    if (found < 0) return false;
    if (found) return hn_j_set(&d->v[where].value, value);
    if (d->n == d->cap) {
        uint32_t cap = d->cap ? 2 * d->cap : 4;
        hn_jpair *grown = hn_j_alloc(r, cap * sizeof *grown);
        if (!grown) return false;
        if (d->n) memcpy(grown, d->v, d->n * sizeof *grown);
        d->v = grown;
        d->cap = cap;
        d->index = NULL;
    }
    d->v[d->n++] = (hn_jpair){key, value, hash};
    if (d->n <= SMALL_DICT) return true;
    if (!d->index || 2 * d->n > d->slots) return index_dict(r, d);
    index_pair(d, d->n - 1);
    return true;
}

/* JSON spells a NUL in a key with the two bytes C0 80. */
static char *spell_nul(hn_jrun *r, hn_jval key) {
    char *name = hn_j_alloc(r, 2 * (size_t)key.n + 1);
    size_t n = 0;
    for (uint32_t i = 0; name && i < key.n; i++) {
        if (key.s[i] == '\0') name[n++] = '\xC0';
        name[n++] = key.s[i] == '\0' ? '\x80' : key.s[i];
    }
    return name;
}

bool hn_j_json_key(hn_jrun *r, const char *name, hn_jval *out) {
    size_t n = strlen(name), len = 0;
    *out = hn_j_str(name, n);
    if (!memchr(name, '\xC0', n)) return true;
    char *text = hn_j_alloc(r, n + 1);
    if (!text) return false;
    for (size_t i = 0; i < n; i++) {
        bool nul = name[i] == '\xC0';
        text[len++] = nul ? '\0' : name[i];
        i += nul;
    }
    return hn_j_set(out, hn_j_str(text, len));
}

int hn_j_dict_find(hn_jrun *r, hn_jval dict, hn_jval key, hn_jval *out) {
    uint64_t hash;
    uint32_t where;
    if (!(dict.flag & HN_J_JSON)) {
        if (!hn_j_hash(r, key, &hash)) return -1;
        int found = find_pair(r, dict.dict, key, hash, &where);
        if (found == 1) *out = dict.dict->v[where].value;
        return found;
    }
    if (key.kind != HN_J_STR) return hn_j_hash(r, key, &hash) ? 0 : -1;
    char room[128], *name = room; /* JSON wants a terminated name */
    if (key.n >= sizeof room && !(name = hn_j_alloc(r, key.n + 1))) return -1;
    memcpy(name, key.s, key.n);
    name[key.n] = '\0';
    if (memchr(name, '\0', key.n) && !(name = spell_nul(r, key))) return -1;
    const hn_json *j = hn_json_get(dict.json, name);
    if (!j && !hn_json_has(dict.json, name)) return 0;
    *out = hn_j_from_json(j);
    return 1;
}

bool hn_j_dict_next(hn_jrun *r, hn_jval dict, hn_jwalk *w, hn_jval *key, hn_jval *value) {
    if (!(dict.flag & HN_J_JSON)) {
        if (w->i >= dict.dict->n) return false;
        *key = dict.dict->v[w->i].key;
        *value = dict.dict->v[w->i++].value;
        return true;
    }
    bool more = w->on ? hn_json_next(&w->it) : hn_json_first(dict.json, &w->it);
    w->on = true;
    if (!more) return false;
    *value = hn_j_from_json(w->it.value);
    return hn_j_json_key(r, w->it.key, key);
}

static bool put_pair(hn_jrun *r, hn_jval dict, hn_jval pair, size_t i) {
    hn_jval two;
    if (!hn_j_iterable(pair))
        return hn_j_fail(r, HN_J_TYPE, "cannot convert dictionary update sequence element #%zu to a sequence", i);
    if (!hn_j_to_list(r, pair, HN_J_TUPLE, &two)) return false;
    if (hn_j_count(two) != 2)
        return hn_j_fail(r, HN_J_VALUE, "dictionary update sequence element #%zu has length %zu; 2 is required", i,
                         hn_j_count(two));
    return hn_j_dict_put(r, dict, hn_j_at(two, 0), hn_j_at(two, 1));
}

bool hn_j_dict_update(hn_jrun *r, hn_jval dict, hn_jval from) {
    hn_jval key, value;
    if (from.kind == HN_J_DICT) {
        hn_jwalk w = {0};
        while (hn_j_dict_next(r, from, &w, &key, &value))
            if (!hn_j_dict_put(r, dict, key, value)) return false;
        return true;
    }
    if (from.kind == HN_J_UNDEF) return hn_j_use_undefined(r, from); /* it asks for .keys */
    hn_jiter *it = hn_j_iter(r, from);
    int more;
    for (size_t i = 0; (more = hn_j_next(r, it, &value)) == 1; i++)
        if (!put_pair(r, dict, value, i)) return false;
    return more >= 0;
}
