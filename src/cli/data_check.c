/* data_check.c - hone data check: all checks over all rows; table, JSON, SARIF; exit 4 where findings reach --fail_on. */
#include <string.h>

#include "cli/data_cmd.h"

static hn_status write_json(const char *path, hn_json *j, hn_error *err) {
    hn_buf b = {0};
    hn_json_write(&b, j, 2);
    hn_buf_putc(&b, '\n');
    hn_status st = b.failed ? hn_nomem(err, b.n) : hn_file_write(path, b.p, b.n, err);
    hn_buf_release(&b);
    return st;
}

static hn_json *whole_json(const hn_look_set *s, const hn_report *r) {
    hn_json *j = hn_json_new_object();
    hn_json *findings = hn_report_json(r);
    hn_json_set_text(j, "hone_version", HONE_VERSION);
    hn_json_set_text(j, "task", hn_view_name(s->view));
    hn_json_set_text(j, "model", s->dir);
    hn_json_set(j, "files", hn_sources_files(&s->train));
    hn_json_iter it;
    for (bool more = hn_json_first(findings, &it); more; more = hn_json_next(&it)) hn_json_set(j, it.key, hn_json_ref(it.value));
    hn_json_free(findings);
    return j;
}

static void head(const hn_look_set *s, const hn_report *r, hn_buf *out) {
    put_visible(out, hn_sources_name(&s->train), strlen(hn_sources_name(&s->train)));
    hn_buf_printf(out, ": %lld rows as %s, %s (%s)", (long long)r->rows, hn_view_name(s->view),
                  r->format[0] ? r->format : "no format fits", r->format[0] ? r->reason : "see `hone data formats`");
    if (r->eval_rows) hn_buf_printf(out, "; %lld evaluation rows", (long long)r->eval_rows);
    if (r->unusable) hn_buf_printf(out, "; %lld cannot be used", (long long)r->unusable);
    hn_buf_puts(out, "\n");
}

static hn_status put(const hn_data_cmd *o, const hn_look_set *s, const hn_report *r, hn_error *err) {
    size_t n = o->output_file ? strlen(o->output_file) : 0;
    bool json = o->json || (n > 5 && hn_streq(o->output_file + n - 5, ".json"));
    hn_buf b = {0};
    if (json) {
        hn_json *j = whole_json(s, r);
        hn_json_write(&b, j, 2);
        hn_buf_putc(&b, '\n');
        hn_json_free(j);
    } else {
        head(s, r, &b);
        check_table(&b, r, !o->output_file && term_color(stdout), o->output_file ? 120 : term_width(stdout));
    }
    hn_status st = b.failed ? hn_nomem(err, b.n) : HN_OK;
    if (st == HN_OK && o->output_file) st = hn_file_write(o->output_file, b.p, b.n, err);
    else if (st == HN_OK && (fwrite(b.p, 1, b.n, stdout) != b.n || fflush(stdout) != 0))
        st = hn_fail_errno(err, HN_EIO, "cannot write to standard output");
    hn_buf_release(&b);
    if (st != HN_OK || !o->sarif) return st;
    hn_json *sarif = hn_report_sarif(r);
    st = write_json(o->sarif, sarif, err);
    hn_json_free(sarif);
    return st;
}

int data_check(hn_cli *cli, const hn_data_cmd *o) {
    hn_look_set s;
    hn_report r = {0};
    hn_error err = {0};
    int status = cli_context(cli);
    if (status >= 0) return status;
    hn_status st = hn_look_open(cli->task, o->task, &s, &err);
    if (st == HN_OK) st = hn_look_check(&s, false, &r, &err);
    if (st == HN_OK) st = put(o, &s, &r, &err);
    bool reached = o->fail_on && hn_report_count(&r, hn_streq(o->fail_on, "warn") ? HN_SEVERITY_WARN : HN_SEVERITY_ERROR) > 0;
    status = st != HN_OK ? cli_fail(cli, &err) : reached ? hn_status_exit(HN_EGATE) : 0;
    hn_report_release(&r);
    hn_look_close(&s);
    return status;
}
