/* terminal.c - what the terminal can show, and figures a person can read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

bool term_is_tty(FILE *f) { return isatty(fileno(f)) && !hn_streq(getenv("TERM"), "dumb"); }

bool term_color(FILE *f) {
    const char *force = getenv("CLICOLOR_FORCE"), *never = getenv("NO_COLOR");
    if (never && *never) return false;
    if (force && *force && !hn_streq(force, "0")) return true;
    return term_is_tty(f);
}

int term_width(FILE *f) {
    struct winsize size;
    return ioctl(fileno(f), TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

void put_visible(hn_buf *out, const char *p, size_t n) {
    const char *end = p + n;
    while (p < end) {
        uint32_t c;
        int len = hn_utf8_decode(p, end, &c);
        if (len == 0) { /* a byte of C1 may act on a terminal that is not set to UTF-8 */
            hn_buf_printf(out, "\\x%02x", (unsigned)(unsigned char)*p++);
            continue;
        }
        if ((c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0)) hn_buf_printf(out, "\\x%02x", (unsigned)c);
        else hn_buf_add(out, p, (size_t)len);
        p += len;
    }
}

/* Without memory for a longer text the beginning is shown. */
HN_PRINTF(2, 0) static void put_formatted(FILE *f, const char *fmt, va_list ap) {
    char first[512];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(first, sizeof first, fmt, ap);
    char *all = n >= (int)sizeof first ? hn_alloc((size_t)n + 1) : NULL;
    if (all) vsnprintf(all, (size_t)n + 1, fmt, again);
    va_end(again);
    hn_buf text = {0};
    put_visible(&text, all ? all : first, strlen(all ? all : first));
    fwrite(text.p ? text.p : "", 1, text.n, f);
    hn_buf_release(&text);
    hn_free(all);
}

void put_line(FILE *f, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    put_formatted(f, fmt, ap);
    va_end(ap);
}

bool put_result(FILE *f, const char *p, size_t n) {
    if (!isatty(fileno(f))) return fwrite(p, 1, n, f) == n;
    hn_buf text = {0};
    put_visible(&text, p, n);
    bool whole = !text.failed && fwrite(text.p ? text.p : "", 1, text.n, f) == text.n;
    hn_buf_release(&text);
    return whole;
}

void say(const hn_cli *cli, const char *fmt, ...) {
    if (cli->o.quiet) return;
    va_list ap;
    va_start(ap, fmt);
    put_formatted(stderr, fmt, ap);
    va_end(ap);
}

void shell_word(hn_buf *out, const char *text) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:@%+";
    bool safe = *text && text[strspn(text, plain)] == '\0';
    if (!safe) hn_buf_putc(out, '\'');
    for (; *text; text++) {
        if (*text == '\'') hn_buf_puts(out, "'\\''");
        else hn_buf_putc(out, *text);
    }
    if (!safe) hn_buf_putc(out, '\'');
}

void human_bytes(uint64_t n, char out[32]) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double v = (double)n;
    size_t u = 0;
    for (; v >= 1000 && u + 1 < sizeof units / sizeof *units; u++) v /= 1000;
    snprintf(out, 32, u == 0 ? "%.0f %s" : "%.1f %s", v, units[u]);
}

void human_count(double n, char out[32]) {
    static const char *const units[] = {"", "k", "M", "G", "T"};
    size_t u = 0;
    for (; fabs(n) >= 1000 && u + 1 < sizeof units / sizeof *units; u++) n /= 1000;
    snprintf(out, 32, u == 0 ? "%.0f%s" : "%.1f%s", n, units[u]);
}

void human_time(double seconds, char out[32]) {
    long s = seconds > 0 ? lround(seconds) : 0;
    if (s >= 3600)
        snprintf(out, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, 32, "%02ld:%02ld", s / 60, s % 60);
}
