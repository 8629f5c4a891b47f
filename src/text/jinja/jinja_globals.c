/* jinja_globals.c - global functions: range, dict, namespace, cycler, joiner, lipsum, raise_exception, strftime_now. */
#include "text/jinja/jinja_ast_impl.h"

#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#define GLOBAL(name) HN_J_BUILTIN(hn_jg_##name)

GLOBAL(range) {
    bool one = !hn_j_given(a[1]);
    int64_t start = 0, stop, step = 1;
    if (!hn_j_index(r, a[0], one ? &stop : &start) || (!one && !hn_j_index(r, a[1], &stop)) ||
        !hn_j_arg_int(r, a[2], false, &step))
        return false;
    if (step == 0) return hn_j_fail(r, HN_J_VALUE, "range() arg 3 must not be zero");
    uint64_t n = 0, stride = step < 0 ? 0 - (uint64_t)step : (uint64_t)step;
    if (step > 0 ? stop > start : stop < start)
        n = (step > 0 ? (uint64_t)stop - (uint64_t)start - 1 : (uint64_t)start - (uint64_t)stop - 1) / stride + 1;
    if (n > HN_J_RANGE)
        return hn_j_fail(r, HN_J_OVERFLOW, "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", HN_J_RANGE);
    hn_jrange range = {start, stop, step, (int64_t)n};
    return hn_j_box(r, HN_J_RANGE_OBJ, &range, sizeof range, out);
}

static bool make_dict(hn_jrun *r, const hn_jargs *args, hn_jval *out) {
    if (args->n > 1) return hn_j_fail(r, HN_J_TYPE, "dict expected at most 1 argument, got %u", args->n);
    if (!hn_j_dict_new(r, args->nkw, out) || (args->n && !hn_j_dict_update(r, *out, args->v[0]))) return false;
    for (uint32_t i = 0; i < args->nkw; i++)
        if (!hn_j_dict_put(r, *out, args->kw[i].key, args->kw[i].value)) return false;
    return true;
}

GLOBAL(dict) { return make_dict(r, args, out); }

GLOBAL(namespace) {
    hn_jval dict, key, value;
    hn_jwalk w = {0};
    if (!make_dict(r, args, &dict)) return false;
    while (hn_j_dict_next(r, dict, &w, &key, &value))
        if (key.kind == HN_J_STR && !hn_j_space_name(r, hn_j_text(key))) return false;
    *out = (hn_jval){.kind = HN_J_SPACE, .dict = dict.dict};
    return true;
}

GLOBAL(cycler) {
    hn_jval *items;
    if (args->nkw) return hn_j_fail(r, HN_J_TYPE, "Cycler() got an unexpected keyword argument");
    if (args->n == 0) return hn_j_fail(r, HN_J_RUNTIME, "at least one item has to be provided");
    hn_jcycler c = {.at = 0};
    if (!hn_j_list_new(r, HN_J_TUPLE, args->n, &c.items, &items)) return false;
    memcpy(items, args->v, args->n * sizeof *items);
    return hn_j_box(r, HN_J_CYCLER, &c, sizeof c, out);
}

GLOBAL(joiner) {
    hn_jjoiner j = {.sep = hn_j_or(a[0], hn_j_str(", ", 2))};
    return hn_j_box(r, HN_J_JOINER, &j, sizeof j, out);
}

static uint32_t dice(hn_jrun *r, uint32_t below) {
    r->dice = r->dice * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)r->dice * below) >> 32);
}

static bool paragraph(hn_jrun *r, int64_t words) {
    static const char *const all[] = {"lorem",  "ipsum", "dolor",  "sit",     "amet",   "consectetur", "adipiscing",
                                      "elit",   "sed",   "do",     "eiusmod", "tempor", "incididunt",  "ut",
                                      "labore", "et",    "dolore", "magna",   "aliqua"};
    for (int64_t i = 0; i < words; i++) {
        const char *word = all[dice(r, sizeof all / sizeof *all)];
        char first = (char)(word[0] - 32);
        if ((i && !hn_j_write(r, " ", 1)) || !hn_j_write(r, i ? word : &first, 1) || !hn_j_puts(r, word + 1)) return false;
    }
    return hn_j_write(r, ".", 1);
}

GLOBAL(lipsum) { /* n html min max: filler text, another on every call */
    int64_t n = 5, low = 20, high = 100;
    bool html = hn_j_arg_flag(a[1], true), fine;
    size_t at = r->at;
    if (!hn_j_arg_int(r, a[0], false, &n) || !hn_j_arg_int(r, a[2], false, &low) || !hn_j_arg_int(r, a[3], false, &high))
        return false;
    if (high <= low || high - low > INT32_MAX) return hn_j_fail(r, HN_J_VALUE, "empty range for randrange()");
    fine = hn_j_capture(r);
    for (int64_t i = 0; fine && i < n; i++)
        fine = (i == 0 || hn_j_puts(r, html ? "\n" : "\n\n")) && (!html || hn_j_puts(r, "<p>")) &&
               paragraph(r, low + dice(r, (uint32_t)(high - low))) && (!html || hn_j_puts(r, "</p>"));
    return hn_j_captured(r, at, fine, html, out);
}

GLOBAL(raise_exception) {
    hn_jval text;
    if (!hn_j_str_of(r, a[0], &text)) return false;
    return hn_j_fail(r, HN_J_RAISED, "%.*s", (int)(text.n < 1000 ? text.n : 1000), text.s);
}

/* The time that templates see: SOURCE_DATE_EPOCH, in UTC, where it is set; else now, here. */
static void clock_now(struct tm *tm, long *micro) {
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    char *end = NULL;
    long long fixed = epoch ? strtoll(epoch, &end, 10) : 0;
    struct timeval now = {0};
    *micro = 0;
    if (epoch && end != epoch && *end == '\0') {
        time_t t = (time_t)fixed;
        if (gmtime_r(&t, tm)) return;
    }
    gettimeofday(&now, NULL);
    time_t t = now.tv_sec;
    localtime_r(&t, tm);
    *micro = now.tv_usec;
}

GLOBAL(strftime_now) {
    struct tm tm = {0};
    long micro;
    hn_str format;
    if (!hn_j_arg_str(r, "strftime() argument 1", a[0], &format)) return false;
    if (format.n > 4096) return hn_j_fail(r, HN_J_VALUE, "a date format of more than 4096 bytes");
    clock_now(&tm, &micro);
    hn_buf form = {0};
    char text[16384];
    for (size_t i = 0; i < format.n; i++) { /* %f, %z and %Z are Python's: of a time without a zone */
        if (format.p[i] != '%' || i + 1 == format.n) {
            hn_buf_putc(&form, format.p[i]);
            continue;
        }
        char c = format.p[++i];
        if (c == 'f') hn_buf_printf(&form, "%06ld", micro);
        else if (c != 'z' && c != 'Z') hn_buf_printf(&form, "%%%c", c);
    }
    hn_buf_putc(&form, ' '); /* never empty, so that 0 means too long */
    bool fine = !form.failed || hn_j_nomem(r);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t n = fine ? strftime(text, sizeof text, form.p, &tm) : 0;
#pragma GCC diagnostic pop
    hn_buf_release(&form);
    if (!fine) return false;
    if (n == 0) return hn_j_fail(r, HN_J_VALUE, "a date of more than %zu bytes", sizeof text);
    return hn_j_copy(r, text, n - 1, out);
}
