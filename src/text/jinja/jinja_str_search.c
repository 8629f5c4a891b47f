/* jinja_str_search.c - str methods that look for text: find, count, startswith, replace, partition ... */
#include "text/jinja/jinja_method_impl.h"

/* self[start:end]; *from: its first code point. False in *inside: start lies beyond the end, where nothing is found. */
static bool window(hn_jrun *r, const hn_jval *a, hn_jval start, hn_jval end, hn_str *part, int64_t *from, bool *inside) {
    int64_t n = (int64_t)hn_cp_count(hn_j_text(a[0])), low = 0, high = n;
    if (!hn_j_arg_int(r, start, true, &low) || !hn_j_arg_int(r, end, true, &high)) return false;
    if (high > n) high = n;
    if (high < 0) high = high < -n ? 0 : high + n;
    if (low < 0) low = low < -n ? 0 : low + n;
    *inside = low <= high;
    if (!*inside) low = high;
    hn_str s = hn_j_text(a[0]);
    size_t begin = hn_cp_offset(s, (size_t)low);
    hn_str rest = hn_str_cut(s, begin, s.n);
    *part = hn_str_cut(rest, 0, hn_cp_offset(rest, (size_t)(high - low)));
    *from = low;
    return hn_j_burn(r, s.n / 8);
}

static bool search(hn_jrun *r, const hn_jval *a, bool last, bool must, hn_jval *out) {
    hn_str what, part;
    int64_t from;
    bool inside;
    if (!hn_j_arg_str(r, "what is looked for", a[1], &what) || !window(r, a, a[2], a[3], &part, &from, &inside)) return false;
    size_t at = !inside ? SIZE_MAX : last ? hn_str_rfind(part, what) : hn_str_find(part, what, 0);
    if (at == SIZE_MAX && must) return hn_j_fail(r, HN_J_VALUE, "substring not found");
    return hn_j_set(out, hn_j_int(at == SIZE_MAX ? -1 : from + (int64_t)hn_cp_count(hn_str_cut(part, 0, at))));
}
HN_METHOD(find) { return search(r, a, false, false, out); }
HN_METHOD(rfind) { return search(r, a, true, false, out); }
HN_METHOD(index) { return search(r, a, false, true, out); }
HN_METHOD(rindex) { return search(r, a, true, true, out); }

HN_METHOD(count) {
    hn_str what, part;
    int64_t from, n = 0;
    bool inside;
    if (!hn_j_arg_str(r, "what is counted", a[1], &what) || !window(r, a, a[2], a[3], &part, &from, &inside)) return false;
    if (what.n == 0) return hn_j_set(out, hn_j_int(inside ? (int64_t)hn_cp_count(part) + 1 : 0));
    for (size_t at = 0; inside && (at = hn_str_find(part, what, at)) != SIZE_MAX; at += what.n) n++;
    return hn_j_set(out, hn_j_int(n));
}

static bool ends_fit(hn_jrun *r, hn_jval fix, hn_str part, bool inside, bool tail, bool *yes) {
    if (fix.kind == HN_J_TUPLE) {
        for (size_t i = 0; !*yes && i < hn_j_count(fix); i++) {
            hn_jval one = hn_j_at(fix, i);
            if (one.kind != HN_J_STR)
                return hn_j_fail(r, HN_J_TYPE, "tuple for startswith must only contain str, not %s", hn_j_type(one));
            if (!ends_fit(r, one, part, inside, tail, yes)) return false;
        }
        return true;
    }
    if (fix.kind != HN_J_STR) return hn_j_fail(r, HN_J_TYPE, "first arg must be str or a tuple of str, not %s", hn_j_type(fix));
    *yes = inside && fix.n <= part.n && memcmp(tail ? part.p + part.n - fix.n : part.p, fix.s, fix.n) == 0;
    return true;
}

static bool fits(hn_jrun *r, const hn_jval *a, bool tail, hn_jval *out) {
    hn_str part;
    int64_t from;
    bool inside = true, yes = false;
    if (!hn_j_given(a[2]) && !hn_j_given(a[3])) part = hn_j_text(a[0]);
    else if (!window(r, a, a[2], a[3], &part, &from, &inside)) return false;
    return ends_fit(r, a[1], part, inside, tail, &yes) && hn_j_set(out, hn_j_bool(yes));
}
HN_METHOD(startswith) { return fits(r, a, false, out); }
HN_METHOD(endswith) { return fits(r, a, true, out); }

HN_METHOD(removeprefix) {
    hn_str fix, s = hn_j_text(a[0]);
    if (!hn_j_arg_str(r, "removeprefix() argument", a[1], &fix)) return false;
    if (fix.n <= s.n && memcmp(s.p, fix.p, fix.n) == 0) s = hn_str_cut(s, fix.n, s.n);
    return hn_j_set(out, hn_j_part(a[0], s));
}

