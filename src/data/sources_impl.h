/* sources_impl.h - inside the room: building the description of a data set, and the order in which parts are mixed. */
#ifndef HN_SOURCES_IMPL_H
#define HN_SOURCES_IMPL_H

#include "data/data.h"

/* Appends an empty part; name is copied. */
hn_status hn_sources_add(hn_sources *s, const char *name, hn_part **out, hn_error *err) HN_MUST;
/* Appends text, which is taken (freed on failure; NULL: no memory). */
hn_status hn_strlist_add(hn_strlist *l, char *text, hn_error *err) HN_MUST;
/* One split of "train[:10%]+test", from *at, which moves behind it. EARG: not of that form. */
typedef struct hn_split {
    char name[64];
    hn_slice slice;
} hn_split;
hn_status hn_split_next(const char *spec, size_t *at, hn_split *out, hn_error *err) HN_MUST;
/* The files below a folder, sorted, as paths relative to it; hidden ones and those in hidden folders are left out. */
hn_status hn_files_below(const char *dir, hn_strlist *out, hn_error *err) HN_MUST;
/* The files a pattern stands for, sorted; none: ENOENT. */
hn_status hn_files_matching(const char *pattern, hn_strlist *out, hn_error *err) HN_MUST;
/* The configurations that the card of a data set (README.md) lists, to be freed; NULL: none. */
hn_status hn_card_configs(const char *root, hn_json **out, hn_error *err) HN_MUST;
const char *hn_card_name(const hn_json *config);
/* The one of that name; name NULL: the default or only one. NULL: there is none. Borrowed. */
const hn_json *hn_card_config(const hn_json *configs, const char *name);
/* The patterns of a split; splits: the names of all of them are appended. */
hn_status hn_card_patterns(const hn_json *config, const char *split, hn_strlist *out, hn_buf *splits, hn_error *err) HN_MUST;
/* The files of a split of the folder root, which is called name in messages; config NULL: the default or only one. None: ENOENT
 * with what there is, unless optional. */
hn_status hn_folder_files(const char *name, const char *root, const char *config, const char *split, bool optional,
                          hn_strlist *out, hn_error *err) HN_MUST;
/* Replaces the record by one with the columns that are asked for. EFORMAT, without a place: one is missing. */
hn_status hn_columns_apply(const hn_columns *c, hn_json **record, hn_error *err) HN_MUST;

/* Whose turn it is when n parts of known size are interleaved. */
typedef struct hn_mixer {
    size_t n, at;
    const int64_t *size;  /* [n] */
    double *share;        /* [n] cumulated probabilities; NULL: in turn */
    int64_t *taken;       /* [n] since the part began, or began again */
    bool *exhausted;      /* [n] was taken whole once */
    hn_stopping stopping;
    hn_numpy_rng rng;
} hn_mixer;
/* weight [n]: all NaN: in turn. size [n] is borrowed. */
hn_status hn_mixer_open(hn_mixer *m, const hn_sources *s, const int64_t *size, hn_error *err) HN_MUST;
void hn_mixer_close(hn_mixer *m);
bool hn_mixer_next(hn_mixer *m, size_t *part); /* false: the mixture ends here */

#endif
