/* st_impl.h - shared by the files of the safetensors reader. */
#ifndef HN_ST_IMPL_H
#define HN_ST_IMPL_H

#include "io/io.h"

/* Checks a mapped file and lists its tensors (in the arena, in no special order). path is stored. */
hn_status hn_st_parse(const hn_map *map, const char *path, hn_arena *arena, hn_st_tensor **out, size_t *count,
                      hn_error *err) HN_MUST;
/* EFORMAT naming the key if an object of a valid JSON text has one member twice (outermost level only). */
hn_status hn_st_check_keys(const char *p, size_t n, const char *path, hn_error *err) HN_MUST;

#endif
