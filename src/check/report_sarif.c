/* report_sarif.c - findings as SARIF 2.1.0, which code hosts and editors show beside the line.
 *
 * Members that the schema requires: version, runs; run.tool; tool.driver; driver.name; rule.id; result.message;
 * message.text. Levels: info is "note", warn "warning". A finding without a place has no locations. */
#include <string.h>

#include "check/check_impl.h"

static hn_json *str(const char *s) { return hn_json_new_str(s ? s : "", s ? strlen(s) : 0); }

static void put_message(hn_json *j, const char *key, const char *s) {
    hn_json *m = hn_json_new_object();
    hn_json_set(m, "text", str(s));
    hn_json_set(j, key, m);
}

static hn_json *rule(const hn_check_about *a) {
    hn_json *j = hn_json_new_object();
    hn_json_set(j, "id", str(a->id));
    put_message(j, "shortDescription", a->about);
    put_message(j, "fullDescription", a->cost);
    put_message(j, "help", a->remedy);
    return j;
}

/* A path as a URI: whatever is neither unreserved nor a slash is percent-encoded; absolute ones are file URIs. */
static hn_json *uri(const char *path) {
    static const char hex[] = "0123456789ABCDEF";
    hn_buf b = {0};
    if (path[0] == '/') hn_buf_puts(&b, "file://");
    for (const char *p = path; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-._~/", c);
        if (!plain) hn_buf_putc(&b, '%');
        if (!plain) hn_buf_putc(&b, hex[c >> 4]);
        hn_buf_putc(&b, plain ? (char)c : hex[c & 15]);
    }
    hn_json *j = str(b.p);
    hn_buf_release(&b);
    return j;
}

static hn_json *location(const hn_place *p) {
    hn_json *j = hn_json_new_object(), *physical = hn_json_new_object(), *artifact = hn_json_new_object(),
            *region = hn_json_new_object();
    hn_json_set(artifact, "uri", uri(p->file));
    hn_json_set_int(region, "startLine", p->line > 0 ? p->line : 1);
    hn_json_set(physical, "artifactLocation", artifact);
    hn_json_set(physical, "region", region);
    hn_json_set(j, "physicalLocation", physical);
    return j;
}

static int64_t rule_index(const char *id) {
    for (size_t i = 0; hn_check_at(i); i++)
        if (hn_streq(hn_check_at(i)->id, id)) return (int64_t)i;
    return -1;
}

static hn_json *result(const hn_finding *f) {
    static const char *const levels[] = {"note", "warning", "error"};
    hn_json *j = hn_json_new_object(), *places = hn_json_new_array();
    hn_buf b = {0};
    hn_json_set(j, "ruleId", str(f->id));
    hn_json_set_int(j, "ruleIndex", rule_index(f->id));
    hn_json_set(j, "level", str(levels[f->severity]));
    hn_buf_printf(&b, "%s. %s. Remedy: %s.", f->message, f->cost, f->remedy);
    put_message(j, "message", b.p);
    hn_buf_release(&b);
    for (int i = 0; i < f->places; i++) hn_json_push(places, location(&f->place[i]));
    hn_json_set(j, "locations", places);
    return j;
}

hn_json *hn_report_sarif(const hn_report *r) {
    hn_json *log = hn_json_new_object(), *runs = hn_json_new_array(), *run = hn_json_new_object();
    hn_json *tool = hn_json_new_object(), *driver = hn_json_new_object(), *rules = hn_json_new_array(),
            *results = hn_json_new_array();
    hn_json_set(log, "$schema", str("https://json.schemastore.org/sarif-2.1.0.json"));
    hn_json_set(log, "version", str("2.1.0"));
    hn_json_set(driver, "name", str("hone data check"));
    hn_json_set(driver, "version", str(HONE_VERSION));
    for (size_t i = 0; hn_check_at(i); i++) hn_json_push(rules, rule(hn_check_at(i)));
    hn_json_set(driver, "rules", rules);
    hn_json_set(tool, "driver", driver);
    hn_json_set(run, "tool", tool);
    hn_json_set(run, "columnKind", str("utf16CodeUnits"));
    for (size_t i = 0; i < r->n; i++) hn_json_push(results, result(&r->v[i]));
    hn_json_set(run, "results", results);
    hn_json_push(runs, run);
    hn_json_set(log, "runs", runs);
    return log;
}
