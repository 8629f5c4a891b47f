/* inspect_stats.c - counts over all rows, in bounded memory, and copies of those to be shown. */
#include <string.h>

#include "cli/inspect.h"

/* Lengths below 64 one by one, above 32 buckets for every doubling. */
static int bucket_of(int64_t n) {
    if (n < 64) return (int)n;
    int shift = 0;
    while (n >> shift >= 64) shift++;
    int b = 64 + (shift - 1) * 32 + (int)((n >> shift) - 32);
    return b < LENGTH_BUCKETS ? b : LENGTH_BUCKETS - 1;
}

/* The least length of a bucket. */
static int64_t bucket_start(int b) {
    if (b < 64) return b;
    int shift = (b - 64) / 32 + 1;
    return (int64_t)(32 + (b - 64) % 32) << shift;
}

int64_t inspect_quantile(const inspection *s, double q) {
    int64_t left = (int64_t)(q * (double)s->parts);
    for (int b = 0; b < LENGTH_BUCKETS; b++) {
        left -= s->length[b];
        if (left < 0) return bucket_start(b);
    }
    return s->longest;
}

int inspect_bins(const inspection *s, length_bin out[24]) {
    int64_t top = inspect_quantile(s, 0.99) + 1, width = 1;
    for (int k = 0; width * 12 < top; k++) width = k % 3 == 1 ? width / 2 * 5 : width * 2; /* 1 2 5 10 20 50 ... */
    int n = 0;
    for (int64_t from = 0; from < top && n < 22; from += width) out[n++] = (length_bin){from, from + width - 1, 0};
    for (int b = 0; b < LENGTH_BUCKETS; b++) {
        if (!s->length[b]) continue;
        int64_t i = bucket_start(b) / width;
        if (i >= n) {
            bool more = out[n - 1].to == INT64_MAX;
            if (!more) out[n] = (length_bin){out[n - 1].to + 1, INT64_MAX, 0};
            n += !more;
            i = n - 1;
        }
        out[i].n += s->length[b];
    }
    if (out[n - 1].to == INT64_MAX) out[n - 1].to = s->longest;
    int empty = 0;
    while (empty + 1 < n && out[empty].n == 0) empty++;
    memmove(out, out + empty, (size_t)(n - empty) * sizeof *out);
    return n - empty;
}

static void count_role(inspection *s, const hn_json *list) {
    for (size_t i = 0; i < hn_json_len(list); i++) {
        hn_str role;
        if (!hn_json_text(hn_json_get(hn_json_at(list, i), "role"), &role)) continue;
        int k = 0;
        while (k < s->roles && !hn_str_eq(role, s->role[k].name)) k++;
        if (k == s->roles) {
            if (k == ROLES || role.n >= sizeof s->role[0].name) continue;
            memcpy(s->role[k].name, role.p, role.n);
            s->roles++;
        }
        s->role[k].n++;
    }
}

static void count_part(inspection *s, const hn_look_part *p) {
    s->parts++;
    s->tokens += p->kept;
    s->lost += p->n - p->kept;
    s->length[bucket_of(p->n)]++;
    if (p->n > s->longest) s->longest = p->n;
    for (int64_t i = p->from + 1; i < p->from + p->kept; i++) s->targets += p->label[i] != -100;
}

static shown_row *show(inspection *s, size_t parts, hn_error *err) {
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 8;
        shown_row *grown = hn_realloc_array(s->shown, room, sizeof *grown);
        if (!grown) {
            hn_nomem(err, room);
            return NULL;
        }
        s->shown = grown;
        s->room = room;
    }
    shown_row *r = &s->shown[s->count];
    *r = (shown_row){.part = hn_calloc(parts ? parts : 1, sizeof *r->part), .parts = parts};
    if (!r->part) {
        hn_nomem(err, parts);
        return NULL;
    }
    s->count++;
    return r;
}

static hn_status copy_part(shown_part *to, const int32_t *id, const int32_t *label, int64_t n, hn_error *err) {
    to->id = hn_alloc_array((size_t)n + 1, sizeof *to->id);
    to->label = hn_alloc_array((size_t)n + 1, sizeof *to->label);
    if (!to->id || !to->label) return hn_nomem(err, (size_t)n);
    memcpy(to->id, id, (size_t)n * sizeof *id);
    memcpy(to->label, label, (size_t)n * sizeof *label);
    to->n = n;
    return HN_OK;
}

/* Words with a tag of their own: "Anna/B-PER Berg/I-PER". */
static void put_tags(const hn_json *x, hn_buf *out) {
    const hn_json *tokens = hn_json_get(x, "tokens"), *tags = hn_json_get(x, "tags");
    for (size_t i = 0; i < hn_json_len(tags); i++) {
        const char *word = hn_json_cstr(hn_json_at(tokens, i)), *tag = hn_json_cstr(hn_json_at(tags, i));
        if (word && tag && !hn_streq(tag, "O")) hn_buf_printf(out, "%s%s/%s", out->n ? " " : "", word, tag);
    }
    if (!out->n) hn_buf_puts(out, "no word has a tag");
}

static void put_answers(const hn_json *x, hn_buf *out) {
    const hn_json *answers = hn_json_get(x, "answers"), *texts = hn_json_get(answers, "text"),
                  *starts = hn_json_get(answers, "answer_start");
    for (size_t i = 0; i < hn_json_len(texts); i++) {
        hn_buf_puts(out, i ? ", " : "");
        hn_json_write(out, hn_json_at(texts, i), 0);
        hn_buf_printf(out, " at %lld", (long long)hn_json_int(hn_json_at(starts, i), -1));
    }
    if (!out->n) hn_buf_puts(out, "no answer in the context");
}

