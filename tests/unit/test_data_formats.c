/* rooms: data text base */
/* test_data_formats.c - every record format by its case file, tests/fixtures/records/<format>.txt:
 *
 *   @ VIEW [format=NAME] [style=NAME] [text=COLUMN] [NEW=OLD ...]   a data set begins: the view, options, columns to rename
 *   = NAME: REASON        the format it must be found in, and why
 *   > RECORD              a record as it stands in a file
 *   < KIND EXAMPLE        what it must become, one line an example
 *   ~ N NOTE              what must be noted about it
 *   ! TEXT                or part of the error it must give (in the data set's head: of the choice of the format)
 *
 * Every example must come back unchanged when it is read as a record itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "data/data.h"

enum { RECORDS = 32 };

typedef struct {
    const char *file;
    int line;
    hn_convert_opts o;
    hn_columns columns;
    char *from[4], *to[4];
    hn_json *record[RECORDS];
    char *want[RECORDS]; /* the lines behind each record */
    size_t n;
    char *head;          /* "= ..." or "! ..." */
    int64_t compared;
} set;

static hn_json *parse(const set *s, const char *text) {
    hn_json *j = NULL;
    hn_error e = {0};
    if (hn_json_parse(text, strlen(text), s->file, s->line, &j, &e) != HN_OK) fail_msg("%s", e.msg);
    return j;
}

static char *text_of(const hn_json *j) {
    hn_buf b = {0};
    hn_json_write(&b, j, 0);
    return hn_buf_take(&b);
}

static void same(const set *s, const char *what, const hn_json *got, const char *want) {
    hn_json *w = parse(s, want);
    char *text = text_of(got), *other = text_of(w);
    if (strcmp(text, other) != 0) fail_msg("%s:%d: %s\n  is       %s\n  expected %s", s->file, s->line, what, text, other);
    hn_free(text);
    hn_free(other);
    hn_json_free(w);
}

/* The example as a record must give itself. */
static void check_again(const set *s, const hn_example *x) {
    hn_convert_opts o;
    hn_examples again = {0};
    const hn_format *f;
    char reason[160];
    hn_error e = {0};
    hn_convert_defaults(&o);
    o.view = s->o.view;
    hn_json *record = x->value;
    if (hn_format_choose(&record, 1, &o, &f, reason, &e) != HN_OK) fail_msg("%s:%d: read again: %s", s->file, s->line, e.msg);
    if (hn_format_convert(f, record, &o, &again, &e) != HN_OK) fail_msg("%s:%d: read again as %s: %s", s->file, s->line, hn_format_name(f), e.msg);
    char *text = text_of(x->value);
    assert_int_equal(again.n, 1);
    assert_int_equal(again.v[0].kind, x->kind);
    same(s, "the example read as a record", again.v[0].value, text);
    hn_free(text);
    hn_examples_release(&again);
}

/* One line of what is wanted: an example, a note or an error. */
static void check_line(set *s, const char *want, const hn_examples *x, size_t *at, const hn_error *e) {
    s->compared++;
    if (*want == '!') {
        if (!e->msg[0] || (!strstr(e->msg, want + 2) && !strstr(e->detail, want + 2)))
            fail_msg("%s:%d: the error is \"%s\" | %s\n  expected %s", s->file, s->line, e->msg, e->detail, want + 2);
        return;
    }
    if (e->msg[0]) fail_msg("%s:%d: %s | %s", s->file, s->line, e->msg, e->detail);
    if (*want == '~') {
        for (size_t i = 0; i < x->notes; i++)
            if (strtol(want + 2, NULL, 10) == x->note[i].n && strstr(want, x->note[i].what)) return;
        fail_msg("%s:%d: no note \"%s\" (the first: %s)", s->file, s->line, want + 2, x->notes ? x->note[0].what : "none");
    }
    const char *value = strchr(want + 2, ' ');
    assert_non_null(value);
    if (*at >= x->n) fail_msg("%s:%d: gives %zu examples, another is expected: %s", s->file, s->line, x->n, want);
    const hn_example *one = &x->v[(*at)++];
    size_t n = (size_t)(value - want - 2);
    if (strlen(hn_kind_name(one->kind)) != n || strncmp(hn_kind_name(one->kind), want + 2, n) != 0)
        fail_msg("%s:%d: gives a %s example, expected %s", s->file, s->line, hn_kind_name(one->kind), want);
    same(s, "the example", one->value, value + 1);
    check_again(s, one);
}

static void check_lines(set *s, char *lines, const hn_examples *x, const hn_error *e) {
    size_t at = 0;
    char *rest = NULL;
    for (char *want = strtok_r(lines, "\n", &rest); want; want = strtok_r(NULL, "\n", &rest)) check_line(s, want, x, &at, e);
    if (at != x->n) fail_msg("%s:%d: gives %zu examples, %zu are expected", s->file, s->line, x->n, at);
    if (e->msg[0] && !lines[0]) fail_msg("%s:%d: %s", s->file, s->line, e->msg);
}

