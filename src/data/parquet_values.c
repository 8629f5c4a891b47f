/* parquet_values.c - the values of a page, one at a time, in each of Parquet's encodings.
 *
 * PLAIN: fixed width, or length (u32le) and bytes, or a bit a boolean. Dictionary: indices, their width in the first byte.
 * DELTA_LENGTH_BYTE_ARRAY: all lengths (deltas), then all bytes. DELTA_BYTE_ARRAY: lengths of the prefixes shared with the value
 * before (deltas), then the rest of each as DELTA_LENGTH_BYTE_ARRAY. BYTE_STREAM_SPLIT: all first bytes, all second bytes ... */
#include "data/parquet_impl.h"

#include <string.h>

const char *hn_pq_encoding_name(int encoding) {
    static const char *const names[] = {"PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED",
                                        "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"};
    return encoding >= 0 && encoding < (int)(sizeof names / sizeof *names) ? names[encoding] : NULL;
}

size_t hn_pq_type_width(hn_pq_type type, int32_t length) {
    switch (type) {
    case HN_PQ_INT32:
    case HN_PQ_FLOAT: return 4;
    case HN_PQ_INT64:
    case HN_PQ_DOUBLE: return 8;
    case HN_PQ_INT96: return 12;
    case HN_PQ_FIXED: return (size_t)length;
    case HN_PQ_BOOLEAN:
    case HN_PQ_BYTES:
    case HN_PQ_TYPES: break;
    }
    return 0;
}

