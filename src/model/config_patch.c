/* config_patch.c - changes one value in the text of a JSON object and leaves every other byte as it is.
 *
 * A model's config.json is passed on as its author wrote it; only what a save changes is changed. The text is known to
 * be valid JSON with an object at the top. */
#include "model/model_impl.h"

#include <ctype.h>
#include <string.h>

static const char *after_string(const char *p) {
    for (p++; *p != '"'; p++)
        if (*p == '\\') p++;
    return p + 1;
}

static const char *skip_blanks(const char *p) {
    while (isspace((unsigned char)*p)) p++;
    return p;
}

/* The end of the value that begins at p. */
static const char *after_value(const char *p) {
    int depth = 0;
    for (;; p++) {
        if (*p == '"') {
            p = after_string(p);
            if (depth == 0) return p;
            p--;
        } else if (*p == '{' || *p == '[') {
            depth++;
        } else if (*p == '}' || *p == ']') {
            if (--depth == 0) return p + 1;
            if (depth < 0) return p;
        } else if (depth == 0 && (*p == ',' || isspace((unsigned char)*p))) {
            return p;
        }
    }
}

/* Finds the value of a key at top level: [*from, *to). */
static bool find_value(const char *text, const char *key, const char **from, const char **to) {
    const char *p = skip_blanks(text);
    size_t n = strlen(key);
    for (p = skip_blanks(p + 1); *p == '"'; p = skip_blanks(p + 1)) {
        const char *name = p + 1, *end = after_string(p);
        bool hit = (size_t)(end - 1 - name) == n && memcmp(name, key, n) == 0;
        p = skip_blanks(skip_blanks(end) + 1); /* behind the colon */
        const char *stop = after_value(p);
        if (hit) {
            *from = p;
            *to = stop;
            return true;
        }
        p = skip_blanks(stop);
        if (*p != ',') return false;
    }
    return false;
}

hn_status hn_config_patch(hn_buf *text, const char *key, const char *value, bool add, hn_error *err) {
    const char *from, *to;
    hn_buf out = {0};
    if (find_value(text->p, key, &from, &to)) {
        hn_buf_add(&out, text->p, (size_t)(from - text->p));
        hn_buf_puts(&out, value);
        hn_buf_puts(&out, to);
    } else if (add) {
        const char *p = skip_blanks(text->p) + 1;
        bool empty = *skip_blanks(p) == '}';
        hn_buf_add(&out, text->p, (size_t)(p - text->p));
        hn_buf_printf(&out, "\n  \"%s\": %s%s", key, value, empty ? "\n" : ",");
        hn_buf_puts(&out, p);
    } else {
        return HN_OK;
    }
    if (out.failed) {
        hn_buf_release(&out);
        return hn_nomem(err, text->n);
    }
    hn_buf_release(text);
    *text = out;
    return HN_OK;
}
