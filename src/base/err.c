/* err.c - the error structure: one cause, facts that help, one remedy.
 *
 * Texts that do not fit are cut at a whole UTF-8 character. Nothing here allocates, so an error
 * can always be reported, also when memory is gone. */
#include "base/base.h"

#include <errno.h>
#include <string.h>

const char *hn_status_name(hn_status code) {
    switch (code) {
#define HN_X(name, exit_code, text)                                                                \
    case HN_##name: return #name;
        HN_STATUS_MAP(HN_X)
#undef HN_X
    }
    return "unknown";
}

const char *hn_status_text(hn_status code) {
    switch (code) {
#define HN_X(name, exit_code, text)                                                                \
    case HN_##name: return text;
        HN_STATUS_MAP(HN_X)
#undef HN_X
    }
    return "unknown status";
}

int hn_status_exit(hn_status code) {
    switch (code) {
#define HN_X(name, exit_code, text)                                                                \
    case HN_##name: return exit_code;
        HN_STATUS_MAP(HN_X)
#undef HN_X
    }
    return 1;
}

/* Drop a character that a full buffer has cut in two. */
static void trim_cut_character(char *s) {
    size_t n = strlen(s), back = 0;
    while (back < 3 && back < n && ((unsigned char)s[n - 1 - back] & 0xC0) == 0x80) back++;
    if (back == n) return;
    unsigned char lead = (unsigned char)s[n - 1 - back];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (need > back + 1) s[n - 1 - back] = '\0';
}

static void format_into(char *dst, size_t cap, const char *fmt, va_list ap) HN_PRINTF(3, 0);
static void format_into(char *dst, size_t cap, const char *fmt, va_list ap) {
    int n = vsnprintf(dst, cap, fmt, ap);
    if (n < 0) dst[0] = '\0';
    else if ((size_t)n >= cap) trim_cut_character(dst);
}

static void append(char *dst, size_t cap, const char *text) {
    size_t n = strlen(dst), k = strlen(text);
    if (n + k < cap) {
        memcpy(dst + n, text, k + 1);
        return;
    }
    memcpy(dst + n, text, cap - 1 - n);
    dst[cap - 1] = '\0';
    trim_cut_character(dst);
}

static void set(hn_error *err, hn_status code, const char *fmt, va_list ap) HN_PRINTF(3, 0);
static void set(hn_error *err, hn_status code, const char *fmt, va_list ap) {
    char text[sizeof err->msg]; /* an argument may point into err itself */
    format_into(text, sizeof text, fmt, ap);
    err->code = code;
    err->pos = 0;
    err->detail[0] = err->fix[0] = '\0';
    memcpy(err->msg, text, strlen(text) + 1);
}

hn_status hn_fail(hn_error *err, hn_status code, const char *fmt, ...) {
    if (!err) return code;
    va_list ap;
    va_start(ap, fmt);
    set(err, code, fmt, ap);
    va_end(ap);
    return code;
}

hn_status hn_fail_errno(hn_error *err, hn_status code, const char *fmt, ...) {
    int saved = errno;
    if (!err) return code;
    va_list ap;
    va_start(ap, fmt);
    set(err, code, fmt, ap);
    va_end(ap);
    const char *text = strerrordesc_np(saved);
    append(err->msg, sizeof err->msg, ": ");
    append(err->msg, sizeof err->msg, text ? text : "unknown system error");
    errno = saved;
    return code;
}

void hn_error_detail(hn_error *err, const char *fmt, ...) {
    if (!err) return;
    char text[sizeof err->detail];
    va_list ap;
    va_start(ap, fmt);
    format_into(text, sizeof text, fmt, ap);
    va_end(ap);
    if (err->detail[0]) append(err->detail, sizeof err->detail, "\n");
    append(err->detail, sizeof err->detail, text);
}

void hn_error_fix(hn_error *err, const char *fmt, ...) {
    if (!err) return;
    char text[sizeof err->fix];
    va_list ap;
    va_start(ap, fmt);
    format_into(text, sizeof text, fmt, ap);
    va_end(ap);
    memcpy(err->fix, text, strlen(text) + 1);
}

void hn_error_context(hn_error *err, const char *fmt, ...) {
    if (!err) return;
    char text[sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    format_into(text, sizeof text, fmt, ap);
    va_end(ap);
    append(text, sizeof text, ": ");
    append(text, sizeof text, err->msg);
    memcpy(err->msg, text, strlen(text) + 1);
}
