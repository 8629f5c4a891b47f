/* jinja_str_split.c - str methods that take text apart or put it together: split, splitlines, join, padding, translate. */
#include "text/jinja/jinja_method_impl.h"

static bool add_part(hn_jrun *r, hn_jgrow *g, hn_jval self, hn_str s) { return hn_j_grow(r, g, hn_j_part(self, s)); }

static bool split_blanks(hn_jrun *r, hn_jval self, int64_t most, hn_jgrow *g) {
    hn_str s = hn_py_strip(hn_j_text(self), NULL, true, false);
    int len;
    while (s.n) {
        if (most == 0) return add_part(r, g, self, s);
        size_t i = 0;
        while (i < s.n && !hn_py_space(hn_cp_at(s.p + i, &len))) i += (size_t)len;
        if (!add_part(r, g, self, hn_str_cut(s, 0, i))) return false;
        s = hn_py_strip(hn_str_cut(s, i, s.n), NULL, true, false);
        if (most > 0) most--;
    }
    return true;
}

static bool split_at(hn_jrun *r, hn_jval self, hn_str sep, int64_t most, hn_jgrow *g) {
    hn_str s = hn_j_text(self);
    size_t from = 0, at;
    for (; most != 0 && (at = hn_str_find(s, sep, from)) != SIZE_MAX; from = at + sep.n) {
        if (!add_part(r, g, self, hn_str_cut(s, from, at))) return false;
        if (most > 0) most--;
    }
    return add_part(r, g, self, hn_str_cut(s, from, s.n));
}

/* From the end; the parts come in the wrong order and are turned round. */
static bool rsplit_blanks(hn_jrun *r, hn_jval self, int64_t most, hn_jgrow *g) {
    hn_str s = hn_py_rstrip(hn_j_text(self));
    while (s.n) {
        if (most == 0) return add_part(r, g, self, s);
        size_t i = s.n;
        for (int len; i > 0;) {
            const char *last = hn_cp_back(s.p, s.p + i);
            if (hn_py_space(hn_cp_at(last, &len))) break;
            i = (size_t)(last - s.p);
        }
        if (!add_part(r, g, self, hn_str_cut(s, i, s.n))) return false;
        s = hn_py_rstrip(hn_str_cut(s, 0, i));
        if (most > 0) most--;
    }
    return true;
}

static bool rsplit_at(hn_jrun *r, hn_jval self, hn_str sep, int64_t most, hn_jgrow *g) {
    hn_str s = hn_j_text(self);
    for (size_t at; most != 0 && (at = hn_str_rfind(s, sep)) != SIZE_MAX; s.n = at) {
        if (!add_part(r, g, self, hn_str_cut(s, at + sep.n, s.n))) return false;
        if (most > 0) most--;
    }
    return add_part(r, g, self, s);
}

static bool split(hn_jrun *r, const hn_jval *a, bool back, hn_jval *out) {
    hn_jgrow g = {0};
    hn_str sep = {0};
    int64_t most = -1;
    bool blanks = hn_j_none_or_missing(a[1]), fine;
    if (!blanks && !hn_j_arg_str(r, "a separator", a[1], &sep)) return false;
    if (!hn_j_arg_int(r, a[2], false, &most)) return false;
    if (!blanks && sep.n == 0) return hn_j_fail(r, HN_J_VALUE, "empty separator");
    if (!hn_j_burn(r, a[0].n / 16)) return false;
    if (!back) fine = blanks ? split_blanks(r, a[0], most, &g) : split_at(r, a[0], sep, most, &g);
    else fine = blanks ? rsplit_blanks(r, a[0], most, &g) : rsplit_at(r, a[0], sep, most, &g);
    for (size_t i = 0; back && g.n && i < g.n - 1 - i; i++) {
        hn_jval v = g.v[i];
        g.v[i] = g.v[g.n - 1 - i];
        g.v[g.n - 1 - i] = v;
    }
    return fine && hn_j_grown(r, &g, HN_J_LIST, out);
}
HN_METHOD(split) { return split(r, a, false, out); }
HN_METHOD(rsplit) { return split(r, a, true, out); }

