/* parquet_impl.h - inside the reader of Parquet files (format: apache/parquet-format, 2.x).
 *
 * footer (parquet_meta.c, over Thrift's compact protocol) -> tree of columns (parquet_schema.c) -> a row group's column chunks,
 * page by page (parquet_page.c, parquet_codec.c) -> levels and values one at a time (parquet_levels.c, parquet_values.c,
 * parquet_delta.c) -> records (parquet_rows.c, parquet_json.c). Nothing in the file is trusted: every offset and count is
 * checked against the bytes that are there before memory is asked for. */
#ifndef HN_PARQUET_IMPL_H
#define HN_PARQUET_IMPL_H

#include "data/data.h"

/* ---- bounds: real files stay far below */
enum {
    HN_PQ_PAGE_BYTES = 256 << 20, /* of a page, unpacked */
    HN_PQ_LIVE_BYTES = 1 << 30,   /* of all pages held at one time */
    HN_PQ_LEAVES = 20000,
    HN_PQ_DEPTH = 64,             /* groups in groups */
    HN_PQ_VALUE_BYTES = 32        /* what a value counts at least, against the limit of a record */
};

/* ---- Thrift, compact protocol (parquet_thrift.c): a cursor that stops at the first thing that is wrong */
typedef struct hn_thrift {
    const uint8_t *p, *end;
    bool bad;
} hn_thrift;
typedef struct hn_thrift_field { /* the field at hand; {0} before the first of a struct */
    int id, type;
} hn_thrift_field;
enum {
    HN_THRIFT_TRUE = 1,
    HN_THRIFT_FALSE = 2,
    HN_THRIFT_BYTE = 3,
    HN_THRIFT_I16 = 4,
    HN_THRIFT_I32 = 5,
    HN_THRIFT_I64 = 6,
    HN_THRIFT_DOUBLE = 7,
    HN_THRIFT_BINARY = 8,
    HN_THRIFT_LIST = 9,
    HN_THRIFT_SET = 10,
    HN_THRIFT_MAP = 11,
    HN_THRIFT_STRUCT = 12
};
bool hn_thrift_next(hn_thrift *t, hn_thrift_field *f); /* false: the struct ends */
/* The value of the field; one of another type makes the cursor bad. */
int64_t hn_thrift_int(hn_thrift *t, const hn_thrift_field *f);
int32_t hn_thrift_i32(hn_thrift *t, const hn_thrift_field *f);
bool hn_thrift_bool(hn_thrift *t, const hn_thrift_field *f);
hn_str hn_thrift_binary(hn_thrift *t, const hn_thrift_field *f);
void hn_thrift_enter(hn_thrift *t, const hn_thrift_field *f); /* expects a struct */
size_t hn_thrift_list(hn_thrift *t, const hn_thrift_field *f, int element); /* elements, never more than bytes left */
void hn_thrift_skip(hn_thrift *t, int type);
uint64_t hn_varint(const uint8_t **p, const uint8_t *end, bool *bad);

/* ---- footer */
typedef enum hn_pq_type {
    HN_PQ_BOOLEAN,
    HN_PQ_INT32,
    HN_PQ_INT64,
    HN_PQ_INT96,
    HN_PQ_FLOAT,
    HN_PQ_DOUBLE,
    HN_PQ_BYTES,
    HN_PQ_FIXED,
    HN_PQ_TYPES
} hn_pq_type;

typedef struct hn_pq_element { /* of the flat list the schema is stored as */
    hn_str name;
    int32_t type, length, repetition, children, converted, scale; /* type, converted -1: none */
    int32_t logical, unit, bits; /* logical: field of the union, 0: none; unit 1 ms, 2 us, 3 ns */
    bool utc, is_signed;
} hn_pq_element;

typedef struct hn_pq_chunk {
    int32_t codec, type;
    int64_t values, at, bytes; /* at: of the first page in the file, the dictionary's where there is one */
} hn_pq_chunk;

typedef struct hn_pq_meta {
    hn_pq_element *element;
    size_t elements;
    hn_pq_chunk *chunk; /* [groups * leaves] */
    int64_t *rows;      /* [groups] */
    size_t groups, leaves;
    int64_t total;      /* rows of all groups */
    size_t data_end;    /* pages lie before this byte */
} hn_pq_meta;
/* file: the whole of it. Errors: EFORMAT, ENOTSUP (encrypted). */
hn_status hn_pq_meta_read(hn_str file, hn_pq_meta *out, hn_error *err) HN_MUST;
void hn_pq_meta_release(hn_pq_meta *m);

