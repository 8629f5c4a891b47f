/* extras.c - columns that travel with any conversation: tools, documents, chat_template_kwargs; and scores of pairs. */
#include "data/formats_impl.h"

/* A value, or the JSON text of one (columnar files cannot hold free objects). */
static hn_status take(const hn_json *record, const char *name, hn_json_kind kind, hn_json *x, hn_error *err) {
    hn_json *value = hn_json_get(record, name), *parsed = NULL;
    hn_str text;
    if (hn_json_text(value, &text)) {
        hn_error why = {0};
        size_t i = 0;
        while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\n')) i++;
        if (i == text.n) return HN_OK;
        hn_status st = hn_json_parse(text.p, text.n, name, 1, &parsed, &why);
        if (st == HN_EFORMAT) return hn_bad_row(err, "column \"%s\" is a string that is no JSON: %s", name, why.msg);
        if (st != HN_OK) return hn_nomem(err, text.n);
    } else if (value) {
        parsed = hn_json_ref(value);
    }
    if (!parsed || (kind == HN_JSON_ARRAY && hn_json_type(parsed) == kind && hn_json_len(parsed) == 0)) {
        hn_json_free(parsed);
        return HN_OK;
    }
    if (hn_json_type(parsed) == kind) return hn_put(x, name, parsed, err);
    hn_bad_row(err, "column \"%s\" is %s, %s is expected", name, hn_json_what(parsed),
               kind == HN_JSON_ARRAY ? "an array" : "an object");
    hn_json_free(parsed);
    return HN_EFORMAT;
}

hn_status hn_extras_take(const hn_json *record, hn_json *x, hn_error *err) {
    HN_TRY(take(record, "tools", HN_JSON_ARRAY, x, err));
    HN_TRY(take(record, "documents", HN_JSON_ARRAY, x, err));
    return take(record, "chat_template_kwargs", HN_JSON_OBJECT, x, err);
}

hn_json *hn_number_take(const hn_json *record, const char *name) {
    hn_json *v = hn_json_get(record, name);
    hn_json_kind kind = hn_json_type(v);
    const char *text = hn_json_cstr(v); /* as tables of text have it */
    char *end;
    if (kind == HN_JSON_INT || kind == HN_JSON_REAL) return hn_json_ref(v);
    if (!text || !(*text == '-' || *text == '.' || (*text >= '0' && *text <= '9'))) return NULL;
    double n = hn_strtod(text, &end);
    return *end || end == text ? NULL : hn_json_new_num(n);
}

void hn_scores_take(const hn_json *record, hn_json *x) {
    static const char *const names[][3] = {{"score_chosen", "score_chosen", "chosen_score"},
                                           {"score_rejected", "score_rejected", "rejected_score"},
                                           {"margin", "margin", "margin"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        hn_json *v = hn_number_take(record, names[i][1]);
        if (!v) v = hn_number_take(record, names[i][2]);
        if (!v) v = hn_number_take(hn_json_get(record, "metadata"), names[i][1]);
        if (!v) v = hn_number_take(hn_json_get(record, "metadata"), names[i][2]);
        if (v) hn_json_set(x, names[i][0], v);
    }
}
