/* config_set.c - several option structs behind one name space.
 *
 * Every setting remembers where its value comes from; a source never overwrites a stronger one
 * (flag > environment > file > default), so the order of reading them does not matter. */
#include "base/base.h"
#include "base/config_impl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_NAME = 127 };

hn_status hn_config_new(hn_config **out, hn_error *err) {
    *out = hn_calloc(1, sizeof **out);
    return *out ? HN_OK : hn_nomem(err, sizeof **out);
}

void hn_config_free(hn_config *c) {
    if (!c) return;
    for (size_t i = 0; i < c->n; i++) hn_value_forget(c->v[i].opt, c->v[i].base);
    hn_free(c->v);
    hn_free(c);
}

/* Dashes are underscores; false if no option can be called so. */
static bool normalise(const char *name, char out[LONGEST_NAME + 1]) {
    size_t n = strlen(name);
    if (n == 0 || n > LONGEST_NAME) return false;
    for (size_t i = 0; i <= n; i++) out[i] = name[i] == '-' ? '_' : name[i];
    return true;
}

/* The part of "a|b|c" that equals name; NULL if none does. */
static const char *alias_of(const hn_opt *opt, const char *name) {
    size_t n = strlen(name);
    for (const char *p = opt->aliases; p;) {
        size_t k = strcspn(p, "|");
        if (k == n && memcmp(p, name, n) == 0) return p;
        p = p[k] ? p + k + 1 : NULL;
    }
    return NULL;
}

hn_setting *hn_config_entry(const hn_config *c, const char *name, const char **alias,
                            size_t *alias_len) {
    char plain[LONGEST_NAME + 1];
    *alias = NULL;
    *alias_len = 0;
    if (!normalise(name, plain)) return NULL;
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->v[i].opt->name, plain) == 0) return &c->v[i];
    }
    for (size_t i = 0; i < c->n; i++) {
        const char *found = alias_of(c->v[i].opt, plain);
        if (!found) continue;
        *alias = found;
        *alias_len = strlen(plain);
        return &c->v[i];
    }
    return NULL;
}

static hn_setting *entry_of(const hn_config *c, const char *name) {
    const char *alias;
    size_t alias_len;
    return hn_config_entry(c, name, &alias, &alias_len);
}

static hn_status add_one(hn_config *c, const hn_opt *opt, void *values, hn_error *err) {
    if (entry_of(c, opt->name))
        return hn_fail(err, HN_ESTATE, "option '%s' is declared twice", opt->name);
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 64;
        hn_setting *v = hn_realloc_array(c->v, cap, sizeof *v);
        if (!v) return hn_nomem(err, cap * sizeof *v);
        c->v = v;
        c->cap = cap;
    }
    hn_value v = {.null = true};
    if (opt->def)
        HN_TRY_CTX(hn_value_parse(opt, opt->def, &v, err), err, "default of '%s'", opt->name);
    /* what the caller's struct holds is no value of ours: overwrite it, do not free it */
    if (opt->type == HN_OPT_STR) *(char **)(void *)((char *)values + opt->offset) = NULL;
    if (opt->type == HN_OPT_LIST)
        *(hn_strlist *)(void *)((char *)values + opt->offset) = (hn_strlist){0};
    hn_value_store(opt, values, &v);
    c->v[c->n++] = (hn_setting){.opt = opt, .base = values, .from = HN_FROM_DEFAULT};
    return HN_OK;
}

hn_status hn_config_add(hn_config *c, const hn_opt *table, void *values, hn_error *err) {
    size_t before = c->n;
    for (const hn_opt *opt = table; opt->name; opt++) {
        hn_status code = add_one(c, opt, values, err);
        if (code == HN_OK) continue;
        while (c->n > before) {
            c->n--;
            hn_value_forget(c->v[c->n].opt, c->v[c->n].base);
        }
        return code;
    }
    return HN_OK;
}

