/* opt_value.c - option values: text into typed fields, checked against the option's row.
 *
 * The row decides the type, never the look of the text: "2e-5" is a number for a number option and
 * a string for a string option, whatever the file format would think of it. */
#include "base/base.h"
#include "base/config_impl.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool among(const char *text, const char *const *words) {
    for (; *words; words++) {
        if (strcasecmp(text, *words) == 0) return true;
    }
    return false;
}

bool hn_bool_word(const char *text, bool *out) {
    static const char *const yes[] = {"true", "yes", "on", "1", "y", "t", NULL};
    static const char *const no[] = {"false", "no", "off", "0", "n", "f", NULL};
    *out = among(text, yes);
    return *out || among(text, no);
}

bool hn_null_word(const char *text) {
    static const char *const words[] = {"none", "null", "~", NULL};
    return among(text, words);
}

/* What remains between blanks; false if the rest is not a number as a whole. */
static bool whole_number(const char *text, double *out) {
    while (isspace((unsigned char)*text)) text++;
    const char *p = text + (*text == '-' || *text == '+');
    if (!isdigit((unsigned char)*p) && *p != '.') return false; /* no "inf", no "nan" */
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) return false;
    char *end;
    *out = hn_strtod(text, &end);
    if (end == text) return false;
    while (isspace((unsigned char)*end)) end++;
    return *end == '\0' && isfinite(*out);
}

static hn_status check_range(const hn_opt *opt, const char *text, double v, hn_error *err) {
    if (opt->min == 0 && opt->max == 0) return HN_OK;
    if (v >= opt->min && v <= opt->max) return HN_OK;
    if (isinf(opt->max) || opt->max >= 0x1p63) {
        return hn_fail(err, HN_EARG, "%s is out of range: at least %.15g", text, opt->min);
    }
    if (isinf(opt->min) || opt->min <= -0x1p63) {
        return hn_fail(err, HN_EARG, "%s is out of range: at most %.15g", text, opt->max);
    }
    return hn_fail(err, HN_EARG, "%s is out of range: %.15g to %.15g", text, opt->min, opt->max);
}

static hn_status parse_int(const hn_opt *opt, const char *text, hn_value *out, hn_error *err) {
    char *end;
    errno = 0;
    long long exact = strtoll(text, &end, 10);
    while (isspace((unsigned char)*end)) end++;
    if (end != text && *end == '\0' && errno == 0 && exact != HN_UNSET_INT) {
        out->i = exact;
        return check_range(opt, text, (double)exact, err);
    }
    double v; /* "1e6" and "100.0" are whole as well */
    if (!whole_number(text, &v) || v != floor(v) || fabs(v) > 0x1p53) {
        return hn_fail(err, HN_EARG, "'%s' is not a whole number", text);
    }
    out->i = (int64_t)v;
    return check_range(opt, text, v, err);
}

static hn_status check_choice(const hn_opt *opt, const char *text, hn_error *err) {
    if (!opt->choices) return HN_OK;
    size_t n = strlen(text);
    for (const char *p = opt->choices;; p++) {
        size_t k = strcspn(p, "|");
        if (k == n && memcmp(p, text, n) == 0) return HN_OK;
        p += k;
        if (*p == '\0') break;
    }
    hn_fail(err, HN_EARG, "'%s' is not among the choices", text);
    hn_error_detail(err, "choices: %s", opt->choices);
    return HN_EARG;
}

static bool is_choice(const hn_opt *opt, const char *text) {
    return opt->choices && check_choice(opt, text, NULL) == HN_OK;
}

static bool may_be_unset(const hn_opt *opt) {
    return opt->type != HN_OPT_BOOL && (!opt->def || (opt->flags & HN_OPT_NULLABLE));
}

hn_status hn_value_unset(const hn_opt *opt, hn_value *out, hn_error *err) {
    *out = (hn_value){.null = true};
    if (opt->type == HN_OPT_NOOP || may_be_unset(opt)) return HN_OK;
    return hn_fail(err, HN_EARG, "needs a value and cannot be unset");
}

static hn_status push_item(const hn_opt *opt, hn_value *out, const char *p, size_t n,
                           hn_error *err) {
    char **v = hn_realloc_array(out->list.v, out->list.n + 1, sizeof *v);
    if (!v) return hn_nomem(err, (out->list.n + 1) * sizeof *v);
    out->list.v = v;
    char *item = hn_strndup(p, n);
    if (!item) return hn_nomem(err, n + 1);
    v[out->list.n++] = item;
    return check_choice(opt, item, err);
}

