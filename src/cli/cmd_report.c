/* cmd_report.c - hone report: one self-contained HTML page from run folders: curves, settings, samples. */
#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/svg.h"

typedef struct opts {
    char *output_file, *title;
    hn_strlist samples, pages;
} opts;

#define AT(field) offsetof(opts, field)
static const hn_opt table[] = {
    {"output_file", "page to write", HN_OPT_STR, AT(output_file), "report.html", 0, 0, NULL, "Report", NULL, HN_OPT_COMMON},
    {"title", "heading of the page", HN_OPT_STR, AT(title), "hone report", 0, 0, NULL, "Report", NULL, HN_OPT_COMMON},
    {"samples", "JSON lines files with answers (of hone generate) to show as tables, as NAME=FILE (_ for a blank)", HN_OPT_LIST,
     AT(samples), NULL, 0, 0, NULL, "Report", NULL, HN_OPT_COMMON},
    {"pages", "pages of other commands (of hone data inspect --html) to hold within this one, as NAME=FILE (_ for a blank)",
     HN_OPT_LIST, AT(pages), NULL, 0, 0, NULL, "Report", NULL, HN_OPT_COMMON},
    {0}};
#undef AT

static const char style[] =
    "<style>:root{color-scheme:light dark;--ink:#1c2024;--soft:#667;--line:#ddd;--bg:#fff;--c0:#0a6ebd;--c1:#c2410c;--c2:#15803d}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e8ea;--soft:#9aa;--line:#333;--bg:#15181b;--c0:#5cb0f2;--c1:#f59e6b;--c2:#5fd08a}}"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--bg);max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "section{margin:2rem 0}.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(28rem,1fr));gap:1rem}"
    "svg{width:100%;height:auto}.grid{stroke:var(--line)}.tick{fill:var(--soft);font-size:11px}.head{fill:var(--ink);font-size:14px;"
    "font-weight:600}polyline{fill:none}.thin{stroke-width:1;opacity:.3}.thick{stroke-width:2}.legend{font-size:12px}"
    "polyline.line0{stroke:var(--c0)}polyline.line1{stroke:var(--c1)}polyline.line2{stroke:var(--c2)}text.line0{fill:var(--c0)}"
    "text.line1{fill:var(--c1)}text.line2{fill:var(--c2)}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;"
    "border-bottom:1px solid var(--line);padding:.3rem .6rem;white-space:pre-wrap;overflow-wrap:anywhere}th{color:var(--soft);font-weight:600;overflow-wrap:normal}"
    "iframe{width:100%;height:44rem;border:1px solid var(--line);border-radius:8px}"
    "</style>\n";

typedef struct curve { double *x, *y; size_t n; } curve;

/* Values of one key over the steps of log_history. */
static hn_status curve_of(const hn_json *history, const char *key, curve *c, hn_error *err) {
    size_t n = hn_json_len(history);
    *c = (curve){hn_alloc_array(n + 1, sizeof(double)), hn_alloc_array(n + 1, sizeof(double)), 0};
    if (!c->x || !c->y) return hn_nomem(err, n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        const hn_json *entry = hn_json_at(history, i), *v = hn_json_get(entry, key);
        if (!v) continue;
        c->x[c->n] = hn_json_num(hn_json_get(entry, "step"), 0);
        c->y[c->n++] = hn_json_num(v, (double)NAN);
    }
    return HN_OK;
}

static hn_status chart(hn_buf *out, const hn_json *history, const char *title, const char *const keys[2], hn_error *err) {
    curve c[2] = {{0}};
    hn_series s[2];
    size_t n = 0;
    hn_status st = HN_OK;
    for (int k = 0; st == HN_OK && k < 2 && keys[k]; k++) {
        st = curve_of(history, keys[k], &c[k], err);
        if (st == HN_OK && c[k].n) s[n++] = (hn_series){keys[k], c[k].x, c[k].y, c[k].n};
    }
    if (st == HN_OK && n) hn_svg_lines(out, title, "step", s, n);
    for (int k = 0; k < 2; k++) {
        hn_free(c[k].x);
        hn_free(c[k].y);
    }
    return st;
}

static void settings_table(hn_buf *out, const hn_json *settings) {
    static const char *const keys[] = {"model_name_or_path",
                                       "config_name",
                                       "dataset_name",
                                       "learning_rate",
                                       "lr_scheduler_type",
                                       "per_device_train_batch_size",
                                       "gradient_accumulation_steps",
                                       "num_train_epochs",
                                       "max_steps",
                                       "seed"};
    hn_buf_puts(out, "<table>\n");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const hn_json *v = hn_json_get(settings, keys[i]);
        if (!v) continue;
        hn_buf text = {0};
        const char *s = hn_json_cstr(v);
        if (s)
            hn_buf_puts(&text, s);
        else
            hn_json_write(&text, v, 0);
        hn_buf_printf(out, "<tr><th>%s</th><td>", keys[i]);
        hn_html_escape(out, text.p ? text.p : "", text.n);
        hn_buf_puts(out, "</td></tr>\n");
        hn_buf_release(&text);
    }
    hn_buf_puts(out, "</table>\n");
}