HN_METHOD(splitlines) {
    hn_jgrow g = {0};
    hn_str line, whole;
    size_t at = 0;
    bool keep = hn_j_arg_flag(a[1], false);
    while (hn_py_line(hn_j_text(a[0]), &at, &line, &whole))
        if (!add_part(r, &g, a[0], keep ? whole : line)) return false;
    return hn_j_grown(r, &g, HN_J_LIST, out);
}

HN_METHOD(join) {
    hn_jval list, item;
    size_t at = r->at;
    bool markup = a[0].flag & HN_J_MARKUP, fine;
    if (!hn_j_iterable(a[1])) return hn_j_fail(r, HN_J_TYPE, "can only join an iterable");
    fine = hn_j_to_list(r, a[1], HN_J_LIST, &list) && hn_j_capture(r);
    for (size_t i = 0; fine && i < hn_j_count(list); i++) {
        item = hn_j_at(list, i);
        if (!markup && item.kind != HN_J_STR)
            fine = hn_j_fail(r, HN_J_TYPE, "sequence item %zu: expected str instance, %s found", i, hn_j_type(item));
        fine = fine && (i == 0 || hn_j_write(r, a[0].s, a[0].n)) &&
               (markup ? hn_j_print_escaped(r, item) : hn_j_write(r, item.s, item.n));
    }
    return hn_j_captured(r, at, fine, a[0].flag & HN_J_MARKUP, out);
}

/* ---- padding */

static bool pad(hn_jrun *r, const hn_jval *a, int where, hn_jval *out) { /* -1 left, 0 both, 1 right of the text */
    hn_jval fill = hn_j_or(a[2], hn_j_str(" ", 1));
    hn_str with;
    int64_t width, n = (int64_t)hn_cp_count(hn_j_text(a[0]));
    size_t at = r->at;
    if (!hn_j_index(r, a[1], &width)) return false;
    if ((a[0].flag & HN_J_MARKUP) && !hn_j_escape(r, fill, &fill)) return false;
    if (!hn_j_arg_str(r, "The fill character", fill, &with)) return false;
    if (hn_cp_count(with) != 1) return hn_j_fail(r, HN_J_TYPE, "The fill character must be exactly one character long");
    if (width <= n) return hn_j_set(out, a[0]);
    int64_t all = width - n, left = where < 0 ? all : where > 0 ? 0 : all / 2 + (all & width & 1);
    bool fine = hn_j_capture(r) && hn_j_write_times(r, with, left) && hn_j_write(r, a[0].s, a[0].n) &&
                hn_j_write_times(r, with, all - left);
    return hn_j_captured(r, at, fine, a[0].flag & HN_J_MARKUP, out);
}
HN_METHOD(center) { return pad(r, a, 0, out); }
HN_METHOD(ljust) { return pad(r, a, 1, out); }
HN_METHOD(rjust) { return pad(r, a, -1, out); }

HN_METHOD(zfill) {
    int64_t width, n = (int64_t)hn_cp_count(hn_j_text(a[0]));
    size_t at = r->at, sign = a[0].n && (a[0].s[0] == '+' || a[0].s[0] == '-') ? 1 : 0;
    if (!hn_j_index(r, a[1], &width)) return false;
    if (width <= n) return hn_j_set(out, a[0]);
    bool fine = hn_j_capture(r) && hn_j_write(r, a[0].s, sign) && hn_j_write_times(r, (hn_str){"0", 1}, width - n) &&
                hn_j_write(r, a[0].s + sign, a[0].n - sign);
    return hn_j_captured(r, at, fine, a[0].flag & HN_J_MARKUP, out);
}

HN_METHOD(expandtabs) {
    int64_t size = 8, column = 0;
    size_t at = r->at;
    bool fine = true;
    if (!hn_j_arg_int(r, a[1], false, &size)) return false;
    if (size > 1 << 16) return hn_j_fail(r, HN_J_LIMIT, "a tab size too large");
    if (!hn_j_capture(r)) return false;
    for (uint32_t i = 0; fine && i < a[0].n;) {
        uint32_t len = (uint32_t)hn_cp_len((unsigned char)a[0].s[i]);
        if (a[0].s[i] == '\t') {
            int64_t blanks = size > 0 ? size - column % size : 0;
            fine = hn_j_write_times(r, (hn_str){" ", 1}, blanks);
            column += blanks;
        } else {
            fine = hn_j_write(r, a[0].s + i, len);
            column = a[0].s[i] == '\n' || a[0].s[i] == '\r' ? 0 : column + 1;
        }
        i += len;
    }
    return hn_j_captured(r, at, fine, a[0].flag & HN_J_MARKUP, out);
}

