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

void say(const hn_cli *cli, const char *fmt, ...) {
    if (cli->o.quiet) return;
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
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