/* ---- the tree of columns */
typedef enum hn_pq_kind { HN_PQ_STRUCT, HN_PQ_LIST, HN_PQ_MAP, HN_PQ_LEAF } hn_pq_kind;
typedef enum hn_pq_form { /* how a leaf's value is written as JSON */
    HN_PQ_AS_BOOL, HN_PQ_AS_INT, HN_PQ_AS_UINT, HN_PQ_AS_FLOAT, HN_PQ_AS_DOUBLE, HN_PQ_AS_HALF, HN_PQ_AS_TEXT, HN_PQ_AS_DECIMAL,
    HN_PQ_AS_DATE, HN_PQ_AS_TIME, HN_PQ_AS_TIMESTAMP, HN_PQ_AS_INT96, HN_PQ_AS_UUID, HN_PQ_AS_NULL,
    HN_PQ_AS_NOTHING /* a type without a form here: an error where a value stands */
} hn_pq_form;

typedef struct hn_pq_node {
    char *name, *path;       /* "messages", "messages.list.element.role" */
    hn_pq_kind kind;
    int def, rep;            /* def: levels from here on mean "not null"; rep: its own repetition level */
    struct hn_pq_node *child; /* [children]; LIST: the element; MAP: key and value */
    size_t children, first, leaves; /* leaves first .. first + leaves are below it */
    bool wanted;             /* top level: it is read */
    /* leaves */
    hn_pq_type type;
    hn_pq_form form;
    int32_t length, scale, unit;
    bool utc;
} hn_pq_node;
/* root: a STRUCT with the top-level columns, all wanted. Errors: EFORMAT. */
hn_status hn_pq_schema(const hn_pq_meta *m, hn_pq_node *root, hn_error *err) HN_MUST;
void hn_pq_node_release(hn_pq_node *n);

/* ---- levels: runs and bit-packed groups */
typedef struct hn_pq_levels {
    const uint8_t *p, *end;
    uint32_t value;    /* of the run */
    uint64_t left;     /* values left of the run or group */
    int width;         /* bits a value */
    bool packed, old;  /* old: BIT_PACKED, from the highest bit, without runs */
    unsigned bit;      /* position in *p while packed */
} hn_pq_levels;
void hn_pq_levels_open(hn_pq_levels *l, const uint8_t *p, const uint8_t *end, int width);
void hn_pq_levels_open_old(hn_pq_levels *l, const uint8_t *p, const uint8_t *end, int width);
bool hn_pq_levels_next(hn_pq_levels *l, uint32_t *out); /* false: the data end too early or make no sense */
int hn_pq_width(uint64_t most);                         /* bits that hold 0 .. most */

/* ---- values */
typedef struct hn_pq_delta { /* DELTA_BINARY_PACKED */
    const uint8_t *p, *end;
    uint64_t values, left;        /* of the whole; still to come */
    uint64_t value, least;        /* the next value, the block's smallest difference */
    uint64_t block, mini;         /* values of a block, of a miniblock */
    uint64_t block_left, mini_left;
    const uint8_t *widths;        /* of the miniblocks that follow */
    int width;
    uint64_t bit;                 /* position in the miniblock */
} hn_pq_delta;
bool hn_pq_delta_open(hn_pq_delta *d, const uint8_t *p, const uint8_t *end);
bool hn_pq_delta_next(hn_pq_delta *d, int64_t *out);
const uint8_t *hn_pq_delta_end(hn_pq_delta d); /* behind the last value; NULL: the data are wrong */

typedef struct hn_pq_value { /* one of the two */
    uint64_t bits; /* BOOLEAN, INT32 (sign-extended), INT64, FLOAT, DOUBLE */
    hn_str bytes;  /* BYTES, FIXED, INT96; until the next value */
} hn_pq_value;

typedef struct hn_pq_dictionary {
    hn_pq_type type;
    const uint8_t *p; /* fixed width: values one after the other */
    size_t n, width;
    hn_str *bytes;    /* [n] BYTES */
} hn_pq_dictionary;

