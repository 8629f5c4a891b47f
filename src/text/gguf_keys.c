/* gguf_keys.c - reads the keys of a GGUF file (version 2 or 3, little-endian).
 *
 * "GGUF", u32 version, u64 tensors, u64 keys; a key is a string (u64 bytes and the bytes), u32 type, value. Types: 0 u8, 1 i8,
 * 2 u16, 3 i16, 4 u32, 5 i32, 6 f32, 7 bool, 8 string, 9 array (u32 type, u64 count, elements), 10 u64, 11 i64, 12 f64. */
#include "text/gguf_impl.h"

enum { F32 = 6, STRING = 8, ARRAY = 9, TYPES = 13 };
static const uint8_t size_of[TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

typedef struct cursor {
    const char *begin, *p, *end;
    hn_str key;
} cursor;

static hn_status broken(const cursor *c, const char *what, hn_error *err) {
    size_t n = c->key.n > 100 ? 100 : c->key.n;
    bool prints = n > 0 && hn_utf8_valid(c->key.p, n, NULL);
    return hn_fail(err, HN_EFORMAT, "byte %zu%s%.*s: %s", (size_t)(c->p - c->begin), prints ? ", key " : "", prints ? (int)n : 0,
                   prints ? c->key.p : "", what);
}

static size_t left(const cursor *c) {
    return (size_t)(c->end - c->p);
}

static uint64_t bits_at(const char *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return v;
}

static bool take(cursor *c, size_t n, uint64_t *out) {
    if (left(c) < n) return false;
    *out = bits_at(c->p, n);
    c->p += n;
    return true;
}

static bool take_string(cursor *c, hn_str *out) {
    uint64_t n;
    if (!take(c, 8, &n) || n > left(c)) return false;
    *out = (hn_str){c->p, (size_t)n};
    c->p += n;
    return true;
}

static double number(uint32_t type, const char *p) {
    uint64_t bits = bits_at(p, size_of[type]);
    float f;
    double d;
    uint32_t low = (uint32_t)bits;
    switch (type) {
    case 1: return (double)(int8_t)bits;
    case 3: return (double)(int16_t)bits;
    case 5: return (double)(int32_t)low;
    case 6: memcpy(&f, &low, sizeof f); return (double)f;
    case 11: return (double)(int64_t)bits;
    case 12: memcpy(&d, &bits, sizeof d); return d;
    default: return (double)bits;
    }
}

double hn_gguf_number(const hn_gguf_array *a, uint64_t i, double otherwise) {
    if (i >= a->n || a->type >= TYPES || !size_of[a->type]) return otherwise;
    return number(a->type, a->p + i * size_of[a->type]);
}

bool hn_gguf_string(hn_gguf_array *a, hn_str *out) {
    if (a->n == 0 || a->type != STRING) return false;
    cursor c = {.begin = a->p, .p = a->p, .end = a->end};
    if (!take_string(&c, out)) return false;
    a->p = c.p;
    a->n--;
    return true;
}

static hn_status take_array(cursor *c, hn_gguf_array *out, hn_error *err) {
    uint64_t type, n;
    if (!take(c, 4, &type) || !take(c, 8, &n)) return broken(c, "an array is cut off", err);
    if (type >= TYPES || type == ARRAY) return broken(c, "an array of a type that is not read", err);
    size_t each = type == STRING ? 8 : size_of[type];
    if (n > left(c) / each) return broken(c, "an array is longer than what is left of the file", err);
    *out = (hn_gguf_array){(uint32_t)type, n, c->p, c->end};
    if (type != STRING) {
        c->p += n * each;
        return HN_OK;
    }
    for (uint64_t i = 0; i < n; i++) {
        hn_str text;
        if (!take_string(c, &text)) return broken(c, "a string is longer than what is left of the file", err);
    }
    return HN_OK;
}

typedef struct value {
    uint32_t type;
    double number;
    hn_str text;
    hn_gguf_array array;
} value;

static hn_status take_value(cursor *c, value *v, hn_error *err) {
    uint64_t type;
    if (!take(c, 4, &type)) return broken(c, "a type is cut off", err);
    if (type >= TYPES) return broken(c, "a type that does not exist", err);
    *v = (value){.type = (uint32_t)type};
    if (type == STRING)
        return take_string(c, &v->text) ? HN_OK : broken(c, "a string is longer than what is left of the file", err);
    if (type == ARRAY) return take_array(c, &v->array, err);
    if (left(c) < size_of[type]) return broken(c, "a number is cut off", err);
    v->number = number(v->type, c->p);
    c->p += size_of[type];
    return HN_OK;
}

static void keep(hn_gguf *g, hn_str key, const value *v) {
    static const struct {
        const char *key;
        int which;
    } ids[] = {{"bos", HN_GGUF_BOS},       {"eos", HN_GGUF_EOS},     {"unknown", HN_GGUF_UNK}, {"seperator", HN_GGUF_SEP},
               {"separator", HN_GGUF_SEP}, {"padding", HN_GGUF_PAD}, {"cls", HN_GGUF_CLS},     {"mask", HN_GGUF_MASK}};
    const struct {
        const char *key;
        hn_str *to;
    } texts[] = {{"general.architecture", &g->architecture}, {"tokenizer.ggml.model", &g->model}, {"tokenizer.ggml.pre", &g->pre},
                 {"tokenizer.chat_template", &g->chat_template}};
    const struct {
        const char *key;
        hn_gguf_array *to;
    } arrays[] = {{"tokens", &g->tokens}, {"scores", &g->scores}, {"token_type", &g->types}, {"merges", &g->merges},
                  {"precompiled_charsmap", &g->charsmap}};
    const struct {
        const char *key;
        int *to;
    } flags[] = {{"add_bos_token", &g->add_bos}, {"add_eos_token", &g->add_eos}, {"add_space_prefix", &g->space_prefix},
                 {"remove_extra_whitespaces", &g->strips_extra}};
    static const char prefix[] = "tokenizer.ggml.";
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (v->type == STRING && hn_str_eq(key, texts[i].key)) *texts[i].to = v->text;
    if (key.n < sizeof prefix || memcmp(key.p, prefix, sizeof prefix - 1) != 0) return;
    hn_str rest = {key.p + sizeof prefix - 1, key.n - (sizeof prefix - 1)};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (v->type == ARRAY && hn_str_eq(rest, arrays[i].key)) *arrays[i].to = v->array;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (v->type < STRING && hn_str_eq(rest, flags[i].key)) *flags[i].to = v->number != 0;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s_token_id", ids[i].key);
        bool fits = v->number >= 0 && v->number < 1e9;
        if (v->type != STRING && v->type != ARRAY && hn_str_eq(rest, name)) g->id[ids[i].which] = fits ? (int64_t)v->number : -1;
    }
}

