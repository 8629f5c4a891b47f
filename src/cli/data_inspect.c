/* data_inspect.c - hone data inspect: a pass over all rows for the figures, and the rows that are asked for as the model sees
 * them. */
#include <string.h>

#include "cli/inspect.h"

static hn_status one_row(void *user, const hn_look *row, hn_error *err) { return inspect_row(user, row, err); }

static hn_status collect(inspection *s, hn_error *err) {
    hn_look_set *set = s->set;
    hn_rows *packed = NULL;
    if (set->o.packing != HN_PACK_NONE) s->packing = hn_packing_name(set->o.packing);
    HN_TRY(hn_look_pass(set, false, one_row, s, err));
    if (!s->packing) return HN_OK;
    HN_TRY(hn_sources_encode(&set->train, false, set->tok, &set->o, &packed, err));
    hn_status st = inspect_packed(s, packed, err);
    hn_rows_free(packed);
    return st;
}

static hn_status render(const inspection *s, const hn_data_cmd *o, bool json, bool color, hn_buf *out, hn_error *err) {
    if (!json) return inspect_text(s, out, o->ids, color, err);
    hn_json *j = NULL;
    hn_status st = inspect_json(s, &j, err);
    hn_json_write(out, j, 0);
    hn_buf_putc(out, '\n');
    hn_json_free(j);
    return st == HN_OK && out->failed ? hn_nomem(err, out->n) : st;
}

static hn_status put(const inspection *s, const hn_data_cmd *o, hn_error *err) {
    hn_buf out = {0};
    hn_status st = HN_OK;
    if (o->html) {
        HN_GO(st, inspect_page(s, &out, err));
        HN_GO(st, hn_file_write(o->html, out.p, out.n, err));
        hn_buf_clear(&out);
    }
    size_t n = o->output_file ? strlen(o->output_file) : 0;
    bool json = o->json || (n > 5 && hn_streq(o->output_file + n - 5, ".json"));
    HN_GO(st, render(s, o, json, !o->output_file && term_color(stdout), &out, err));
    if (o->output_file) st = hn_file_write(o->output_file, out.p, out.n, err);
    else if (fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0)
        st = hn_fail_errno(err, HN_EIO, "cannot write to standard output");
done:
    hn_buf_release(&out);
    return st;
}

int data_inspect(hn_cli *cli, const hn_data_cmd *o) {
    hn_look_set set;
    inspection s = {.set = &set, .first = o->row, .most = o->rows};
    hn_error err = {0};
    int status = cli_context(cli);
    if (status >= 0) return status;
    hn_status st = hn_look_open(cli->task, o->task, &set, &err);
    if (st == HN_OK) st = collect(&s, &err);
    if (st == HN_OK) st = put(&s, o, &err);
    status = st == HN_OK ? 0 : cli_fail(cli, &err);
    inspect_release(&s);
    hn_look_close(&set);
    return status;
}
