/* made_json.c - writes a tokenizer.json from another format's vocabulary: both the reader's way in and what is saved. */
#include "text/made_json.h"

void hn_made_release(hn_made *m) {
    hn_buf_release(&m->post);
    hn_buf_release(&m->vocab);
    hn_buf_release(&m->merges);
    hn_buf_release(&m->added);
}

void hn_made_piece(hn_made *m, hn_str text, int64_t id) {
    if (m->vocab.n) hn_buf_putc(&m->vocab, ',');
    hn_json_write_str(&m->vocab, text.p, text.n);
    hn_buf_printf(&m->vocab, ":%lld", (long long)id);
}

void hn_made_merge(hn_made *m, hn_str left, hn_str right) {
    hn_buf_puts(&m->merges, m->merges.n ? ",[" : "[");
    hn_json_write_str(&m->merges, left.p, left.n);
    hn_buf_putc(&m->merges, ',');
    hn_json_write_str(&m->merges, right.p, right.n);
    hn_buf_putc(&m->merges, ']');
}

void hn_made_added(hn_made *m, hn_str text, int64_t id, bool special) {
    hn_buf_printf(&m->added, "%s{\"id\":%lld,\"content\":", m->added.n ? "," : "", (long long)id);
    hn_json_write_str(&m->added, text.p, text.n);
    hn_buf_printf(&m->added, ",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":%s}",
                  special ? "true" : "false");
}

static void member(hn_buf *out, const char *key, const char *json) {
    hn_buf_printf(out, ",\"%s\":", key);
    hn_buf_puts(out, json && *json ? json : "null");
}

static void list(hn_buf *out, const char *key, const hn_buf *inside, const char *brackets) {
    hn_buf_printf(out, ",\"%s\":%c", key, brackets[0]);
    hn_buf_add(out, inside->p, inside->n);
    hn_buf_putc(out, brackets[1]);
    out->failed |= inside->failed;
}

hn_status hn_made_take(hn_tokenizer *t, hn_made *m, const char *name, hn_error *err) {
    hn_buf out = {0};
    hn_buf_puts(&out, "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null");
    list(&out, "added_tokens", &m->added, "[]");
    member(&out, "normalizer", m->normalizer);
    member(&out, "pre_tokenizer", m->pretokenizer);
    member(&out, "post_processor", m->post.p);
    member(&out, "decoder", m->decoder);
    hn_buf_puts(&out, ",\"model\":{");
    hn_buf_puts(&out, m->model);
    list(&out, "vocab", &m->vocab, "{}");
    if (m->is_bpe) list(&out, "merges", &m->merges, "[]");
    hn_buf_puts(&out, "}}");
    out.failed |= m->post.failed;
    t->made = true;
    hn_status st = out.failed ? hn_nomem(err, out.n) : hn_tokenizer_take_json(t, &out, name, err);
    hn_buf_release(&out);
    return st;
}

/* ------------------------------------------------------------------ post-processors */

static void put_special(hn_buf *out, hn_str text, int type) {
    hn_buf_puts(out, "{\"SpecialToken\":{\"id\":");
    hn_json_write_str(out, text.p, text.n);
    hn_buf_printf(out, ",\"type_id\":%d}}", type);
}

static void put_ids(hn_buf *out, hn_end e, bool comma) {
    if (comma) hn_buf_putc(out, ',');
    hn_json_write_str(out, e.text.p, e.text.n);
    hn_buf_puts(out, ":{\"id\":");
    hn_json_write_str(out, e.text.p, e.text.n);
    hn_buf_printf(out, ",\"ids\":[%d],\"tokens\":[", (int)e.id);
    hn_json_write_str(out, e.text.p, e.text.n);
    hn_buf_puts(out, "]}");
}

void hn_template_write(hn_buf *out, hn_end first, hn_end last, bool as_bert) {
    if (first.id < 0 && last.id < 0) return;
    hn_buf_puts(out, "{\"type\":\"TemplateProcessing\"");
    for (int pair = 0; pair < 2; pair++) {
        hn_buf_puts(out, pair ? ",\"pair\":[" : ",\"single\":[");
        for (int side = 0; side <= pair; side++) {
            int type = as_bert ? side : 0;
            if (side) hn_buf_putc(out, ',');
            if (first.id >= 0 && !(as_bert && side)) {
                put_special(out, first.text, type);
                hn_buf_putc(out, ',');
            }
            hn_buf_printf(out, "{\"Sequence\":{\"id\":\"%c\",\"type_id\":%d}}", 'A' + side, type);
            if (last.id < 0) continue;
            hn_buf_putc(out, ',');
            put_special(out, last.text, type);
        }
        hn_buf_putc(out, ']');
    }
    hn_buf_puts(out, ",\"special_tokens\":{");
    if (first.id >= 0) put_ids(out, first, false);
    if (last.id >= 0 && last.id != first.id) put_ids(out, last, first.id >= 0);
    hn_buf_puts(out, "}}");
}