hn_status hn_gguf_read(hn_str file, hn_gguf *g, hn_error *err) {
    cursor c = {.begin = file.p, .p = file.p, .end = file.p + file.n};
    uint64_t version, tensors, keys;
    *g = (hn_gguf){.add_bos = -1, .add_eos = -1, .space_prefix = -1, .strips_extra = -1};
    for (int i = 0; i < HN_GGUF_IDS; i++) g->id[i] = -1;
    if (file.n < 4 || memcmp(file.p, "GGUF", 4) != 0) return broken(&c, "no GGUF file", err);
    c.p += 4;
    if (!take(&c, 4, &version)) return broken(&c, "the header is cut off", err);
    if (version != 2 && version != 3) return broken(&c, "GGUF of a version other than 2 and 3, or big-endian", err);
    if (!take(&c, 8, &tensors) || !take(&c, 8, &keys)) return broken(&c, "the header is cut off", err);
    for (uint64_t i = 0; i < keys; i++) { /* each takes bytes: an absurd number ends with the file */
        value v = {0};
        c.key = (hn_str){0};
        if (!take_string(&c, &c.key)) return broken(&c, "a key is cut off", err);
        HN_TRY(take_value(&c, &v, err));
        keep(g, c.key, &v);
    }
    return HN_OK;
}