static uint32_t u32le(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* width bytes at p, in the value's form */
static void fixed(hn_pq_type type, const uint8_t *p, size_t width, hn_pq_value *out) {
    if (type == HN_PQ_FIXED || type == HN_PQ_INT96) {
        out->bytes = (hn_str){(const char *)p, width};
        return;
    }
    uint64_t low = u32le(p);
    if (width == 8) out->bits = low | (uint64_t)u32le(p + 4) << 32;
    else out->bits = type == HN_PQ_INT32 ? (uint64_t)(int64_t)(int32_t)low : low;
}

static bool open_lengths(hn_pq_values *v, uint64_t most) {
    if (!hn_pq_delta_open(&v->numbers, v->p, v->end) || v->numbers.values > most) return false;
    v->p = hn_pq_delta_end(v->numbers);
    return v->p != NULL;
}

static bool open_deltas(hn_pq_values *v, uint64_t most) {
    switch (v->encoding) {
    case HN_PQ_DELTA_BINARY_PACKED:
        return (v->type == HN_PQ_INT32 || v->type == HN_PQ_INT64) && hn_pq_delta_open(&v->numbers, v->p, v->end);
    case HN_PQ_DELTA_LENGTH_BYTE_ARRAY: return v->type == HN_PQ_BYTES && open_lengths(v, most);
    default: break;
    }
    if (v->type != HN_PQ_BYTES && v->type != HN_PQ_FIXED) return false;
    if (!hn_pq_delta_open(&v->prefixes, v->p, v->end) || v->prefixes.values > most) return false;
    v->p = hn_pq_delta_end(v->prefixes);
    return v->p && open_lengths(v, most);
}

static bool open_indices(hn_pq_values *v) {
    if (v->p == v->end) return true; /* a page of nulls: it needs no dictionary either */
    int width = *v->p;
    hn_pq_levels_open(&v->index, v->p + 1, v->end, width);
    return width <= 32 && v->type != HN_PQ_BOOLEAN;
}

bool hn_pq_values_open(hn_pq_values *v, int encoding, const hn_pq_node *leaf, const hn_pq_dictionary *dictionary,
                       const uint8_t *p, const uint8_t *end, uint64_t most) {
    hn_buf kept = v->last;
    *v = (hn_pq_values){.encoding = encoding, .type = leaf->type, .p = p, .end = end, .dictionary = dictionary, .last = kept,
                        .width = hn_pq_type_width(leaf->type, leaf->length)};
    hn_buf_clear(&v->last);
    switch (encoding) {
    case HN_PQ_PLAIN: return true;
    case HN_PQ_PLAIN_DICTIONARY:
    case HN_PQ_RLE_DICTIONARY: return open_indices(v);
    case HN_PQ_RLE:
        if (v->type != HN_PQ_BOOLEAN) return false;
        if (p == end) return true;
        if (end - p < 4 || u32le(p) > (size_t)(end - p - 4)) return false;
        hn_pq_levels_open(&v->index, p + 4, p + 4 + u32le(p), 1);
        return true;
    case HN_PQ_BYTE_STREAM_SPLIT:
        v->stride = v->width ? (uint64_t)(end - p) / v->width : 0;
        return v->width > 0 && v->type != HN_PQ_INT96 && (uint64_t)(end - p) % v->width == 0;
    case HN_PQ_DELTA_BINARY_PACKED:
    case HN_PQ_DELTA_LENGTH_BYTE_ARRAY:
    case HN_PQ_DELTA_BYTE_ARRAY: return p == end || open_deltas(v, most);
    default: return false;
    }
}

static bool next_plain(hn_pq_values *v, hn_pq_value *out) {
    size_t left = (size_t)(v->end - v->p), n = v->width;
    if (v->type == HN_PQ_BOOLEAN) {
        if (left == 0) return false;
        out->bits = *v->p >> v->at & 1;
        v->at = (v->at + 1) % 8;
        v->p += v->at == 0;
        return true;
    }
    if (v->type == HN_PQ_BYTES) {
        if (left < 4) return false;
        n = u32le(v->p);
        v->p += 4;
        left -= 4;
    }
    if (n > left) return false;
    if (v->type == HN_PQ_BYTES) out->bytes = (hn_str){(const char *)v->p, n};
    else fixed(v->type, v->p, n, out);
    v->p += n;
    return true;
}

static bool next_index(hn_pq_values *v, hn_pq_value *out) {
    uint32_t i;
    if (!v->index.p || !v->dictionary || !hn_pq_levels_next(&v->index, &i) || i >= v->dictionary->n) return false;
    if (v->type == HN_PQ_BYTES) out->bytes = v->dictionary->bytes[i];
    else fixed(v->type, v->dictionary->p + (size_t)i * v->width, v->width, out);
    return true;
}

static bool next_rest(hn_pq_values *v, hn_str *out) {
    int64_t n;
    if (!hn_pq_delta_next(&v->numbers, &n) || n < 0 || (uint64_t)n > (size_t)(v->end - v->p)) return false;
    *out = (hn_str){(const char *)v->p, (size_t)n};
    v->p += n;
    return true;
}

static bool next_prefixed(hn_pq_values *v, hn_str *out) {
    int64_t keep;
    hn_str rest;
    if (!hn_pq_delta_next(&v->prefixes, &keep) || keep < 0 || (uint64_t)keep > v->last.n || !next_rest(v, &rest)) return false;
    v->last.n = (size_t)keep;
    if (rest.n > HN_PQ_PAGE_BYTES - v->last.n) return false; /* no value is larger than a page may be */
    hn_buf_add(&v->last, rest.p, rest.n);
    *out = (hn_str){v->last.p ? v->last.p : "", v->last.n};
    return !v->last.failed && (v->type == HN_PQ_BYTES || out->n == v->width);
}

static bool next_split(hn_pq_values *v, hn_pq_value *out) {
    if (v->at >= v->stride) return false;
    hn_buf_clear(&v->last);
    for (size_t k = 0; k < v->width; k++) hn_buf_putc(&v->last, (char)v->p[k * v->stride + v->at]);
    v->at++;
    if (v->last.failed) return false;
    fixed(v->type, (const uint8_t *)v->last.p, v->width, out);
    return true;
}

bool hn_pq_values_next(hn_pq_values *v, hn_pq_value *out) {
    *out = (hn_pq_value){.bytes = {"", 0}};
    switch (v->encoding) {
    case HN_PQ_PLAIN: return next_plain(v, out);
    case HN_PQ_PLAIN_DICTIONARY:
    case HN_PQ_RLE_DICTIONARY: return next_index(v, out);
    case HN_PQ_BYTE_STREAM_SPLIT: return next_split(v, out);
    case HN_PQ_DELTA_LENGTH_BYTE_ARRAY: return next_rest(v, &out->bytes);
    case HN_PQ_DELTA_BYTE_ARRAY: return next_prefixed(v, &out->bytes);
    case HN_PQ_RLE: {
        uint32_t bit;
        bool ok = v->index.p && hn_pq_levels_next(&v->index, &bit);
        if (ok) out->bits = bit;
        return ok;
    }
    default: break;
    }
    int64_t number;
    if (!v->numbers.p || !hn_pq_delta_next(&v->numbers, &number)) return false;
    out->bits = v->type == HN_PQ_INT32 ? (uint64_t)(int64_t)(int32_t)(uint32_t)number : (uint64_t)number;
    return true;
}