static bool only_strings(const hn_json *j) {
    size_t n = hn_json_type(j) == HN_JSON_ARRAY ? hn_json_len(j) : 0, i = 0;
    while (i < n && hn_json_type(hn_json_at(j, i)) == HN_JSON_STR) i++;
    return n > 0 && i == n;
}

/* Items that hold blanks or commas come as JSON, ["a b", "\n"]; blanks and nothing else are an item too. */
static hn_status parse_list(const hn_opt *opt, const char *text, hn_value *out, hn_error *err) {
    static const char separators[] = ", \t\r\n";
    size_t all = strlen(text);
    if (all > 0 && strspn(text, separators + 1) == all) return push_item(opt, out, text, all, err);
    hn_json *j = NULL;
    if (*text == '[' && hn_json_parse(text, all, opt->name, 1, &j, NULL) == HN_OK && only_strings(j)) {
        hn_status code = HN_OK;
        for (size_t i = 0; i < hn_json_len(j) && code == HN_OK; i++) {
            const char *item = hn_json_cstr(hn_json_at(j, i));
            code = item ? push_item(opt, out, item, strlen(item), err) : hn_fail(err, HN_EARG, "a NUL character in the list");
        }
        hn_json_free(j);
        return code;
    }
    hn_json_free(j);
    for (const char *p = text;;) {
        p += strspn(p, separators);
        if (*p == '\0') return HN_OK;
        size_t n = strcspn(p, separators);
        HN_TRY(push_item(opt, out, p, n, err));
        p += n;
    }
}

static hn_status parse(const hn_opt *opt, const char *text, hn_value *out, hn_error *err) {
    switch (opt->type) {
    case HN_OPT_BOOL:
        if (hn_bool_word(text, &out->b)) return HN_OK;
        return hn_fail(err, HN_EARG, "'%s' is neither true nor false", text);
    case HN_OPT_INT: return parse_int(opt, text, out, err);
    case HN_OPT_FLOAT:
        if (!whole_number(text, &out->f))
            return hn_fail(err, HN_EARG, "'%s' is not a number", text);
        return check_range(opt, text, out->f, err);
    case HN_OPT_STR:
        HN_TRY(check_choice(opt, text, err));
        out->s = hn_strdup(text);
        return out->s ? HN_OK : hn_nomem(err, strlen(text) + 1);
    case HN_OPT_LIST: return parse_list(opt, text, out, err);
    case HN_OPT_NOOP: break;
    }
    return HN_OK;
}

hn_status hn_value_parse(const hn_opt *opt, const char *text, hn_value *out, hn_error *err) {
    *out = (hn_value){0};
    if (hn_null_word(text) && may_be_unset(opt) && !is_choice(opt, text))
        return hn_value_unset(opt, out, err);
    hn_status code = parse(opt, text, out, err);
    if (code != HN_OK) hn_value_release(out);
    return code;
}

hn_status hn_value_list(const hn_opt *opt, const char *const *items, size_t n, hn_value *out,
                        hn_error *err) {
    *out = (hn_value){0};
    hn_status code = HN_OK;
    for (size_t i = 0; i < n && code == HN_OK; i++)
        code = push_item(opt, out, items[i], strlen(items[i]), err);
    if (code != HN_OK) hn_value_release(out);
    return code;
}

void hn_value_release(hn_value *v) {
    hn_free(v->s);
    hn_strlist_free(&v->list);
    *v = (hn_value){0};
}

void hn_value_forget(const hn_opt *opt, void *base) {
    char *at = (char *)base + opt->offset;
    if (opt->type == HN_OPT_STR) {
        char **s = (char **)(void *)at;
        hn_free(*s);
        *s = NULL;
    } else if (opt->type == HN_OPT_LIST) {
        hn_strlist_free((hn_strlist *)(void *)at);
    }
}

void hn_value_store(const hn_opt *opt, void *base, hn_value *v) {
    void *at = (char *)base + opt->offset;
    hn_value_forget(opt, base);
    switch (opt->type) {
    case HN_OPT_BOOL: *(bool *)at = v->b; break;
    case HN_OPT_INT: *(int64_t *)at = v->null ? HN_UNSET_INT : v->i; break;
    case HN_OPT_FLOAT: *(double *)at = v->null ? (double)NAN : v->f; break;
    case HN_OPT_STR: *(char **)at = v->s; break;
    case HN_OPT_LIST: *(hn_strlist *)at = v->list; break;
    case HN_OPT_NOOP: hn_value_release(v); break;
    }
    *v = (hn_value){0};
}
