/* slice.c - a split as TRL and datasets write it: "train", "train[:1000]", "train[10%:20%]", "train[:50%]+test". */
#include "data/sources_impl.h"

#include <ctype.h>
#include <string.h>

static hn_status wrong(const char *spec, const char *why, hn_error *err) {
    hn_fail(err, HN_EARG, "the split \"%s\": %s", spec, why);
    hn_error_fix(err, "write NAME, NAME[:1000], NAME[10%%:20%%], or several of these with + between them");
    return HN_EARG;
}

/* One end of a slice: digits with or without a minus and a percent sign; nothing at all: unset. */
static const char *read_end(const char **p, int64_t *v, bool *percent) {
    bool minus = **p == '-';
    const char *s = *p + minus;
    *v = HN_UNSET_INT;
    if (!isdigit((unsigned char)*s)) return minus ? "a number is expected behind '-'" : NULL;
    int64_t n = 0;
    for (; isdigit((unsigned char)*s) || *s == '_'; s++) {
        if (*s == '_') continue;
        if (n > INT64_MAX / 10 - 10) return "a number is too large";
        n = n * 10 + (*s - '0');
    }
    *percent = *s == '%';
    if (*percent && n > 100) return "more than 100 percent";
    *v = minus ? -n : n;
    *p = s + *percent;
    return NULL;
}

static const char *read_slice(const char **p, hn_slice *out) {
    bool from = false, to = false;
    const char *why;
    ++*p;
    if ((why = read_end(p, &out->from, &from))) return why;
    if (**p != ':') return "a slice is [FROM:TO]";
    ++*p;
    if ((why = read_end(p, &out->to, &to))) return why;
    if (**p != ']') return "the slice is not closed by ']'";
    ++*p;
    bool both = out->from != HN_UNSET_INT && out->to != HN_UNSET_INT;
    if (both && from != to) return "both ends are in percent, or none";
    out->percent = from || to;
    return NULL;
}

hn_status hn_split_next(const char *spec, size_t *at, hn_split *out, hn_error *err) {
    const char *p = spec + *at;
    *out = (hn_split){.slice = {.from = HN_UNSET_INT, .to = HN_UNSET_INT}};
    while (*p == ' ') p++;
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || (p[n] && strchr("._-", p[n]))) n++;
    if (n == 0) return wrong(spec, "the name of a split is expected", err);
    if (n >= sizeof out->name) return wrong(spec, "a name this long is no split", err);
    memcpy(out->name, p, n);
    p += n;
    const char *why = *p == '[' ? read_slice(&p, &out->slice) : NULL;
    if (why) return wrong(spec, why, err);
    while (*p == ' ') p++;
    if (*p == '+') p++;
    else if (*p) return wrong(spec, "something unexpected behind it", err);
    *at = (size_t)(p - spec);
    return HN_OK;
}
