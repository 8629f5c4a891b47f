/* base.h - the ground floor: C and the operating system, nothing of ours above it.
 *
 * Errors, memory, strings, JSON, options, log, threads, random numbers and files. Every other
 * room includes this header and no other file of this folder. */
#ifndef HN_BASE_H
#define HN_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HN_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define HN_MUST __attribute__((warn_unused_result))

/* ------------------------------------------------------------------ errors (err.c) */

/* X(code, exit status of the command line, meaning) */
#define HN_STATUS_MAP(X)                                                                           \
    X(OK, 0, "success")                                                                            \
    X(ENOMEM, 1, "out of memory")                                                                  \
    X(EIO, 1, "reading or writing failed")                                                         \
    X(ENUMERIC, 1, "a number is not finite")                                                       \
    X(ESTATE, 1, "not possible in this state")                                                     \
    X(EARG, 2, "bad argument or setting")                                                          \
    X(ENOENT, 3, "an input does not exist")                                                        \
    X(EFORMAT, 3, "an input file is malformed")                                                    \
    X(ESHAPE, 3, "a tensor or model does not fit")                                                 \
    X(ENOTSUP, 3, "an input asks for what hone does not know")                                     \
    X(EGATE, 4, "a check failed")                                                                  \
    X(ECANCEL, 130, "stopped by the caller")

typedef enum hn_status {
#define HN_X(name, exit_code, text) HN_##name,
    HN_STATUS_MAP(HN_X)
#undef HN_X
} hn_status;

/* One cause (msg, with the place in it), facts that help (detail), one remedy (fix). Owned by the
 * caller; every function that takes one accepts NULL. */
typedef struct hn_error {
    hn_status code;
    uint64_t pos;      /* byte position in the input, where that says more than msg; else 0 */
    char msg[1024];    /* "data.jsonl:12: \"prompt\" is missing": no full stop, no newline */
    char detail[1024]; /* further facts, lines separated by \n; may be empty */
    char fix[512];     /* what to do, as a command where possible; may be empty */
} hn_error;

const char *hn_status_name(hn_status code); /* "EFORMAT" */
const char *hn_status_text(hn_status code);
int hn_status_exit(hn_status code); /* documented exit code of the command line */

/* Set err (if not NULL) and return code. */
hn_status hn_fail(hn_error *err, hn_status code, const char *fmt, ...) HN_PRINTF(3, 4);
/* The same, the text of errno appended: "cannot open 'x': No such file or directory". */
hn_status hn_fail_errno(hn_error *err, hn_status code, const char *fmt, ...) HN_PRINTF(3, 4);
void hn_error_detail(hn_error *err, const char *fmt, ...) HN_PRINTF(2, 3); /* appends a line */
void hn_error_fix(hn_error *err, const char *fmt, ...) HN_PRINTF(2, 3);
void hn_error_context(hn_error *err, const char *fmt, ...) HN_PRINTF(2, 3); /* prefixes "...: " */

#define HN_TRY(call)                                                                               \
    do {                                                                                           \
        hn_status try_status_ = (call);                                                            \
        if (try_status_ != HN_OK) return try_status_;                                              \
    } while (0)
#define HN_TRY_CTX(call, err, ...)                                                                 \
    do {                                                                                           \
        hn_status try_status_ = (call);                                                            \
        if (try_status_ != HN_OK) {                                                                \
            hn_error_context((err), __VA_ARGS__);                                                  \
            return try_status_;                                                                    \
        }                                                                                          \
    } while (0)
/* For functions that own something: status in st, clean-up behind label done. */
#define HN_GO(st, call)                                                                            \
    do {                                                                                           \
        (st) = (call);                                                                             \
        if ((st) != HN_OK) goto done;                                                              \
    } while (0)

/* ------------------------------------------------------------------ memory (mem.c, arena.c) */

void *hn_alloc(size_t bytes) HN_MUST;                      /* NULL on failure; 0 bytes gives a pointer */
void *hn_calloc(size_t count, size_t size) HN_MUST;        /* zeroed, overflow-checked */
void *hn_alloc_array(size_t count, size_t size) HN_MUST;   /* overflow-checked */
void *hn_realloc(void *p, size_t bytes) HN_MUST;
void *hn_realloc_array(void *p, size_t count, size_t size) HN_MUST;
void *hn_alloc_aligned(size_t bytes, size_t align) HN_MUST; /* free with hn_free as well */
void hn_free(void *p);                                     /* NULL is fine */
char *hn_strdup(const char *s) HN_MUST;
char *hn_strndup(const char *s, size_t n) HN_MUST;
hn_status hn_nomem(hn_error *err, size_t bytes); /* ENOMEM with the size and what is live in msg */

