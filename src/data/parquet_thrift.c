/* parquet_thrift.c - Thrift's compact protocol, as far as Parquet's headers use it.
 *
 * A struct is fields, each with a byte (difference to the id before << 4 | type), ended by 0; whole numbers are zigzag varints;
 * a list begins with a byte (count << 4 | type). The cursor is bounded: at whatever does not fit it turns bad, stays at its
 * end, and everything read from then on is zero. */
#include "data/parquet_impl.h"

static void fail(hn_thrift *t) {
    t->bad = true;
    t->p = t->end;
}

static uint8_t byte(hn_thrift *t) {
    if (t->p < t->end) return *t->p++;
    fail(t);
    return 0;
}

uint64_t hn_varint(const uint8_t **p, const uint8_t *end, bool *bad) {
    uint64_t v = 0;
    for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
        uint8_t b = *(*p)++;
        v |= (uint64_t)(b & 0x7F) << shift;
        if (!(b & 0x80)) return v;
    }
    *bad = true;
    return 0;
}

static uint64_t varint(hn_thrift *t) {
    uint64_t v = hn_varint(&t->p, t->end, &t->bad);
    if (t->bad) fail(t);
    return v;
}

static int64_t zigzag(hn_thrift *t) {
    uint64_t v = varint(t);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

bool hn_thrift_next(hn_thrift *t, hn_thrift_field *f) {
    uint8_t head = byte(t);
    if (t->bad || head == 0) return false;
    f->type = head & 0x0F;
    if (head >> 4) {
        f->id += head >> 4;
    } else {
        int64_t id = zigzag(t);
        if (id < INT16_MIN || id > INT16_MAX) fail(t);
        f->id = (int)id;
    }
    if (f->type < HN_THRIFT_TRUE || f->type > HN_THRIFT_STRUCT) fail(t);
    return !t->bad;
}

int64_t hn_thrift_int(hn_thrift *t, const hn_thrift_field *f) {
    if (f->type == HN_THRIFT_BYTE) return (int8_t)byte(t);
    if (f->type >= HN_THRIFT_I16 && f->type <= HN_THRIFT_I64) return zigzag(t);
    fail(t);
    return 0;
}

int32_t hn_thrift_i32(hn_thrift *t, const hn_thrift_field *f) {
    int64_t v = hn_thrift_int(t, f);
    if (v < INT32_MIN || v > INT32_MAX) fail(t);
    return t->bad ? 0 : (int32_t)v;
}

bool hn_thrift_bool(hn_thrift *t, const hn_thrift_field *f) {
    if (f->type != HN_THRIFT_TRUE && f->type != HN_THRIFT_FALSE) fail(t);
    return f->type == HN_THRIFT_TRUE;
}

static hn_str bytes(hn_thrift *t) {
    uint64_t n = varint(t);
    if (t->bad || n > (size_t)(t->end - t->p)) {
        fail(t);
        return (hn_str){"", 0};
    }
    hn_str s = {(const char *)t->p, (size_t)n};
    t->p += n;
    return s;
}

hn_str hn_thrift_binary(hn_thrift *t, const hn_thrift_field *f) {
    if (f->type == HN_THRIFT_BINARY) return bytes(t);
    fail(t);
    return (hn_str){"", 0};
}

void hn_thrift_enter(hn_thrift *t, const hn_thrift_field *f) {
    if (f->type != HN_THRIFT_STRUCT) fail(t);
}

/* Every element takes a byte at least, so a count beyond the bytes left is a lie. */
static size_t list_head(hn_thrift *t, int *type) {
    uint8_t head = byte(t);
    uint64_t n = head >> 4;
    *type = head & 0x0F;
    if (n == 15) n = varint(t);
    if (t->bad || n > (size_t)(t->end - t->p)) {
        fail(t);
        return 0;
    }
    return (size_t)n;
}

size_t hn_thrift_list(hn_thrift *t, const hn_thrift_field *f, int element) {
    if (f->type != HN_THRIFT_LIST && f->type != HN_THRIFT_SET) {
        fail(t);
        return 0;
    }
    int type;
    size_t n = list_head(t, &type);
    if (n && type != element) fail(t);
    return t->bad ? 0 : n;
}

enum { DEEPEST = 32 };

static void skip(hn_thrift *t, int type, int depth);

static void skip_item(hn_thrift *t, int type, int depth) {
    if (type == HN_THRIFT_TRUE || type == HN_THRIFT_FALSE) byte(t); /* inside a container a boolean is a byte */
    else skip(t, type, depth);
}

static void skip_list(hn_thrift *t, int depth) {
    int type;
    size_t n = list_head(t, &type);
    for (size_t i = 0; i < n && !t->bad; i++) skip_item(t, type, depth);
}

static void skip_map(hn_thrift *t, int depth) {
    uint64_t n = varint(t);
    if (n == 0 || t->bad) return;
    uint8_t types = byte(t);
    for (uint64_t i = 0; i < n && !t->bad; i++) { /* at least two bytes each, so this ends with them */
        skip_item(t, types >> 4, depth);
        skip_item(t, types & 0x0F, depth);
    }
}

static void skip(hn_thrift *t, int type, int depth) {
    if (depth > DEEPEST) fail(t);
    if (t->bad) return;
    switch (type) {
    case HN_THRIFT_TRUE:
    case HN_THRIFT_FALSE: break;
    case HN_THRIFT_BYTE: byte(t); break;
    case HN_THRIFT_I16:
    case HN_THRIFT_I32:
    case HN_THRIFT_I64: varint(t); break;
    case HN_THRIFT_DOUBLE:
        for (int i = 0; i < 8; i++) byte(t);
        break;
    case HN_THRIFT_BINARY: bytes(t); break;
    case HN_THRIFT_LIST:
    case HN_THRIFT_SET: skip_list(t, depth + 1); break;
    case HN_THRIFT_MAP: skip_map(t, depth + 1); break;
    case HN_THRIFT_STRUCT:
        for (hn_thrift_field f = {0}; hn_thrift_next(t, &f);) skip(t, f.type, depth + 1);
        break;
    default: fail(t);
    }
}

void hn_thrift_skip(hn_thrift *t, int type) { skip(t, type, 0); }
