/* rooms: io base */
/* test_io.c - safetensors and model folders: what is written reads back, every malformed file is refused with its
 * cause, names resolve to folders as the hub cache has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];

static int make_dir(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "%s", "/tmp/hone-io-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state) {
    (void)state;
    return hn_dir_remove(dir, NULL) == HN_OK ? 0 : -1;
}

static char *in_dir(const char *name) {
    static char path[4][512];
    static int at;
    at = (at + 1) % 4;
    snprintf(path[at], sizeof path[at], "%s/%s", dir, name);
    return path[at];
}

/* A file from a header and that many bytes of data. */
static void put(const char *path, uint64_t size, const char *header, size_t header_bytes, size_t data_bytes) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (int i = 0; i < 8; i++) fputc((int)(size >> (8 * i) & 0xff), f);
    fwrite(header, 1, header_bytes, f);
    for (size_t i = 0; i < data_bytes; i++) fputc((int)(i & 0xff), f);
    fclose(f);
}

typedef struct bad_case {
    const char *what, *header;
    size_t data;
    const char *part; /* of the message */
} bad_case;

static const bad_case BAD[] = {
    {"gap", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "gap"},
    {"overlap",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,"
     "8]}}",
     8, "inside"},
    {"same place twice",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,"
     "4]}}",
     4, "inside"},
    {"truncated", "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", 12, "the file holds 12"},
    {"bytes behind", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 6, "2 bytes after"},
    {"twice",
     "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,"
     "4]}}",
     4, "twice"},
    {"wrong size", "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "need 12 bytes"},
    {"offsets reversed", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "end before"},
    {"negative offset", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, "data_offsets"},
    {"negative shape", "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "dimension"},
    {"shape overflows", "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", 4, "overflow"},
    {"bits overflow", "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,4]}}", 4, "overflow"},
    {"half a byte", "{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", 1, "whole bytes"},
    {"dtype unknown", "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown dtype 'F31'"},
    {"no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "\"dtype\" is missing"},
    {"no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "\"shape\" is missing"},
    {"no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "\"data_offsets\" is missing"},
    {"one offset", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "data_offsets"},
    {"no object", "{\"a\":3}", 4, "no JSON object"},
    {"metadata number", "{\"__metadata__\":{\"k\":1}}", 0, "no string"},
    {"metadata list", "{\"__metadata__\":[]}", 0, "__metadata__"},
    {"not json", "{\"a\":", 0, "header:1"},
    {"list", "[]", 0, "begin with '{'"},
    {"not utf-8", "{\"\xff\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "header:1"},
    {"nul in name", "{\"a\\u0000b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "NUL"},
};

static void test_bad_files(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        hn_error err = {0};
        hn_st *s = NULL;
        put(in_dir("bad.safetensors"), strlen(BAD[i].header), BAD[i].header, strlen(BAD[i].header), BAD[i].data);
        hn_status st = hn_st_open(in_dir("bad.safetensors"), &s, &err);
        if (st != HN_EFORMAT || !strstr(err.msg, BAD[i].part) || !strstr(err.msg, "bad.safetensors"))
            fail_msg("%s: status %s, message '%s'", BAD[i].what, hn_status_name(st), err.msg);
        assert_null(s);
    }
}

static void refuse(uint64_t size, const char *header, size_t header_bytes, const char *part) {
    hn_error err = {0};
    hn_st *s = NULL;
    put(in_dir("head.safetensors"), size, header, header_bytes, 0);
    assert_int_equal(hn_st_open(in_dir("head.safetensors"), &s, &err), HN_EFORMAT);
    if (!strstr(err.msg, part)) fail_msg("expected '%s' in '%s'", part, err.msg);
}

static void test_bad_header_sizes(void **state) {
    (void)state;
    refuse(UINT64_MAX, "{}", 2, "at most 100000000");
    refuse(100000001, "{}", 2, "at most 100000000");
    refuse(100000000, "{}", 2, "the file ends after 2");
    refuse(3, "{}", 2, "the file ends after 2");
    refuse(0, "", 0, "begin with '{'");
    FILE *f = fopen(in_dir("short.safetensors"), "wb");
    fwrite("abc", 1, 3, f);
    fclose(f);
    hn_error err = {0};
    hn_st *s = NULL;
    assert_int_equal(hn_st_open(in_dir("short.safetensors"), &s, &err), HN_EFORMAT);
    assert_non_null(strstr(err.msg, "3 bytes are too few"));
    assert_int_equal(hn_st_open(in_dir("absent.safetensors"), &s, &err), HN_ENOENT);
}

/* What other writers produce and we must take: blanks behind the header, null metadata, scalars, empty tensors. */
static void test_legal_oddities(void **state) {
    (void)state;
    const char *h = "{\"__metadata__\":null,\"e\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[0,0]},"
                    "\"s\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[2,10]},"
                    "\"b\":{\"dtype\":\"BF16\",\"shape\":[1,1],\"data_offsets\":[0,2]}}   ";
    hn_error err = {0};
    hn_st *s = NULL;
    put(in_dir("odd.safetensors"), strlen(h), h, strlen(h), 10);
    assert_int_equal(hn_st_open(in_dir("odd.safetensors"), &s, &err), HN_OK);
    assert_int_equal(hn_st_count(s), 3);
    assert_string_equal(hn_st_at(s, 0)->name, "b");
    assert_int_equal(hn_st_find(s, "e")->count, 0);
    assert_int_equal(hn_st_find(s, "s")->rank, 0);
    assert_int_equal(hn_st_find(s, "s")->count, 1);
    assert_int_equal(hn_st_find(s, "b")->data[1], 1);
    assert_null(hn_st_find(s, "__metadata__"));
    hn_st_close(s);
    put(in_dir("none.safetensors"), 2, "{}", 2, 0);
    assert_int_equal(hn_st_open(in_dir("none.safetensors"), &s, &err), HN_OK);
    assert_int_equal(hn_st_count(s), 0);
    assert_null(hn_st_find(s, "a"));
    hn_st_close(s);
}

static hn_status count_up(void *ctx, int64_t first, int64_t count, void *out, hn_error *err) {
    (void)ctx;
    (void)err;
    for (int64_t i = 0; i < count; i++) ((uint16_t *)out)[i] = (uint16_t)((first + i) * 7);
    return HN_OK;
}

enum { ITEMS = 4, LONG = 1500000 };
static const int64_t d23[2] = {2, 3}, d0[1] = {0}, d_long[1] = {LONG};
static const float six[6] = {1, 2, 3, 4, 5, 6};
static const int64_t scalar = -5;

static void fill_items(hn_st_item *it) {
    it[0] = (hn_st_item){.name = "z\"quoted\"", .dtype = HN_ST_F32, .rank = 2, .dim = d23, .data = six};
    it[1] = (hn_st_item){.name = "a", .dtype = HN_ST_F16, .rank = 1, .dim = d_long, .fill = count_up};
    it[2] = (hn_st_item){.name = "empty", .dtype = HN_ST_F32, .rank = 1, .dim = d0, .data = six};
    it[3] = (hn_st_item){.name = "scalar", .dtype = HN_ST_I64, .rank = 0, .data = &scalar};
}

static void check_items(const hn_st *s) {
    assert_int_equal(hn_st_count(s), ITEMS);
    assert_memory_equal(hn_st_find(s, "z\"quoted\"")->data, six, sizeof six);
    const hn_st_tensor *a = hn_st_find(s, "a");
    assert_int_equal(a->count, LONG);
    for (int64_t i = 0; i < LONG; i += 997) {
        uint16_t v;
        memcpy(&v, a->data + 2 * i, 2);
        assert_int_equal(v, (uint16_t)(i * 7));
    }
    assert_memory_equal(hn_st_find(s, "scalar")->data, &scalar, 8);
}

static void test_round_trip(void **state) {
    (void)state;
    hn_error err = {0};
    hn_st_item it[ITEMS];
    fill_items(it);
    assert_int_equal(hn_st_write(in_dir("m.safetensors"), it, ITEMS, &err), HN_OK);
    hn_st *s = NULL;
    assert_int_equal(hn_st_open(in_dir("m.safetensors"), &s, &err), HN_OK);
    check_items(s);
    hn_st_close(s);
    hn_buf text = {0}, again = {0};
    assert_int_equal(hn_file_read(in_dir("m.safetensors"), &text, &err), HN_OK);
    assert_int_equal((unsigned char)text.p[0] % 8, 0);
    const char *want = "{\"__metadata__\":{\"format\":\"pt\"},\"scalar\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
                       "\"empty\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]},"
                       "\"z\\\"quoted\\\"\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]},"
                       "\"a\":{\"dtype\":\"F16\",\"shape\":[1500000],\"data_offsets\":[32,3000032]}}";
    assert_memory_equal(text.p + 8, want, strlen(want));
    hn_st_item swapped[ITEMS] = {it[3], it[1], it[0], it[2]};
    assert_int_equal(hn_st_write(in_dir("again.safetensors"), swapped, ITEMS, &err), HN_OK);
    assert_int_equal(hn_file_read(in_dir("again.safetensors"), &again, &err), HN_OK);
    assert_int_equal(text.n, again.n);
    assert_memory_equal(text.p, again.p, text.n);
    hn_buf_release(&text);
    hn_buf_release(&again);
    it[2].name = "z\"quoted\"";
    assert_int_equal(hn_st_write(in_dir("m.safetensors"), it, ITEMS, &err), HN_EARG);
}

static void test_shards(void **state) {
    (void)state;
    hn_error err = {0};
    hn_st_item it[ITEMS];
    hn_st *s = NULL;
    fill_items(it);
    assert_int_equal(hn_dir_make(in_dir("shards"), &err), HN_OK);
    assert_int_equal(hn_st_write_dir(in_dir("shards"), "model", it, ITEMS, 0, &err), HN_OK);
    assert_true(hn_path_exists(in_dir("shards/model.safetensors")));
    assert_int_equal(hn_st_write_dir(in_dir("shards"), "model", it, ITEMS, 100, &err), HN_OK);
    assert_false(hn_path_exists(in_dir("shards/model.safetensors")));
    assert_true(hn_path_exists(in_dir("shards/model-00003-of-00003.safetensors")));
    assert_int_equal(hn_st_open_dir(in_dir("shards"), "model", &s, &err), HN_OK);
    check_items(s);
    assert_non_null(strstr(hn_st_find(s, "a")->file, "model-00002-of-00003"));
    hn_st_close(s);
    hn_json *j = NULL;
    assert_int_equal(hn_json_load(in_dir("shards/model.safetensors.index.json"), &j, &err), HN_OK);
    assert_int_equal(hn_json_int(hn_json_get(hn_json_get(j, "metadata"), "total_size"), 0), 24 + 2 * LONG + 8);
    assert_int_equal(hn_json_int(hn_json_get(hn_json_get(j, "metadata"), "total_parameters"), 0), 6 + LONG + 1);
    hn_json_free(j);

    const char *lie = "{\"weight_map\":{\"a\":\"model-00001-of-00003.safetensors\"}}";
    assert_int_equal(hn_file_write(in_dir("shards/lie.safetensors.index.json"), lie, strlen(lie), &err), HN_OK);
    assert_int_equal(hn_st_open_dir(in_dir("shards"), "lie", &s, &err), HN_EFORMAT);
    assert_non_null(strstr(err.msg, "'a' is not in 'model-00001-of-00003.safetensors'"));
    const char *climb = "{\"weight_map\":{\"a\":\"../model-00001-of-00003.safetensors\"}}";
    assert_int_equal(hn_file_write(in_dir("shards/lie.safetensors.index.json"), climb, strlen(climb), &err), HN_OK);
    assert_int_equal(hn_st_open_dir(in_dir("shards"), "lie", &s, &err), HN_EFORMAT);
    assert_non_null(strstr(err.msg, "plain file name"));

    unlink(in_dir("shards/model-00002-of-00003.safetensors"));
    assert_int_equal(hn_st_open_dir(in_dir("shards"), "model", &s, &err), HN_ENOENT);
    assert_non_null(strstr(err.msg, "shard 2 of 3 is missing: 'model-00002-of-00003.safetensors'"));
    assert_null(s);
    assert_int_equal(hn_st_write_dir(in_dir("shards"), "model", it, ITEMS, 0, &err), HN_OK);
    assert_false(hn_path_exists(in_dir("shards/model.safetensors.index.json")));
    assert_int_equal(hn_st_open_dir(in_dir("shards"), "other", &s, &err), HN_ENOENT);
    assert_non_null(strstr(err.msg, "no other.safetensors"));
}

/* Every allocation of a read and of a write may fail: a status, no leak, no half file. */
static void test_out_of_memory(void **state) {
    (void)state;
    hn_error err = {0};
    hn_st_item it[ITEMS];
    hn_st *s = NULL;
    fill_items(it);
    assert_int_equal(hn_dir_make(in_dir("oom"), NULL), HN_OK);
    hn_mem_stats before, after;
    hn_mem_get(&before);
    int failures = 0;
    for (int64_t n = 1; n < 200; n++) {
        hn_mem_fail_after(n);
        hn_status st = hn_st_write_dir(in_dir("oom"), "model", it, ITEMS, 100, &err);
        if (st == HN_OK) st = hn_st_open_dir(in_dir("oom"), "model", &s, &err);
        hn_mem_fail_after(-1);
        if (st == HN_OK) {
            hn_st_close(s);
        } else {
            failures++;
            assert_int_equal(st, HN_ENOMEM);
            assert_null(s);
        }
        s = NULL;
    }
    hn_mem_get(&after);
    assert_int_equal(before.blocks, after.blocks);
    assert_true(failures > 10);
}

static void cache_entry(const char *commit) {
    char path[256];
    snprintf(path, sizeof path, "hub/models--org--name/snapshots/%s", commit);
    assert_int_equal(hn_dir_make(in_dir(path), NULL), HN_OK);
    assert_int_equal(hn_dir_make(in_dir("hub/models--org--name/refs"), NULL), HN_OK);
}

static void test_hub(void **state) {
    (void)state;
    hn_error err = {0};
    char *found = NULL;
    cache_entry("0123abc");
    assert_int_equal(hn_file_write(in_dir("hub/models--org--name/refs/main"), "0123abc\n", 8, &err), HN_OK);
    unsetenv("HF_HUB_CACHE");
    setenv("HF_HOME", dir, 1);
    assert_int_equal(hn_model_dir_find("org/name", NULL, &found, &err), HN_OK);
    assert_string_equal(found, in_dir("hub/models--org--name/snapshots/0123abc"));
    hn_free(found);
    setenv("HF_HUB_CACHE", in_dir("hub"), 1);
    setenv("HF_HOME", "/nowhere", 1);
    assert_int_equal(hn_model_dir_find("org/name", "0123abc", &found, &err), HN_OK);
    hn_free(found);
    unsetenv("HF_HUB_CACHE");
    unsetenv("HF_HOME");
    setenv("XDG_CACHE_HOME", dir, 1);
    assert_int_equal(hn_model_dir_find("org/name", NULL, &found, &err), HN_ENOENT);
    assert_null(found);
    assert_string_equal(err.fix, "hf download org/name");
    assert_non_null(strstr(err.detail, "/huggingface/hub/models--org--name"));
    setenv("HF_HUB_CACHE", in_dir("hub"), 1);
    assert_int_equal(hn_model_dir_find("org/name", "v2", &found, &err), HN_ENOENT);
    assert_string_equal(err.fix, "hf download org/name --revision v2");
    assert_int_equal(hn_model_dir_find("org/name", "../../x", &found, &err), HN_EARG);
    assert_int_equal(hn_model_dir_find("./not/there", NULL, &found, &err), HN_ENOENT);
    assert_int_equal(hn_model_dir_find(in_dir("hub/models--org--name/refs/main"), NULL, &found, &err), HN_EARG);
    assert_int_equal(hn_model_dir_find(dir, NULL, &found, &err), HN_OK);
    assert_string_equal(found, dir);
    hn_free(found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_files),  cmocka_unit_test(test_bad_header_sizes), cmocka_unit_test(test_legal_oddities),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_shards),           cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_hub),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