enum { HN_PQ_PLAIN = 0, HN_PQ_PLAIN_DICTIONARY = 2, HN_PQ_RLE = 3, HN_PQ_BIT_PACKED = 4, HN_PQ_DELTA_BINARY_PACKED = 5,
       HN_PQ_DELTA_LENGTH_BYTE_ARRAY = 6, HN_PQ_DELTA_BYTE_ARRAY = 7, HN_PQ_RLE_DICTIONARY = 8, HN_PQ_BYTE_STREAM_SPLIT = 9 };
typedef struct hn_pq_values {
    int encoding;
    hn_pq_type type;
    size_t width;               /* bytes of a value; 0: BYTES, BOOLEAN */
    const uint8_t *p, *end;
    uint64_t at, stride;        /* BYTE_STREAM_SPLIT: value at hand, values of the page; PLAIN booleans: bit */
    hn_pq_levels index;         /* dictionary indices, RLE booleans */
    hn_pq_delta numbers, prefixes;
    const hn_pq_dictionary *dictionary;
    hn_buf last;                /* DELTA_BYTE_ARRAY: the value before; BYTE_STREAM_SPLIT: the value */
} hn_pq_values;
const char *hn_pq_encoding_name(int encoding); /* NULL: unknown */
/* At most `most` values. False: the bytes make no sense, or the encoding does not go with the type. dictionary may be NULL. */
bool hn_pq_values_open(hn_pq_values *v, int encoding, const hn_pq_node *leaf, const hn_pq_dictionary *dictionary,
                       const uint8_t *p, const uint8_t *end, uint64_t most);
bool hn_pq_values_next(hn_pq_values *v, hn_pq_value *out);
size_t hn_pq_type_width(hn_pq_type type, int32_t length); /* 0: BYTES, BOOLEAN */

/* ---- pages of a column chunk */
const char *hn_pq_codec_name(int32_t codec); /* NULL: unknown */
/* ENOTSUP: a codec that is not built in. Gives exactly n bytes, or EFORMAT. */
hn_status hn_pq_unpack(int32_t codec, const uint8_t *in, size_t in_n, uint8_t *out, size_t n, hn_error *err) HN_MUST;

typedef struct hn_pq_column {
    const hn_pq_node *leaf;
    hn_str file;
    size_t *live;               /* bytes of pages that all columns hold */
    uint64_t *packed, *unpacked; /* bytes through the codecs so far */
    hn_pq_chunk chunk;
    size_t at, end;             /* next page, end of the chunk, in the file */
    size_t kept;                /* bytes before it were given back */
    int64_t chunk_left;         /* values (nulls and empty lists count) in pages to come */
    int64_t page_left;
    uint8_t *page, *dictionary_page;
    size_t page_cap, dictionary_cap;
    hn_pq_dictionary dictionary;
    hn_pq_levels reps, defs;
    hn_pq_values values;
    bool have;                  /* rep and def are of the entry at hand */
    int rep, def;
} hn_pq_column;
void hn_pq_column_start(hn_pq_column *c, const hn_pq_chunk *chunk); /* a chunk; memory is kept */
/* Makes the next entry the one at hand; *end: the chunk has no more. */
hn_status hn_pq_column_peek(hn_pq_column *c, bool *end, hn_error *err) HN_MUST;
/* Takes the entry at hand; where its def is the leaf's it has a value. */
hn_status hn_pq_column_take(hn_pq_column *c, hn_pq_value *value, hn_error *err) HN_MUST;
void hn_pq_column_release(hn_pq_column *c);

/* ---- records */
/* A value as JSON. EFORMAT, without a place: bytes that are no text. */
hn_status hn_pq_json(const hn_pq_node *leaf, const hn_pq_value *v, hn_json **out, hn_error *err) HN_MUST;

typedef struct hn_pq_row {
    hn_pq_column *column; /* [leaves] */
    size_t bytes, limit;  /* of the record so far, at most */
    hn_error *bad;        /* the first value that is no text: the rest of the row is read past it */
    bool is_bad;
} hn_pq_row;
/* The next record of a row group; NULL where is_bad: a value is no text (row->bad says which), the next row can be read. Errors:
 * EFORMAT with the column. */
hn_status hn_pq_row_next(const hn_pq_node *root, hn_pq_row *row, hn_json **out, hn_error *err) HN_MUST;

#endif
