/* config_show.c - resolved settings as text, YAML, JSON and notes.
 *
 * The YAML and the JSON read back to the same settings through hn_config_load. */
#include "base/base.h"
#include "base/config_impl.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const void *field(const hn_setting *s) {
    return (const char *)s->base + s->opt->offset;
}

static bool is_unset(const hn_setting *s) {
    switch (s->opt->type) {
    case HN_OPT_BOOL: return false;
    case HN_OPT_INT: return *(const int64_t *)field(s) == HN_UNSET_INT;
    case HN_OPT_FLOAT: return isnan(*(const double *)field(s)) != 0;
    case HN_OPT_STR: return *(char *const *)field(s) == NULL;
    case HN_OPT_LIST: return ((const hn_strlist *)field(s))->n == 0;
    case HN_OPT_NOOP: break;
    }
    return true;
}

static void write_scalar(const hn_setting *s, hn_buf *out) {
    switch (s->opt->type) {
    case HN_OPT_BOOL: hn_buf_puts(out, *(const bool *)field(s) ? "true" : "false"); break;
    case HN_OPT_INT: hn_buf_printf(out, "%" PRId64, *(const int64_t *)field(s)); break;
    case HN_OPT_FLOAT: hn_json_write_num(out, *(const double *)field(s)); break;
    case HN_OPT_STR: hn_buf_puts(out, *(char *const *)field(s)); break;
    case HN_OPT_LIST:
    case HN_OPT_NOOP: break;
    }
}

static void write_typed(const hn_setting *s, hn_buf *out) {
    if (is_unset(s)) {
        hn_buf_puts(out, "none");
    } else if (s->opt->type == HN_OPT_LIST) {
        const hn_strlist *l = field(s);
        for (size_t i = 0; i < l->n; i++) hn_buf_printf(out, "%s%s", i ? "," : "", l->v[i]);
    } else {
        write_scalar(s, out);
    }
}

const hn_opt *hn_config_at(const hn_config *c, size_t i, hn_buf *text, hn_origin *from) {
    if (i >= c->n) return NULL;
    if (text) {
        hn_buf_clear(text);
        write_typed(&c->v[i], text);
    }
    if (from) *from = c->v[i].from;
    return c->v[i].opt;
}

const char *hn_origin_name(hn_origin from) {
    switch (from) {
    case HN_FROM_DEFAULT: return "default";
    case HN_FROM_FILE: return "file";
    case HN_FROM_ENV: return "environment";
    case HN_FROM_FLAG: return "flag";
    }
    return "unknown";
}

/* A word that any YAML reader takes for itself: letters first, nothing that has a meaning there. */
static bool plain_word(const char *s) {
    bool unused;
    if (hn_bool_word(s, &unused) || hn_null_word(s)) return false;
    if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/", *s) || !*s) return false;
    for (; *s; s++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+", *s))
            return false;
    }
    return true;
}

static void yaml_string(const char *s, hn_buf *out) {
    if (plain_word(s)) {
        hn_buf_puts(out, s);
        return;
    }
    hn_buf_putc(out, '"');
    for (const char *p = s, *end = s + strlen(s); p < end;) {
        uint32_t cp = 0xFFFD;
        int n = hn_utf8_decode(p, end, &cp);
        if (cp == '"' || cp == '\\') hn_buf_printf(out, "\\%c", (int)cp);
        else if (cp == '\n') hn_buf_puts(out, "\\n");
        else if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || cp == 0x2028 || cp == 0x2029 ||
                 cp == 0xFEFF || cp == 0xFFFE || cp == 0xFFFF)
            hn_buf_printf(out, "\\u%04x", cp);
        else if (n > 0) hn_buf_add(out, p, (size_t)n);
        else hn_buf_puts(out, "\xEF\xBF\xBD");
        p += n > 0 ? n : 1;
    }
    hn_buf_putc(out, '"');
}

static void yaml_value(const hn_setting *s, hn_buf *out) {
    if (is_unset(s)) {
        hn_buf_puts(out, "null");
    } else if (s->opt->type == HN_OPT_STR) {
        yaml_string(*(char *const *)field(s), out);
    } else if (s->opt->type == HN_OPT_LIST) {
        const hn_strlist *l = field(s);
        for (size_t i = 0; i < l->n; i++) {
            hn_buf_puts(out, i ? ", " : "[");
            yaml_string(l->v[i], out);
        }
        hn_buf_putc(out, ']');
    } else {
        write_scalar(s, out);
    }
}

void hn_config_yaml(const hn_config *c, hn_buf *out) {
    for (size_t i = 0; i < c->n; i++) {
        const hn_setting *s = &c->v[i];
        if (s->opt->type == HN_OPT_NOOP) continue;
        size_t start = out->n;
        hn_buf_printf(out, "%s: ", s->opt->name);
        yaml_value(s, out);
        int used = (int)(out->n - start), pad = used < 48 ? 48 - used : 0;
        hn_buf_printf(out, "%*s  # from %s\n", pad, "", hn_origin_name(s->from));
    }
}

static hn_json *json_value(const hn_setting *s) {
    if (is_unset(s)) return NULL;
    switch (s->opt->type) {
    case HN_OPT_BOOL: return hn_json_new_bool(*(const bool *)field(s));
    case HN_OPT_INT: return hn_json_new_int(*(const int64_t *)field(s));
    case HN_OPT_FLOAT: return hn_json_new_num(*(const double *)field(s));
    case HN_OPT_STR: {
        const char *text = *(char *const *)field(s);
        return hn_json_new_str(text, strlen(text));
    }
    case HN_OPT_LIST: {
        hn_json *arr = hn_json_new_array();
        const hn_strlist *l = field(s);
        for (size_t i = 0; i < l->n; i++)
            hn_json_push(arr, hn_json_new_str(l->v[i], strlen(l->v[i])));
        return arr;
    }
    case HN_OPT_NOOP: break;
    }
    return NULL;
}

hn_json *hn_config_json(const hn_config *c) {
    hn_json *obj = hn_json_new_object();
    for (size_t i = 0; obj && i < c->n; i++) {
        if (c->v[i].opt->type == HN_OPT_NOOP) continue;
        hn_json_set(obj, c->v[i].opt->name, json_value(&c->v[i]));
    }
    return obj;
}

void hn_config_notes(const hn_config *c, hn_buf *out) {
    for (size_t i = 0; i < c->n; i++) {
        const hn_setting *s = &c->v[i];
        if (s->alias)
            hn_buf_printf(out, "'%.*s' is called '%s' here\n", (int)s->alias_len, s->alias,
                          s->opt->name);
        if (s->given && s->opt->type == HN_OPT_NOOP) {
            hn_buf_printf(out, "'%s' has no effect here: %s\n", s->opt->name, s->opt->help);
        }
    }
}