/* Gathered records: what they give together stands behind the last one. */
static void check_gathered(set *s, const hn_format *f) {
    hn_gather *g;
    hn_examples x = {0}, all = {0};
    hn_error e = {0};
    bool more = true;
    assert_int_equal(hn_gather_new(f, &g, NULL), HN_OK);
    for (size_t i = 0; i < s->n && !e.msg[0]; i++)
        if (hn_gather_add(g, s->record[i], (int64_t)i + 1, &s->o, &e) != HN_OK) s->line += (int)i;
    while (more && !e.msg[0]) {
        int64_t line;
        if (hn_gather_next(g, &s->o, &x, &line, &more, &e) != HN_OK) break;
        for (size_t i = 0; i < x.notes; i++) hn_examples_note(&all, x.note[i].what, x.note[i].n);
        if (!more) break;
        all.v = realloc(all.v, (all.n + x.n + 1) * sizeof *all.v);
        for (size_t i = 0; i < x.n; i++) all.v[all.n++] = (hn_example){.kind = x.v[i].kind, .value = hn_json_ref(x.v[i].value)};
    }
    check_lines(s, s->want[s->n - 1], &all, &e);
    for (size_t i = 0; i < all.n; i++) hn_json_free(all.v[i].value);
    free(all.v);
    hn_examples_release(&x);
    hn_gather_free(g);
}

/* Out of memory anywhere is a status, and nothing leaks. */
static void check_no_memory(set *s, const hn_format *f, const hn_json *record) {
    hn_mem_stats before, after;
    bool done = false;
    for (int64_t n = 1; !done; n++) {
        hn_examples x = {0};
        assert_true(n < 1000);
        hn_mem_get(&before);
        hn_mem_fail_after(n);
        hn_status st = hn_format_convert(f, record, &s->o, &x, NULL);
        hn_mem_fail_after(-1);
        done = st != HN_ENOMEM;
        hn_examples_release(&x);
        hn_mem_get(&after);
        assert_int_equal(after.blocks, before.blocks);
    }
}

static void check_set(set *s) {
    const hn_format *f;
    char reason[160] = "", found[300];
    hn_error e = {0};
    if (!s->n) return;
    s->o.columns = s->columns.n ? &s->columns : NULL;
    hn_status st = hn_format_choose(s->record, s->n, &s->o, &f, reason, &e);
    if (s->head && *s->head == '!') {
        if (st == HN_OK || (!strstr(e.msg, s->head + 2) && !strstr(e.detail, s->head + 2))) fail_msg("%s:%d: %s | %s", s->file, s->line, e.msg, e.detail);
        s->compared++;
        return;
    }
    if (st != HN_OK) fail_msg("%s:%d: %s | %s", s->file, s->line, e.msg, e.detail);
    snprintf(found, sizeof found, "= %s: %s", hn_format_name(f), reason);
    if (s->head && strcmp(found, s->head) != 0) fail_msg("%s:%d: found\n  %s\n  expected\n  %s", s->file, s->line, found, s->head);
    if (hn_format_gathers(f)) {
        check_gathered(s, f);
        return;
    }
    hn_examples x = {0};
    for (size_t i = 0; i < s->n; i++) {
        e = (hn_error){0};
        if (hn_format_convert(f, s->record[i], &s->o, &x, &e) != HN_OK) hn_examples_clear(&x);
        check_lines(s, s->want[i], &x, &e);
        check_no_memory(s, f, s->record[i]);
    }
    hn_examples_release(&x);
}

static void drop_set(set *s) {
    for (size_t i = 0; i < s->n; i++) {
        hn_json_free(s->record[i]);
        free(s->want[i]);
    }
    s->n = s->columns.n = 0;
    s->head = NULL;
}

/* "@ VIEW option=value ..." */
static void begin_set(set *s, char *line) {
    char *rest = NULL, *word = strtok_r(line + 2, " ", &rest);
    hn_convert_defaults(&s->o);
    if (!hn_streq(word, "any")) assert_true(hn_view_find(word, &s->o.view));
    else s->o.view = HN_VIEW_ANY;
    s->columns = (hn_columns){s->from, s->to, 0, true};
    while ((word = strtok_r(NULL, " ", &rest))) {
        char *value = strchr(word, '=');
        assert_non_null(value);
        *value++ = '\0';
        if (hn_streq(word, "format")) s->o.format = value;
        else if (hn_streq(word, "style")) s->o.prompt_style = value;
        else if (hn_streq(word, "text")) s->o.text_field = value;
        else {
            assert_true(s->columns.n < 4);
            s->to[s->columns.n] = word;
            s->from[s->columns.n++] = value;
        }
    }
}

static int64_t check_file(const char *path) {
    hn_buf b = {0};
    hn_error e = {0};
    static set s;
    s = (set){.file = path};
    if (hn_file_read(path, &b, &e) != HN_OK) fail_msg("%s", e.msg);
    int number = 0;
    char *next = b.p;
    for (char *line = next; line && *line; line = next) {
        number++;
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        if (*line == '@') {
            check_set(&s);
            drop_set(&s);
            s.line = number;
            begin_set(&s, line);
        } else if (*line == '>') {
            assert_true(s.n < RECORDS);
            s.record[s.n] = parse(&s, line + 2);
            s.want[s.n++] = calloc(1, 1);
        } else if (s.n == 0 && (*line == '=' || *line == '!')) {
            s.head = line;
        } else if (*line && *line != '#') {
            char *old = s.want[s.n - 1];
            size_t n = strlen(old) + strlen(line) + 2;
            s.want[s.n - 1] = malloc(n);
            snprintf(s.want[s.n - 1], n, "%s%s\n", old, line);
            free(old);
        }
    }
    check_set(&s);
    drop_set(&s);
    hn_buf_release(&b);
    return s.compared;
}

static void test_formats(void **state) {
    (void)state;
    int64_t compared = 0, formats = 0;
    const hn_format *f;
    for (size_t i = 0; (f = hn_format_at(i)); i++) { /* every line of formats.def has its cases */
        char path[512];
        snprintf(path, sizeof path, "%s/records/%s.txt", FIXTURES, hn_format_name(f));
        compared += check_file(path);
        formats++;
    }
    print_message("%lld formats, %lld lines compared\n", (long long)formats, (long long)compared);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
