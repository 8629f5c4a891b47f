/* config_impl.h - shared by the files behind hn_config: one entry an option, and its values. */
#ifndef HN_CONFIG_IMPL_H
#define HN_CONFIG_IMPL_H

#include "base/base.h"

typedef struct hn_setting {
    const hn_opt *opt;
    void *base; /* the caller's struct */
    hn_origin from;
    bool given;        /* by file, environment or flag */
    const char *alias; /* the old name it was given under, inside opt->aliases; or NULL */
    size_t alias_len;
    size_t seen_in; /* the load that gave it last, and where */
    size_t line, column;
} hn_setting;

struct hn_config {
    hn_setting *v;
    size_t n, cap, loads;
};

/* A value on its way into a struct; what it owns is freed by hn_value_release. */
typedef struct hn_value {
    bool null; /* unset */
    bool b;
    int64_t i;
    double f;
    char *s;
    hn_strlist list;
} hn_value;

/* opt_value.c. Errors say what is wrong with the text, without the option's name. */
bool hn_bool_word(const char *text, bool *out); /* true yes on 1 y t, their opposites, any case */
bool hn_null_word(const char *text); /* none null ~, any case */
hn_status hn_value_parse(const hn_opt *opt, const char *text, hn_value *out, hn_error *err);
/* Items as they are, not split further; unset for none. */
hn_status hn_value_list(const hn_opt *opt, const char *const *items, size_t n, hn_value *out,
                        hn_error *err);
hn_status hn_value_unset(const hn_opt *opt, hn_value *out, hn_error *err);
void hn_value_release(hn_value *v);
/* Move v into the struct / out of it (what is left there is unset). */
void hn_value_store(const hn_opt *opt, void *base, hn_value *v);
void hn_value_forget(const hn_opt *opt, void *base);

/* config_set.c */
hn_setting *hn_config_entry(const hn_config *c, const char *name, const char **alias,
                            size_t *alias_len);
/* Store v (released in any case) if from is not below the setting's origin. */
void hn_config_put(hn_setting *s, hn_value *v, hn_origin from, const char *alias, size_t alias_len);
hn_status hn_config_unknown(const hn_config *c, const char *name, const char *shown, hn_error *err);

#endif