static char *label_of(const hn_example *x) {
    hn_buf b = {0};
    if (x->kind == HN_KIND_TAG) put_tags(x->value, &b);
    else if (x->kind == HN_KIND_QA) put_answers(x->value, &b);
    else if (x->kind == HN_KIND_CLASSIFY || x->kind == HN_KIND_UNPAIRED) hn_json_write(&b, hn_json_get(x->value, "label"), 0);
    return b.n ? hn_buf_take(&b) : NULL;
}

static hn_status copy(inspection *s, const hn_look *row, hn_error *err) {
    shown_row *r = show(s, row->parts, err);
    if (!r) return HN_ENOMEM;
    r->index = row->index;
    r->line = row->line;
    r->kind = row->example ? hn_kind_name(row->example->kind) : "";
    r->dropped = row->dropped;
    r->label = row->example ? label_of(row->example) : NULL;
    r->file = hn_strdup(row->file ? row->file : "");
    r->problem = row->st != HN_OK && row->err ? hn_strdup(row->err->msg) : NULL;
    if (!r->file || (row->st != HN_OK && row->err && !r->problem)) return hn_nomem(err, 1);
    for (size_t i = 0; i < row->parts; i++) {
        const hn_look_part *p = &row->part[i];
        HN_TRY(copy_part(&r->part[i], p->id, p->label, p->n, err));
        snprintf(r->part[i].name, sizeof r->part[i].name, "%s", p->name);
        r->part[i].from = p->from;
        r->part[i].kept = p->kept;
        r->part[i].prompt = p->prompt;
        r->part[i].prompt_alone = p->prompt_alone;
    }
    return HN_OK;
}

hn_status inspect_row(inspection *s, const hn_look *row, hn_error *err) {
    static const char *const lists[] = {"messages", "prompt", "completion", "chosen", "rejected"};
    bool cut = false;
    s->rows++;
    s->unusable += row->st != HN_OK;
    s->empty += row->st == HN_OK && !row->example;
    s->dropped += row->dropped;
    if (!s->format[0] && row->format) {
        snprintf(s->format, sizeof s->format, "%s", row->format);
        snprintf(s->reason, sizeof s->reason, "%s", row->reason ? row->reason : "");
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists && row->example; i++) {
        const hn_json *list = hn_json_get(row->example->value, lists[i]);
        if (hn_json_type(list) == HN_JSON_ARRAY) count_role(s, list);
    }
    for (size_t i = 0; i < row->parts; i++) {
        count_part(s, &row->part[i]);
        cut |= row->part[i].kept < row->part[i].n;
    }
    s->cut += cut;
    bool wanted = !s->packing && row->index >= s->first && (int64_t)s->count < s->most;
    return wanted ? copy(s, row, err) : HN_OK;
}

/* The documents of a packed row; targets are the ids where the loss is on. */
static hn_status copy_packed(inspection *s, const hn_rows *r, int64_t row, hn_error *err) {
    int64_t from = r->row_document ? r->row_document[row] : 0, to = r->row_document ? r->row_document[row + 1] : 1;
    shown_row *out = show(s, (size_t)(to - from), err);
    if (!out) return HN_ENOMEM;
    out->index = row;
    out->line = r->record[row];
    out->kind = "packed";
    for (int64_t d = from; d < to; d++) {
        shown_part *p = &out->part[d - from];
        int64_t begin = r->row_document ? r->document[d] : r->at[row],
                n = (r->row_document ? r->document[d + 1] : r->at[row + 1]) - begin;
        HN_TRY(copy_part(p, r->ids + begin, r->label ? r->label + begin : r->ids + begin, n, err));
        for (int64_t i = 0; i < n; i++)
            if (!r->loss[begin + i]) p->label[i] = -100;
        p->kept = n;
        if (to - from > 1) snprintf(p->name, sizeof p->name, "document %lld", (long long)(d - from + 1));
        else snprintf(p->name, sizeof p->name, "row");
    }
    return HN_OK;
}

hn_status inspect_packed(inspection *s, const hn_rows *r, hn_error *err) {
    s->packed_rows = r->rows;
    s->packed_tokens = r->tokens;
    for (int64_t i = s->first; i < r->rows && (int64_t)s->count < s->most; i++) HN_TRY(copy_packed(s, r, i, err));
    return HN_OK;
}

void inspect_release(inspection *s) {
    for (size_t i = 0; i < s->count; i++) {
        for (size_t k = 0; k < s->shown[i].parts; k++) {
            hn_free(s->shown[i].part[k].id);
            hn_free(s->shown[i].part[k].label);
        }
        hn_free(s->shown[i].part);
        hn_free(s->shown[i].file);
        hn_free(s->shown[i].problem);
        hn_free(s->shown[i].label);
    }
    hn_free(s->shown);
    *s = (inspection){0};
}

unsigned token_marks(const inspection *s, const shown_part *p, int64_t i) {
    bool cut = i < p->from || i >= p->from + p->kept;
    unsigned marks = p->label[i] != -100 && !cut && i > p->from ? TOKEN_TARGET : 0; /* nothing predicts the first token */
    if (s->set->tok && hn_tokenizer_is_special(s->set->tok, p->id[i])) marks |= TOKEN_SPECIAL;
    return marks | (cut ? TOKEN_CUT : 0);
}

int64_t part_targets(const shown_part *p) {
    int64_t n = 0;
    for (int64_t i = p->from + 1; i < p->from + p->kept; i++) n += p->label[i] != -100;
    return n;
}
