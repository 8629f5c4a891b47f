/* format_pubmedqa.c - PubMedQA: a question about the abstract in CONTEXTS; LONG_ANSWER is what to write, final_decision (yes,
 * no, maybe) the label where classes are asked for. */
#include "data/formats_impl.h"

static bool detect(const hn_json *record, const hn_convert_opts *o, char *reason) {
    (void)o;
    if (!hn_is_text(record, "QUESTION") || hn_json_type(hn_json_get(record, "CONTEXTS")) != HN_JSON_ARRAY) return false;
    return hn_because(reason, "columns \"QUESTION\" and \"CONTEXTS\"");
}

static hn_status abstract(const hn_json *record, hn_buf *b, hn_error *err) {
    const hn_json *parts = hn_json_get(record, "CONTEXTS");
    for (size_t i = 0; i < hn_json_len(parts); i++) {
        hn_str s;
        if (!hn_json_text(hn_json_at(parts, i), &s)) return hn_bad_row(err, "\"CONTEXTS\"[%zu] is no string", i);
        if (i) hn_buf_putc(b, '\n');
        hn_buf_add(b, s.p, s.n);
    }
    return b->failed ? hn_nomem(err, b->n) : HN_OK;
}

static hn_status build(const hn_json *record, const hn_convert_opts *o, hn_str text, hn_examples *out, hn_error *err) {
    hn_str s;
    hn_json *x;
    HN_TRY(hn_column_text(record, "QUESTION", &s, err));
    if (o->view == HN_VIEW_CLASSIFY) {
        HN_TRY(hn_examples_add(out, HN_KIND_CLASSIFY, &x, err));
        HN_TRY(hn_column_move(record, "QUESTION", x, "text", err));
        HN_TRY(hn_put(x, "text_pair", hn_json_new_str(text.p ? text.p : "", text.n), err));
        return hn_column_move(record, "final_decision", x, "label", err);
    }
    hn_instruction in = {.instruction = s, .input = text};
    HN_TRY(hn_column_text(record, "LONG_ANSWER", &s, err));
    return hn_instruction_add(o, "question", &in, hn_json_get(record, "LONG_ANSWER"), out, err);
}

static hn_status convert(const hn_json *record, const hn_convert_opts *o, hn_examples *out, hn_error *err) {
    hn_buf b = {0};
    hn_status st = abstract(record, &b, err);
    if (st == HN_OK) st = build(record, o, (hn_str){b.p, b.n}, out, err);
    hn_buf_release(&b);
    return st;
}

const hn_format hn_format_pubmedqa = {.name = "pubmedqa",
                                      .about = "columns \"QUESTION\", \"CONTEXTS\" and \"LONG_ANSWER\" or \"final_decision\"",
                                      .kinds = HN_KIND_BIT(HN_KIND_COMPLETION) | HN_KIND_BIT(HN_KIND_CLASSIFY),
                                      .detect = detect,
                                      .convert = convert};
