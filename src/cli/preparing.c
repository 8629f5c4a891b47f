/* preparing.c - how far the preparation of rows is: a bar on a terminal, else a line every ten seconds; nothing where it takes
 * less than a second. */
#include "cli/cli.h"

void show_preparing(const char *what, uint64_t done, uint64_t total, int64_t records, void *user) {
    hn_cli *cli = user;
    bool bar = term_is_tty(stderr), last = done >= total;
    double now = hn_now();
    if (cli->preparing_since <= 0) cli->preparing_since = cli->preparing_shown = now;
    double spent = now - cli->preparing_since, wait = bar ? 0.1 : 10;
    bool shown = cli->preparing_shown > cli->preparing_since;
    if (!last && (spent < 1 || now - cli->preparing_shown < wait)) return;
    if (last) cli->preparing_since = 0;
    if (last && !shown) return;
    cli->preparing_shown = now;
    char size[32], rate[32], rows[32], eta[32], line[200];
    double part = total ? (double)done / (double)total : 1;
    human_bytes(done, size);
    human_bytes(spent > 0 ? (uint64_t)((double)done / spent) : 0, rate);
    human_count((double)records, rows);
    human_time(done ? spent / (double)done * (double)(total - done) : 0, eta);
    snprintf(line, sizeof line, "%s %3.0f%%  %s, %s records, %s/s, eta %s", what, 100 * part, size, rows, rate, eta);
    if (!bar) fprintf(stderr, "%s\n", line);
    else if (last) fputs("\r\033[K", stderr);
    else fprintf(stderr, "\r\033[K%.*s", term_width(stderr) - 1, line);
    fflush(stderr);
}