typedef struct hn_mem_stats {
    uint64_t live, peak;   /* bytes through this door now, and at most since hn_mem_reset_peak */
    uint64_t calls, blocks; /* allocations ever made, blocks live */
} hn_mem_stats;
void hn_mem_get(hn_mem_stats *out);
void hn_mem_reset_peak(void);
void hn_mem_fail_after(int64_t n); /* the n-th allocation from now (from 1) fails, once; -1: never. Tests */

typedef struct hn_arena_block hn_arena_block;
typedef struct hn_arena {
    hn_arena_block *head;
    size_t block_size; /* 0: 64 KiB */
} hn_arena;
void hn_arena_init(hn_arena *a, size_t block_size);
void *hn_arena_alloc(hn_arena *a, size_t bytes) HN_MUST; /* 16-aligned, zeroed; NULL: no memory */
char *hn_arena_strndup(hn_arena *a, const char *s, size_t n) HN_MUST;
char *hn_arena_printf(hn_arena *a, const char *fmt, ...) HN_PRINTF(2, 3);
void hn_arena_reset(hn_arena *a);   /* everything handed out is gone, blocks are kept */
void hn_arena_release(hn_arena *a); /* blocks are freed; the arena may be used again */

/* ------------------------------------------------------------------ strings (str.c, utf8.c) */

typedef struct hn_str { /* a slice: not owned, not terminated */
    const char *p;
    size_t n;
} hn_str;
hn_str hn_str_of(const char *s);
bool hn_str_eq(hn_str a, const char *b);
bool hn_str_ends(hn_str a, hn_str tail);
bool hn_streq(const char *a, const char *b); /* NULL equals only NULL */

typedef struct hn_buf { /* growing bytes, always terminated by a NUL outside n; {0} is empty */
    char *p;
    size_t n, cap;
    bool failed; /* an allocation failed; later calls do nothing: check once at the end */
} hn_buf;
void hn_buf_add(hn_buf *b, const void *p, size_t n);
void hn_buf_puts(hn_buf *b, const char *s);
void hn_buf_putc(hn_buf *b, char c);
void hn_buf_printf(hn_buf *b, const char *fmt, ...) HN_PRINTF(2, 3);
void hn_buf_clear(hn_buf *b); /* n = 0, memory kept */
void hn_buf_release(hn_buf *b);
char *hn_buf_take(hn_buf *b) HN_MUST; /* the string, now the caller's (hn_free); NULL if failed */

bool hn_utf8_valid(const char *p, size_t n, size_t *bad_at); /* strict: no surrogates, no overlong */
/* Decode one code point at p (p < end). Returns its length in bytes; 0 where p is not valid UTF-8. */
int hn_utf8_decode(const char *p, const char *end, uint32_t *cp);
int hn_utf8_encode(uint32_t cp, char out[4]); /* returns the length */
/* Append n bytes with invalid sequences replaced by U+FFFD exactly as Python's
 * bytes.decode("utf-8", errors="replace") does (maximal subparts). */
void hn_utf8_repair(hn_buf *out, const char *p, size_t n);
double hn_strtod(const char *s, char **end); /* strtod of the C locale, whatever the process set */
/* Edit distance (insert, delete, replace, swap of neighbours), for "did you mean". */
int hn_edit_distance(const char *a, const char *b);

typedef struct hn_strlist {
    char **v;
    size_t n;
} hn_strlist;

/* ------------------------------------------------------------------ JSON over json-c (json*.c) */

typedef struct json_object hn_json; /* NULL stands for JSON null, as in json-c */
typedef enum hn_json_kind {
    HN_JSON_NULL, HN_JSON_BOOL, HN_JSON_INT, HN_JSON_REAL, HN_JSON_STR, HN_JSON_ARRAY, HN_JSON_OBJECT
} hn_json_kind;

/* Parse exactly one value (white space around it allowed), strict, UTF-8 checked, depth 256.
 * name and first_line (from 1) make the place in an error: "name:line:column: ...". Errors: EFORMAT. */
hn_status hn_json_parse(const char *p, size_t n, const char *name, int64_t first_line, hn_json **out,
                        hn_error *err) HN_MUST;
