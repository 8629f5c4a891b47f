/* check_mixed_formats.c - records of several formats in one set: the format is chosen once, and whatever differs is lost or
 * misread.
 *
 * A record's set of columns is classified once. The same format with some columns absent is no mixture. */
#include <string.h>

#include "check/check_impl.h"

enum { SHAPES = 256 };

typedef struct state {
    hn_tally other, kinds; /* records of another format; message lists among strings, or strings among message lists */
    int64_t of, chat, plain;
    hn_place chat_first, plain_first;
    uint64_t shape[SHAPES];
    bool differs[SHAPES];
    int shapes;
    char name[64], first[64]; /* of the set; of the first record that differs */
} state;

/* Columns and the types of their values. */
static uint64_t shape_of(const hn_json *record) {
    uint64_t h = 0;
    hn_json_iter it;
    for (bool more = hn_json_first(record, &it); more; more = hn_json_next(&it))
        h += hn_hash_mix(hn_said_hash(hn_str_of(it.key)), (uint64_t)hn_json_type(it.value)); /* in any order */
    return h;
}

static bool other_format(state *s, const hn_check_ctx *c, const hn_look *row) {
    hn_convert_opts o;
    hn_convert_defaults(&o);
    o.view = c->setup->view;
    const hn_format *f;
    char reason[HN_REASON];
    hn_json *one = (hn_json *)(uintptr_t)row->record;
    if (hn_format_choose(&one, 1, &o, &f, reason, NULL) != HN_OK) {
        o.view = HN_VIEW_ANY;
        if (hn_format_choose(&one, 1, &o, &f, reason, NULL) != HN_OK) return false;
    }
    if (hn_streq(hn_format_name(f), row->format)) return false;
    if (!s->first[0]) snprintf(s->first, sizeof s->first, "%s", hn_format_name(f));
    return true;
}

static void row(void *self, hn_check_ctx *c, const hn_look *row, const hn_facets *f) {
    state *s = self;
    if (!row->record || !row->format || hn_json_type(row->record) != HN_JSON_OBJECT) return;
    s->of++;
    if (!s->name[0]) snprintf(s->name, sizeof s->name, "%s", row->format);
    if (row->example && f->answers) {
        if (f->chat && s->chat++ == 0) s->chat_first = (hn_place){row->file, row->line};
        if (!f->chat && s->plain++ == 0) s->plain_first = (hn_place){row->file, row->line};
    }
    uint64_t shape = shape_of(row->record);
    int i = 0;
    while (i < s->shapes && s->shape[i] != shape) i++;
    if (i == s->shapes) {
        if (s->shapes == SHAPES) return;
        s->shape[i] = shape;
        s->differs[i] = other_format(s, c, row);
        s->shapes++;
    }
    if (s->differs[i] && (row->st != HN_OK || !row->example || row->example->kind != HN_KIND_TOKENS))
        hn_tally_add(&s->other, row);
}

static void end(void *self, hn_check_ctx *c) {
    state *s = self;
    if (s->other.n && s->other.n < s->of) {
        hn_found(c, HN_SEVERITY_WARN, &s->other, s->of,
                 "%lld of %lld records look like another format than the rest: %s among %s", (long long)s->other.n,
                 (long long)s->of, s->first, s->name);
    }
    if (s->chat && s->plain) {
        bool few_chat = s->chat < s->plain;
        hn_tally t = {.n = few_chat ? s->chat : s->plain, .place = {few_chat ? s->chat_first : s->plain_first}, .places = 1};
        hn_found(c, HN_SEVERITY_WARN, &t, s->of, "%lld rows are message lists and %lld are strings", (long long)s->chat,
                 (long long)s->plain);
    }
}

const hn_check hn_check_mixed_formats = {
    {.id = "mixed-formats", .about = "records of several formats in one set",
     .cost = "the format is decided once for all: the others lose columns, or their text is rendered in another way",
     .remedy = "bring all records into one format, or give them as several data sets (datasets: in a YAML file)"},
    .views = HN_ALL_VIEWS, .size = sizeof(state), .row = row, .end = end};