static int near_enough(const char *name) {
    size_t n = strlen(name);
    return n < 4 ? 1 : n < 9 ? 2 : 3;
}

const char *hn_config_nearest(const hn_config *c, const char *name) {
    char plain[LONGEST_NAME + 1];
    if (!normalise(name, plain)) return NULL;
    const char *best = NULL;
    int least = near_enough(plain) + 1;
    for (size_t i = 0; i < c->n; i++) {
        const hn_opt *opt = c->v[i].opt;
        if (opt->flags & HN_OPT_HIDDEN) continue;
        int d = hn_edit_distance(plain, opt->name);
        for (const char *p = opt->aliases; p;) {
            size_t k = strcspn(p, "|");
            char old[LONGEST_NAME + 1];
            if (k <= LONGEST_NAME) {
                memcpy(old, p, k);
                old[k] = '\0';
                int e = hn_edit_distance(plain, old);
                if (e < d) d = e;
            }
            p = p[k] ? p + k + 1 : NULL;
        }
        if (d < least) {
            least = d;
            best = opt->name;
        }
    }
    return best;
}

hn_status hn_config_unknown(const hn_config *c, const char *name, const char *shown,
                            hn_error *err) {
    const char *near = hn_config_nearest(c, name);
    hn_fail(err, HN_EARG, "unknown option '%s'", shown);
    if (near)
        hn_error_fix(err, "did you mean '%s%s'?", strncmp(shown, "--", 2) == 0 ? "--" : "", near);
    return HN_EARG;
}

void hn_config_put(hn_setting *s, hn_value *v, hn_origin from, const char *alias,
                   size_t alias_len) {
    if (from != HN_FROM_DEFAULT) s->given = true;
    if (alias) {
        s->alias = alias;
        s->alias_len = alias_len;
    }
    if (from < s->from) {
        hn_value_release(v);
        return;
    }
    hn_value_store(s->opt, s->base, v);
    s->from = from;
}

/* The name as the user met it: --beta, HONE_BETA, beta. */
static void shown_name(const char *name, hn_origin from, char *out, size_t cap) {
    const char *prefix = from == HN_FROM_FLAG ? "--" : from == HN_FROM_ENV ? "HONE_" : "";
    snprintf(out, cap, "%s%s", prefix, name);
    if (from != HN_FROM_ENV) return;
    for (char *p = out; *p; p++) *p = (char)toupper((unsigned char)*p);
}

hn_status hn_config_set(hn_config *c, const char *name, const char *value, hn_origin from,
                        hn_error *err) {
    char shown[LONGEST_NAME + 16];
    const char *alias;
    size_t alias_len;
    shown_name(name, from, shown, sizeof shown);
    hn_setting *s = hn_config_entry(c, name, &alias, &alias_len);
    if (!s) return hn_config_unknown(c, name, shown, err);
    hn_value v;
    HN_TRY_CTX(hn_value_parse(s->opt, value, &v, err), err, "%s", shown);
    hn_config_put(s, &v, from, alias, alias_len);
    return HN_OK;
}

hn_status hn_config_default(hn_config *c, const char *name, const char *value, hn_error *err) {
    return hn_config_set(c, name, value, HN_FROM_DEFAULT, err);
}

hn_status hn_config_environment(hn_config *c, hn_error *err) {
    for (size_t i = 0; i < c->n; i++) {
        char name[LONGEST_NAME + 16];
        shown_name(c->v[i].opt->name, HN_FROM_ENV, name, sizeof name);
        const char *value = getenv(name);
        if (!value || !*value) continue;
        HN_TRY(hn_config_set(c, c->v[i].opt->name, value, HN_FROM_ENV, err));
    }
    return HN_OK;
}

const hn_opt *hn_config_find(const hn_config *c, const char *name, hn_origin *from) {
    const hn_setting *s = entry_of(c, name);
    if (!s) return NULL;
    if (from) *from = s->from;
    return s->opt;
}