static hn_status run_section(hn_buf *out, const char *dir, hn_error *err) {
    static const char *const charts[][3] = {{"loss", "loss", "eval_loss"},
                                            {"token accuracy", "mean_token_accuracy", "eval_mean_token_accuracy"},
                                            {"gradient norm", "grad_norm", NULL},
                                            {"learning rate", "learning_rate", NULL}};
    char *state_path = hn_path_join(dir, "trainer_state.json"), *args_path = hn_path_join(dir, "training_args.json");
    hn_json *state = NULL, *args = NULL;
    hn_status st = state_path && args_path ? hn_json_load(state_path, &state, err) : hn_nomem(err, 1);
    if (st == HN_OK) st = hn_json_load(args_path, &args, err);
    if (st == HN_OK) {
        hn_buf_puts(out, "<section><h2>");
        hn_html_escape(out, hn_path_base(dir), strlen(hn_path_base(dir)));
        hn_buf_puts(out, "</h2>\n<div class=\"charts\">\n");
    }
    for (size_t i = 0; st == HN_OK && i < sizeof charts / sizeof *charts; i++)
        st = chart(out, hn_json_get(state, "log_history"), charts[i][0], &charts[i][1], err);
    if (st == HN_OK) {
        hn_buf_puts(out, "</div>\n");
        settings_table(out, args);
        hn_buf_puts(out, "</section>\n");
    }
    hn_json_free(state);
    hn_json_free(args);
    hn_free(state_path);
    hn_free(args_path);
    return st;
}

/* "the_name=path": begins a section with the name as its heading; returns the path. */
static const char *section_of(hn_buf *out, const char *spec) {
    const char *eq = strchr(spec, '=');
    hn_buf_puts(out, "<section><h2>");
    for (size_t i = 0; i < (eq ? (size_t)(eq - spec) : strlen(spec)); i++)
        hn_html_escape(out, spec[i] == '_' ? " " : spec + i, 1);
    hn_buf_puts(out, "</h2>");
    return eq ? eq + 1 : spec;
}

/* A whole page within the page: its own style and nothing from elsewhere. */
static hn_status page_section(hn_buf *out, const char *spec, hn_error *err) {
    const char *path = section_of(out, spec);
    hn_buf page = {0};
    HN_TRY(hn_file_read(path, &page, err));
    hn_buf_puts(out, "<iframe sandbox srcdoc=\"");
    hn_html_escape(out, page.p, page.n);
    hn_buf_puts(out, "\"></iframe></section>\n");
    hn_buf_release(&page);
    return HN_OK;
}

/* A table of the objects of a JSON lines file: one column a key of the first object. */
static hn_status sample_section(hn_buf *out, const char *spec, hn_error *err) {
    const char *path = section_of(out, spec);
    hn_records *r = NULL;
    hn_json *row = NULL;
    int64_t line;
    hn_status st = hn_records_open(path, &r, err);
    hn_buf_puts(out, "<table>\n");
    for (int n = 0; st == HN_OK && n < 100 && (st = hn_records_next(r, &row, &line, err)) == HN_OK && row; n++) {
        hn_json_iter it;
        if (n == 0) {
            hn_buf_puts(out, "<tr>");
            for (bool more = hn_json_first(row, &it); more; more = hn_json_next(&it)) {
                hn_buf_puts(out, "<th>");
                hn_html_escape(out, it.key, strlen(it.key));
                hn_buf_puts(out, "</th>");
            }
            hn_buf_puts(out, "</tr>\n");
        }
        hn_buf_puts(out, "<tr>");
        for (bool more = hn_json_first(row, &it); more; more = hn_json_next(&it)) {
            hn_buf text = {0};
            hn_str s;
            if (!hn_json_text(it.value, &s)) {
                if (hn_json_type(it.value) == HN_JSON_REAL) hn_buf_printf(&text, "%.5g", hn_json_num(it.value, 0));
                else hn_json_write(&text, it.value, 0);
                s = (hn_str){text.p ? text.p : "", text.n};
            }
            hn_buf_puts(out, "<td>");
            hn_html_escape(out, s.p, s.n);
            hn_buf_puts(out, "</td>");
            hn_buf_release(&text);
        }
        hn_buf_puts(out, "</tr>\n");
        hn_json_free(row);
        row = NULL;
    }
    hn_buf_puts(out, "</table></section>\n");
    hn_json_free(row);
    hn_records_close(r);
    return st;
}

static int run(hn_cli *cli) {
    const opts *o = cli->own;
    hn_error err = {0};
    hn_buf page = {0};
    if (cli->rest_count == 0) {
        hn_fail(&err, HN_EARG, "which runs to report is missing");
        hn_error_fix(&err, "hone report OUTPUT_DIR [OUTPUT_DIR ...]");
        return cli_fail(cli, &err);
    }
    hn_buf_puts(&page, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                       "content=\"width=device-width\">\n<title>");
    hn_html_escape(&page, o->title, strlen(o->title));
    hn_buf_printf(&page, "</title>\n%s</head><body>\n<h1>", style);
    hn_html_escape(&page, o->title, strlen(o->title));
    hn_buf_puts(&page, "</h1>\n");
    hn_status st = HN_OK;
    for (size_t i = 0; st == HN_OK && i < o->pages.n; i++) st = page_section(&page, o->pages.v[i], &err);
    for (size_t i = 0; st == HN_OK && i < o->samples.n; i++) st = sample_section(&page, o->samples.v[i], &err);
    for (int i = 0; st == HN_OK && i < cli->rest_count; i++) st = run_section(&page, cli->rest[i], &err);
    hn_buf_puts(&page, "</body></html>\n");
    if (st == HN_OK && page.failed) st = hn_nomem(&err, page.n);
    if (st == HN_OK) st = hn_file_write(o->output_file, page.p, page.n, &err);
    hn_buf_release(&page);
    if (st != HN_OK) return cli_fail(cli, &err);
    printf("%s\n", o->output_file);
    return 0;
}

const hn_command hn_command_report = {.name = "report",
                                      .about = "one HTML page with the curves and samples of runs",
                                      .group = "Look",
                                      .usage = "hone report out --output_file report.html",
                                      .words = "OUTPUT_DIR ...",
                                      .table = table,
                                      .size = sizeof(opts),
                                      .run = run};