HN_METHOD(removesuffix) {
    hn_str fix, s = hn_j_text(a[0]);
    if (!hn_j_arg_str(r, "removesuffix() argument", a[1], &fix)) return false;
    if (fix.n && fix.n <= s.n && memcmp(s.p + s.n - fix.n, fix.p, fix.n) == 0) s.n -= fix.n;
    return hn_j_set(out, hn_j_part(a[0], s));
}

/* Between all characters, and at both ends. */
static bool replace_nothing(hn_jrun *r, hn_str s, hn_str by, int64_t most) {
    size_t i = 0;
    bool fine = true;
    while (fine && most != 0 && i <= s.n) {
        fine = hn_j_write(r, by.p, by.n);
        if (most > 0) most--;
        if (i == s.n) return fine;
        size_t len = (size_t)hn_cp_len((unsigned char)s.p[i]);
        fine = fine && hn_j_write(r, s.p + i, len);
        i += len;
    }
    return fine && hn_j_write(r, s.p + i, s.n - i);
}

static bool replace_all(hn_jrun *r, hn_str s, hn_str what, hn_str by, int64_t most) {
    size_t i = 0, at;
    while (most != 0 && (at = hn_str_find(s, what, i)) != SIZE_MAX) {
        if (!hn_j_write(r, s.p + i, at - i) || !hn_j_write(r, by.p, by.n) || !hn_j_burn(r, 1)) return false;
        i = at + what.n;
        if (most > 0) most--;
    }
    return hn_j_write(r, s.p + i, s.n - i);
}

HN_METHOD(replace) {
    hn_str what, by, s = hn_j_text(a[0]);
    hn_jval with = a[2];
    int64_t most = -1;
    size_t at = r->at;
    if (!hn_j_arg_str(r, "replace() argument 1", a[1], &what)) return false;
    if ((a[0].flag & HN_J_MARKUP) && !hn_j_escape(r, with, &with)) return false;
    if (!hn_j_arg_str(r, "replace() argument 2", with, &by)) return false;
    if (!hn_j_arg_int(r, a[3], false, &most)) return false;
    if (most == 0 || (what.n && hn_str_find(s, what, 0) == SIZE_MAX)) return hn_j_burn(r, s.n / 16) && hn_j_set(out, a[0]);
    bool fine = hn_j_capture(r) && (what.n ? replace_all(r, s, what, by, most) : replace_nothing(r, s, by, most));
    return hn_j_captured(r, at, fine, a[0].flag & HN_J_MARKUP, out);
}

static bool cut_in_three(hn_jrun *r, const hn_jval *a, bool last, hn_jval *out) {
    hn_str sep, s = hn_j_text(a[0]);
    hn_jval *items;
    if (!hn_j_arg_str(r, "a separator", a[1], &sep)) return false;
    if (sep.n == 0) return hn_j_fail(r, HN_J_VALUE, "empty separator");
    if (!hn_j_list_new(r, HN_J_TUPLE, 3, out, &items)) return false;
    size_t at = last ? hn_str_rfind(s, sep) : hn_str_find(s, sep, 0);
    hn_str none = {"", 0};
    bool found = at != SIZE_MAX;
    items[0] = hn_j_part(a[0], found ? hn_str_cut(s, 0, at) : last ? none : s);
    items[1] = hn_j_part(a[0], found ? hn_str_cut(s, at, at + sep.n) : none);
    items[2] = hn_j_part(a[0], found ? hn_str_cut(s, at + sep.n, s.n) : last ? s : none);
    return true;
}
HN_METHOD(partition) { return cut_in_three(r, a, false, out); }
HN_METHOD(rpartition) { return cut_in_three(r, a, true, out); }

static bool strip(hn_jrun *r, const hn_jval *a, bool left, bool right, hn_jval *out) {
    hn_str chars, s = hn_j_text(a[0]);
    if (hn_j_none_or_missing(a[1])) return hn_j_set(out, hn_j_part(a[0], hn_py_strip(s, NULL, left, right)));
    if (!hn_j_arg_str(r, "strip arg", a[1], &chars)) return false;
    return hn_j_burn(r, s.n / 16) && hn_j_set(out, hn_j_part(a[0], hn_py_strip(s, &chars, left, right)));
}
HN_METHOD(strip) { return strip(r, a, true, true, out); }
HN_METHOD(lstrip) { return strip(r, a, true, false, out); }
HN_METHOD(rstrip) { return strip(r, a, false, true, out); }
