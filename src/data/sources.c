/* sources.c - the description of what a data set is made of: files, slices of them, how they are mixed. */
#include "data/sources_impl.h"

#include <math.h>
#include <string.h>

void hn_sources_init(hn_sources *s) { *s = (hn_sources){0}; }

static void release_part(hn_part *p) {
    hn_free(p->name);
    hn_free(p->format);
    hn_strlist_free(&p->files);
    for (size_t i = 0; i < p->columns.n; i++) {
        hn_free(p->columns.from[i]);
        hn_free(p->columns.to[i]);
    }
    hn_free(p->columns.from);
    hn_free(p->columns.to);
}

void hn_sources_release(hn_sources *s) {
    for (size_t i = 0; i < s->n; i++) release_part(&s->part[i]);
    hn_free(s->part);
    *s = (hn_sources){0};
}

hn_status hn_sources_add(hn_sources *s, const char *name, hn_part **out, hn_error *err) {
    hn_part *part = hn_realloc_array(s->part, s->n + 1, sizeof *part);
    if (!part) return hn_nomem(err, (s->n + 1) * sizeof *part);
    s->part = part;
    char *copy = hn_strdup(name);
    if (!copy) return hn_nomem(err, strlen(name));
    *out = &s->part[s->n++];
    **out = (hn_part){.name = copy,
                      .slice = {.from = HN_UNSET_INT, .to = HN_UNSET_INT},
                      .limit = HN_UNSET_INT,
                      .fraction = (double)NAN,
                      .weight = (double)NAN};
    return HN_OK;
}

hn_status hn_strlist_add(hn_strlist *l, char *text, hn_error *err) {
    char **v = text ? hn_realloc_array(l->v, l->n + 1, sizeof *v) : NULL;
    if (!v) {
        hn_free(text);
        return hn_nomem(err, sizeof *v);
    }
    l->v = v;
    l->v[l->n++] = text;
    return HN_OK;
}

hn_status hn_sources_add_file(hn_sources *s, const char *path, hn_error *err) {
    hn_part *part = NULL;
    HN_TRY(hn_sources_add(s, path, &part, err));
    return hn_strlist_add(&part->files, hn_strdup(path), err);
}

hn_status hn_sources_add_files(hn_sources *s, const hn_strlist *files, hn_error *err) {
    hn_part *part = NULL;
    HN_TRY(hn_sources_add(s, files->n ? files->v[0] : "", &part, err));
    for (size_t i = 0; i < files->n; i++) HN_TRY(hn_strlist_add(&part->files, hn_strdup(files->v[i]), err));
    return HN_OK;
}

uint64_t hn_sources_bytes(const hn_sources *s) {
    uint64_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; k < s->part[i].files.n; k++) {
            int64_t size = hn_file_size(s->part[i].files.v[k]);
            if (size > 0) n += (uint64_t)size;
        }
    }
    return n;
}

static hn_status column_missing(const hn_json *record, const char *name, hn_error *err) {
    hn_buf b = {0};
    hn_json_iter it;
    for (bool more = hn_json_first(record, &it); more && b.n < 400; more = hn_json_next(&it))
        hn_buf_printf(&b, "%s%.100s", b.n ? ", " : "", it.key);
    hn_fail(err, HN_EFORMAT, "column \"%s\", which is asked for, is missing", name);
    hn_error_detail(err, "row has keys: %s", b.n ? b.p : "none");
    hn_error_fix(err, "correct \"columns\" of the data set");
    hn_buf_release(&b);
    return HN_EFORMAT;
}

static bool is_named(char *const *names, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (hn_streq(names[i], name)) return true;
    return false;
}

hn_status hn_columns_apply(const hn_columns *c, hn_json **record, hn_error *err) {
    for (size_t i = 0; i < c->n; i++)
        if (!hn_json_has(*record, c->from[i])) return column_missing(*record, c->from[i], err);
    hn_json *out = hn_json_new_object();
    if (!out) return hn_nomem(err, 64);
    for (size_t i = 0; i < c->n; i++) hn_json_set(out, c->to[i], hn_json_ref(hn_json_get(*record, c->from[i])));
    hn_json_iter it;
    for (bool more = c->others && hn_json_first(*record, &it); more; more = hn_json_next(&it))
        if (!is_named(c->from, c->n, it.key) && !is_named(c->to, c->n, it.key)) hn_json_set(out, it.key, hn_json_ref(it.value));
    hn_json_free(*record);
    *record = out;
    return HN_OK;
}