hn_status hn_json_load(const char *path, hn_json **out, hn_error *err) HN_MUST;
void hn_json_free(hn_json *j); /* drops one reference; NULL is fine */
hn_json *hn_json_ref(hn_json *j);
hn_json_kind hn_json_type(const hn_json *j);
hn_json *hn_json_get(const hn_json *obj, const char *key); /* borrowed; NULL: absent, null or no object */
bool hn_json_has(const hn_json *obj, const char *key);      /* present, also when null */
hn_json *hn_json_at(const hn_json *arr, size_t i);          /* borrowed */
size_t hn_json_len(const hn_json *j);                       /* array elements, object members; else 0 */
bool hn_json_text(const hn_json *j, hn_str *out);           /* false unless a string; may hold NULs */
const char *hn_json_cstr(const hn_json *j);                 /* NULL unless a string without NULs */
int64_t hn_json_int(const hn_json *j, int64_t otherwise);   /* integers and whole reals */
double hn_json_num(const hn_json *j, double otherwise);
bool hn_json_bool(const hn_json *j, bool otherwise);
bool hn_json_equal(const hn_json *a, const hn_json *b);     /* same kind and contents; order of members aside */
/* Members in file order: for (bool on = hn_json_first(obj, &it); on; on = hn_json_next(&it)). */
typedef struct hn_json_iter {
    const char *key; /* terminated: a NUL inside a key stands as the two bytes C0 80, which UTF-8 does not have */
    hn_json *value; /* borrowed */
    void *pos;
} hn_json_iter;
bool hn_json_first(const hn_json *obj, hn_json_iter *it);
bool hn_json_next(hn_json_iter *it);
hn_json *hn_json_new_object(void);
hn_json *hn_json_new_array(void);
hn_json *hn_json_new_str(const char *p, size_t n);
hn_json *hn_json_new_int(int64_t v);
hn_json *hn_json_new_num(double v); /* written as Python's repr; NaN and infinities as null */
hn_json *hn_json_new_bool(bool v);
void hn_json_set(hn_json *obj, const char *key, hn_json *value); /* takes value's reference */
void hn_json_set_int(hn_json *obj, const char *key, int64_t v);
void hn_json_set_num(hn_json *obj, const char *key, double v);
void hn_json_set_bool(hn_json *obj, const char *key, bool v);
void hn_json_set_text(hn_json *obj, const char *key, const char *v); /* NULL: null */
void hn_json_push(hn_json *arr, hn_json *value);
/* indent 0: one line with ", " and ": " as Python's json.dumps; indent k: k spaces a level. */
void hn_json_write(hn_buf *out, const hn_json *j, int indent);
void hn_json_write_str(hn_buf *out, const char *p, size_t n); /* quoted, escaped, UTF-8 kept */
void hn_json_write_num(hn_buf *out, double v); /* shortest text that reads back the same, as repr(float) */

/* ------------------------------------------------------------------ options (opt_value.c, config_*.c) */

typedef enum hn_opt_type {
    HN_OPT_BOOL,  /* bool */
    HN_OPT_INT,   /* int64_t; unset: HN_UNSET_INT */
    HN_OPT_FLOAT, /* double; unset: NaN */
    HN_OPT_STR,   /* char *; unset: NULL. With choices: one of them */
    HN_OPT_LIST,  /* hn_strlist: values separated by commas or blanks, or a JSON array of strings; unset: n == 0 */
    HN_OPT_NOOP   /* accepted, without effect here; offset unused. help says why */
} hn_opt_type;
#define HN_UNSET_INT INT64_MIN

/* BARE: a string that may stand without a value on the command line, which means "true". */
enum { HN_OPT_COMMON = 1, HN_OPT_NULLABLE = 2, HN_OPT_HIDDEN = 4, HN_OPT_BARE = 8 };

/* One row of a static table over an options struct. Tables end with a row whose name is NULL. */
typedef struct hn_opt {
    const char *name;    /* TRL spelling, snake_case */
    const char *help;    /* one line, lower case, no full stop */
    hn_opt_type type;
    size_t offset;       /* offsetof(struct, field) */
    const char *def;     /* default as text; NULL: unset */
    double min, max;     /* range of numbers; min == max == 0: any */
    const char *choices; /* "a|b|c" or NULL */
    const char *group;   /* heading in --help: "Model", "Data", "Training" ... */
    const char *aliases; /* "old_name|other": accepted with a note; or NULL */
    unsigned flags;      /* HN_OPT_COMMON: among the ~20 that --help shows first; NULLABLE: "none" unsets */
} hn_opt;

typedef enum hn_origin { HN_FROM_DEFAULT, HN_FROM_FILE, HN_FROM_ENV, HN_FROM_FLAG } hn_origin;