/* ---- translate */

static bool trans_key(hn_jrun *r, hn_jval key, hn_jval *out) {
    int len;
    if (key.kind != HN_J_STR)
        return hn_j_is_int(key) ? hn_j_set(out, key)
                                : hn_j_fail(r, HN_J_TYPE, "keys in translate table must be strings or integers");
    if (hn_cp_count(hn_j_text(key)) != 1) return hn_j_fail(r, HN_J_VALUE, "string keys in translate table must be of length 1");
    return hn_j_set(out, hn_j_int(hn_cp_at(key.s, &len)));
}

HN_METHOD(maketrans) {
    hn_jval key, value;
    if (!hn_j_dict_new(r, 0, out)) return false;
    if (!hn_j_given(a[2])) {
        hn_jwalk w = {0};
        if (a[1].kind != HN_J_DICT)
            return hn_j_fail(r, HN_J_TYPE, "if you give only one argument to maketrans it must be a dict");
        while (hn_j_dict_next(r, a[1], &w, &key, &value))
            if (!trans_key(r, key, &key) || !hn_j_dict_put(r, *out, key, value)) return false;
        return true;
    }
    hn_str from, to, gone = {"", 0};
    if (!hn_j_arg_str(r, "the first maketrans argument", a[1], &from) ||
        !hn_j_arg_str(r, "the second maketrans argument", a[2], &to) ||
        (hn_j_given(a[3]) && !hn_j_arg_str(r, "the third maketrans argument", a[3], &gone)))
        return false;
    if (hn_cp_count(from) != hn_cp_count(to))
        return hn_j_fail(r, HN_J_VALUE, "the first two maketrans arguments must have equal length");
    for (size_t i = 0, k = 0; i < from.n;) {
        int m, n;
        uint32_t x = hn_cp_at(from.p + i, &m), y = hn_cp_at(to.p + k, &n);
        if (!hn_j_dict_put(r, *out, hn_j_int(x), hn_j_int(y))) return false;
        i += (size_t)m;
        k += (size_t)n;
    }
    for (size_t i = 0; i < gone.n;) {
        int n;
        if (!hn_j_dict_put(r, *out, hn_j_int(hn_cp_at(gone.p + i, &n)), hn_j_none())) return false;
        i += (size_t)n;
    }
    return true;
}

static bool put_translated(hn_jrun *r, hn_jval to, hn_str same, bool found) {
    char c[4];
    if (!found) return hn_j_write(r, same.p, same.n);
    if (to.kind == HN_J_NONE) return true;
    if (to.kind == HN_J_STR) return hn_j_write(r, to.s, to.n);
    if (!hn_j_is_int(to)) return hn_j_fail(r, HN_J_TYPE, "character mapping must return integer, None or str");
    if ((to.flag & HN_J_BIG) || to.i < 0 || to.i > 0x10FFFF)
        return hn_j_fail(r, HN_J_VALUE, "character mapping must be in range(0x110000)");
    return hn_j_write(r, c, (size_t)hn_utf8_encode((uint32_t)to.i, c));
}

HN_METHOD(translate) {
    size_t at = r->at;
    bool fine = true;
    if (a[1].kind != HN_J_DICT) return hn_j_reject(r, a[1], HN_J_TYPE, "'%s' object is not subscriptable", hn_j_type(a[1]));
    if (!hn_j_capture(r)) return false;
    for (uint32_t i = 0; fine && i < a[0].n;) {
        int len;
        hn_jval to = hn_j_none();
        int found = hn_j_dict_find(r, a[1], hn_j_int(hn_cp_at(a[0].s + i, &len)), &to);
        fine = found >= 0 && put_translated(r, to, (hn_str){a[0].s + i, (size_t)len}, found == 1);
        i += (uint32_t)len;
    }
    return hn_j_captured(r, at, fine, a[0].flag & HN_J_MARKUP, out);
}