/* Several option structs behind one name space. The structs belong to the caller and must outlive
 * the config; strings in them belong to the config. */
typedef struct hn_config hn_config;
hn_status hn_config_new(hn_config **out, hn_error *err) HN_MUST;
void hn_config_free(hn_config *c);
/* Add a table and the struct it describes (filled with the defaults). A name that an earlier table
 * has is an error of ours. */
hn_status hn_config_add(hn_config *c, const hn_opt *table, void *values, hn_error *err) HN_MUST;
/* Another default than the table's for this command (learning rates differ by task). */
hn_status hn_config_default(hn_config *c, const char *name, const char *value, hn_error *err) HN_MUST;
/* name: dashes or underscores, aliases accepted. Errors EARG: unknown (with the nearest name), not a
 * value of the type, out of range, not among the choices. A lower origin never overwrites a higher. */
hn_status hn_config_set(hn_config *c, const char *name, const char *value, hn_origin from, hn_error *err) HN_MUST;
/* A YAML (or JSON) file of settings; error places are file:line:column. Duplicate keys: error. "env:"
 * (a map of environment variables) is applied to the process; "hone_version" and "hone_task" say who wrote the file. */
hn_status hn_config_load(hn_config *c, const char *path, hn_error *err) HN_MUST;
/* The first YAML document of a text as JSON; plain scalars that read as numbers or booleans are such. Errors: EARG with the
 * place. */
hn_status hn_yaml_parse(const char *p, size_t n, const char *name, hn_json **out, hn_error *err) HN_MUST;
/* Variables HONE_<NAME IN CAPITALS>. */
hn_status hn_config_environment(hn_config *c, hn_error *err) HN_MUST;
/* Command line from argv[0..argc): --name value, --name=value, --no_name, bare booleans, lists; fills
 * rest (of capacity argc) with what is no option and returns its count in *nrest. */
hn_status hn_config_args(hn_config *c, int argc, char **argv, const char **rest, int *nrest, hn_error *err) HN_MUST;
const hn_opt *hn_config_find(const hn_config *c, const char *name, hn_origin *from);
/* Walk: i from 0 until NULL. text receives the current value as it would be typed ("none" if unset). */
const hn_opt *hn_config_at(const hn_config *c, size_t i, hn_buf *text, hn_origin *from);
const char *hn_config_nearest(const hn_config *c, const char *name); /* NULL: nothing is near */
void hn_config_yaml(const hn_config *c, hn_buf *out);   /* "name: value   # from flag" */
hn_json *hn_config_json(const hn_config *c);            /* typed values; unset: null */
const char *hn_origin_name(hn_origin from);             /* "default", "file", "environment", "flag" */
void hn_config_notes(const hn_config *c, hn_buf *out);  /* a line an alias or without-effect option in use */

/* ------------------------------------------------------------------ log (log.c) */

typedef enum hn_log_level { HN_LOG_DEBUG, HN_LOG_INFO, HN_LOG_WARN, HN_LOG_ERROR } hn_log_level;
typedef void hn_log_fn(hn_log_level level, const char *text, void *user);
void hn_log_set(hn_log_fn *fn, void *user); /* NULL: silence, the default */
void hn_log(hn_log_level level, const char *fmt, ...) HN_PRINTF(2, 3);
#define hn_info(...) hn_log(HN_LOG_INFO, __VA_ARGS__)
#define hn_warn(...) hn_log(HN_LOG_WARN, __VA_ARGS__)

/* ------------------------------------------------------------------ threads (par.c) */

/* The only parallel construct. [0, n) is cut into chunks of grain indices: the cut depends on n and
 * grain alone, never on the number of threads; chunks run in any order on any thread, so fn must
 * write only what belongs to its indices. Calls from inside fn run serially. */
typedef void hn_par_fn(void *ctx, int64_t begin, int64_t end);
void hn_par_for(int64_t n, int64_t grain, hn_par_fn *fn, void *ctx);
/* threads 0: OMP_NUM_THREADS, else what affinity and the cgroup's cpu.max allow. May be called again. */
void hn_par_set_threads(int threads);
int hn_par_threads(void);
void hn_par_shutdown(void); /* joins the pool; a later hn_par_for starts it again */

/* ------------------------------------------------------------------ random numbers (rng.c, mt19937.c, numpy_rng.c) */

/* Philox4x32-10: a value depends on its key alone, there is no state to save. purpose keeps uses apart. */
enum { HN_RNG_INIT = 1, HN_RNG_DROPOUT, HN_RNG_NEFTUNE, HN_RNG_SAMPLE, HN_RNG_SHUFFLE, HN_RNG_TEST,
       HN_RNG_ATTENTION };
typedef struct hn_rng_key {
    uint64_t seed;
    uint32_t purpose, site; /* site: layer or place of use */
    uint64_t step;
} hn_rng_key;
void hn_rng_bits(const hn_rng_key *key, uint64_t index, uint32_t out[4]);
double hn_rng_uniform(const hn_rng_key *key, uint64_t index);              /* [0, 1), 53 bits */
/* Values first .. first + n of the stream in [lo, hi); first is a multiple of 4. */
void hn_rng_fill_uniform(const hn_rng_key *key, uint64_t first, float *out, size_t n, float lo, float hi);
void hn_rng_fill_normal(const hn_rng_key *key, float *out, size_t n, float mean, float std);
/* torch.randperm(n) of a CPU generator seeded with seed: for i = 0..n-2 swap element i with
 * i + next32 mod (n - i). out: [n]. */
void hn_randperm_torch(uint64_t seed, int64_t n, int64_t *out);
/* numpy's default_rng(seed): its random() and its permutation(n), whose numbers the datasets library splits and mixes by. */
typedef struct hn_numpy_rng {
    uint64_t state[8];
} hn_numpy_rng;
void hn_numpy_seed(hn_numpy_rng *rng, uint64_t seed);
double hn_numpy_uniform(hn_numpy_rng *rng); /* [0, 1) */
void hn_numpy_permutation(uint64_t seed, int64_t n, int64_t *out); /* out: [n] */

/* ------------------------------------------------------------------ files and the system (file.c, path.c, sys.c, hash.c) */

typedef struct hn_map { /* a file mapped read-only; an empty file has p != NULL and n == 0 */
    const uint8_t *p;
    size_t n;
    int fd;
} hn_map;
hn_status hn_map_open(const char *path, hn_map *out, hn_error *err) HN_MUST; /* ENOENT, EIO */
void hn_map_close(hn_map *m);
hn_status hn_file_read(const char *path, hn_buf *out, hn_error *err) HN_MUST;
/* Written to a temporary sibling, fsynced, renamed, folder fsynced. */
hn_status hn_file_write(const char *path, const void *p, size_t n, hn_error *err) HN_MUST;
typedef struct hn_writer {
    FILE *f;
    char *path, *temp;
} hn_writer;
hn_status hn_writer_open(hn_writer *w, const char *path, hn_error *err) HN_MUST; /* temp sibling */
hn_status hn_writer_put(hn_writer *w, const void *p, size_t n, hn_error *err) HN_MUST;
hn_status hn_writer_commit(hn_writer *w, hn_error *err) HN_MUST; /* fsync + rename; closes in any case */
void hn_writer_abort(hn_writer *w);                              /* removes the temporary; safe to repeat */
bool hn_path_exists(const char *path);
bool hn_path_is_dir(const char *path);
int64_t hn_file_size(const char *path); /* -1: none */
hn_status hn_dir_make(const char *path, hn_error *err) HN_MUST; /* with parents */
hn_status hn_dir_list(const char *path, hn_strlist *out, hn_error *err) HN_MUST; /* sorted names */
hn_status hn_dir_remove(const char *path, hn_error *err) HN_MUST; /* with contents; absent is fine */
hn_status hn_dir_sync(const char *path, hn_error *err) HN_MUST;
hn_status hn_rename(const char *from, const char *to, hn_error *err) HN_MUST;
void hn_strlist_free(hn_strlist *l);
/* "a/b"; the result is the caller's (hn_free), NULL on no memory. */
char *hn_path_join(const char *a, const char *b) HN_MUST;
const char *hn_path_base(const char *path); /* last component, inside path */

double hn_now(void);              /* monotonic seconds */
double hn_process_age(void);      /* seconds since the kernel started this process */
uint64_t hn_peak_rss(void);       /* bytes, VmHWM */
uint64_t hn_memory_available(void); /* bytes: the least of MemAvailable, the cgroups' limits and RLIMIT_AS */
/* XXH3-128 as 32 hex digits and a NUL: fingerprints, no security. */
void hn_hash_hex(const void *p, size_t n, char out[33]);
typedef struct hn_hash hn_hash; /* streaming form */
hn_hash *hn_hash_new(void) HN_MUST;
void hn_hash_add(hn_hash *h, const void *p, size_t n);
void hn_hash_end(hn_hash *h, char out[33]); /* frees h */

#endif
