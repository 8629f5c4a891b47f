/* encode.c - files to encoded rows: what becomes of each example once it is tokens.
 *
 * The order of TRL's SFTTrainer: truncate to max_length and drop what has no target left (a target in the first position keeps
 * a row, though no loss ever reads it), or pack; then store, in memory or, from a certain size on, on disk. */
#include <string.h>

#include "data/pass_impl.h"
#include "data/prepared_impl.h"

typedef struct {
    hn_pass pass;
    const hn_encode_opts *o;
    hn_store store, stage[2]; /* stages: rows that are still to be shuffled */
    hn_store *into;           /* where rows go now */
    hn_packer packer;
    hn_prepared place;
    hn_rows *counts;      /* the store's */
    int64_t borders;
    hn_examples notes;    /* only its notes: of all records */
    hn_json *said;        /* what there is to say about the rows, said again when they are reused */
    char first_bad[1024]; /* the first record left out, for the warning */
} job;

void hn_encode_defaults(hn_encode_opts *o) {
    *o = (hn_encode_opts){.max_length = HN_UNSET_INT, .completion_only = -1, .add_eos = true, .limit = HN_UNSET_INT};
    hn_convert_defaults(&o->convert);
}

/* A record that cannot be used: the end, or with skip_bad one more that is left out. */
static hn_status refuse(job *j, const hn_item *it, hn_error *err) {
    if (!j->o->skip_bad || it->st != HN_EFORMAT || it->fatal) {
        if (err) *err = *it->err;
        return it->st;
    }
    if (j->counts->bad++ == 0) snprintf(j->first_bad, sizeof j->first_bad, "%s", it->err->msg);
    return HN_OK;
}

/* The folder of a store that goes to disk; a stage has one inside the other. */
static hn_status spill(job *j, hn_error *err) {
    const char *names[] = {"stage0", "stage1"};
    if (j->into == &j->store) return hn_store_spill(j->into, j->place.temp, err);
    char *dir = hn_path_join(j->place.temp, names[j->into - j->stage]);
    hn_status st = dir ? hn_dir_make(dir, err) : hn_nomem(err, 64);
    if (st == HN_OK) st = hn_store_spill(j->into, dir, err);
    hn_free(dir);
    return st;
}

/* Rows go to disk once they are many. A place that cannot be written to is no reason to stop: they fit, or memory runs out. */
static hn_status store_row(void *user, const hn_packed *row, hn_error *err) {
    job *j = user;
    if (j->place.dir && !j->into->dir && hn_store_bytes(j->into) >= j->o->prepared_bytes) {
        hn_error why = {0};
        hn_status st = j->place.temp ? HN_OK : hn_prepared_begin(&j->place, &why);
        if (st == HN_OK) {
            HN_TRY(spill(j, err));
        } else {
            hn_warn("prepared rows stay in memory: %s", why.msg);
            hn_prepared_release(&j->place);
        }
    }
    return hn_store_add(j->into, row, err);
}

static hn_status pack_row(void *user, const hn_packed *row, hn_error *err) {
    job *j = user;
    return hn_packer_add(&j->packer, row->id, row->label, row->n, row->record, err);
}

static hn_status keep(job *j, const hn_row *row, int64_t line, hn_error *err) {
    static const int64_t whole = 0;
    const hn_encode_opts *o = j->o;
    hn_packed out = {row->id, hn_row_label(row), (int64_t)row->n, &whole, 1, line};
    j->borders += row->prompt_alone > row->prompt;
    if (o->packing != HN_PACK_NONE) j->counts->examples++;
    if (o->shuffle && o->packing != HN_PACK_NONE) out.documents = 0; /* its first token may come to stand inside a row */
    if (o->packing != HN_PACK_NONE) return o->shuffle ? store_row(j, &out, err) : pack_row(j, &out, err);
    bool cut = o->max_length != HN_UNSET_INT && out.n > o->max_length;
    if (cut && o->keep_end) {
        out.id += out.n - o->max_length;
        out.label += out.n - o->max_length;
    }
    if (cut) out.n = o->max_length;
    bool target = o->keep_all;
    for (int64_t i = 0; i < out.n && !target; i++) target = out.label[i] != HN_NO_TARGET;
    j->counts->truncated += cut;
    j->counts->dropped += !target;
    j->counts->examples += target;
    return target ? store_row(j, &out, err) : HN_OK;
}

static hn_status on_item(void *user, hn_pass *p, hn_item *it, hn_error *err) {
    job *j = user;
    if (it->st != HN_OK) return refuse(j, it, err);
    p->part[it->raw.part].examples += (int64_t)it->count;
    for (size_t i = 0; i < it->examples.notes; i++)
        hn_examples_note(&j->notes, it->examples.note[i].what, it->examples.note[i].n);
    for (size_t i = 0; i < it->count; i++)
        for (size_t k = 0; k < it->encoded[i].n; k++) HN_TRY(keep(j, &it->encoded[i].row[k], it->raw.line, err));
    return HN_OK;
}

static hn_status nothing_left(const job *j, hn_error *err) {
    const hn_rows *r = j->counts;
    const hn_sources *s = j->pass.sources;
    const char *name = s->n && s->part[0].files.n ? s->part[0].files.v[0] : "no file";
    if (r->read == 0) {
        hn_fail(err, HN_EFORMAT, "%s: no records: the data set is empty", name);
        hn_error_fix(err, "check --dataset_name");
        return HN_EFORMAT;
    }
    if (r->bad == r->read) {
        hn_fail(err, HN_EFORMAT, "%s: none of its %lld records can be used", name, (long long)r->read);
        hn_error_detail(err, "the first: %s", j->first_bad);
        hn_error_fix(err, "correct the records; without --on_bad_row skip the first error is shown whole");
        return HN_EFORMAT;
    }
    if (j->o->packing == HN_PACK_BLOCKS) {
        hn_fail(err, HN_EFORMAT, "the texts have %lld tokens in all, too few for one block of %lld", (long long)j->packer.left,
                (long long)j->o->max_length);
        hn_error_fix(err, "give more text, or a smaller --block_size");
        return HN_EFORMAT;
    }
    hn_fail(err, HN_EFORMAT, "%s: every row dropped: none of %lld has a token to train on", name, (long long)(r->read - r->bad));
    if (r->truncated) {
        hn_error_detail(err, "%lld rows were cut to %lld tokens", (long long)r->truncated, (long long)j->o->max_length);
        hn_error_fix(err, "raise --max_length above %lld", (long long)j->o->max_length);
    } else {
        hn_error_fix(err, "rows need a completion, or labels other than -100");
    }
    return HN_EFORMAT;
}

/* ------------------------------------------------------------------ what there is to say */

static void note(job *j, hn_log_level level, const char *fmt, ...) HN_PRINTF(3, 4);
static void note(job *j, hn_log_level level, const char *fmt, ...) {
    char text[2048];
    va_list args;
    text[0] = level == HN_LOG_WARN ? 'w' : 'i';
    va_start(args, fmt);
    vsnprintf(text + 1, sizeof text - 1, fmt, args);
    va_end(args);
    hn_json_push(j->said, hn_json_new_str(text, strlen(text)));
}

static void say(const hn_json *said) {
    for (size_t i = 0; i < hn_json_len(said); i++) {
        const char *text = hn_json_cstr(hn_json_at(said, i));
        if (text && *text) hn_log(*text == 'w' ? HN_LOG_WARN : HN_LOG_INFO, "%s", text + 1);
    }
}

static void note_what_happened(job *j) {
    const hn_rows *r = j->counts;
    for (size_t i = 0; i < j->notes.notes; i++)
        note(j, HN_LOG_INFO, "%lld %s", (long long)j->notes.note[i].n, j->notes.note[i].what);
    if (r->bad) note(j, HN_LOG_WARN, "%lld records left out as not usable; the first: %s", (long long)r->bad, j->first_bad);
    if (r->dropped) {
        note(j, HN_LOG_WARN, "%lld of %lld rows dropped: no token to train on is left in them%s", (long long)r->dropped,
             (long long)r->read, r->truncated ? " after truncation" : "");
    }
    if (j->borders) {
        note(j, HN_LOG_WARN,
             "in %lld rows the prompt alone does not begin the row as it stands there: its end and the completion's start are "
             "one token, or the template writes it differently; training counts what differs to the completion",
             (long long)j->borders);
    }
    if (j->pass.stop_untrained)
        note(j, HN_LOG_WARN,
             "the chat template leaves the end of the assistant's turn out of what is trained on: the model may not learn to "
             "stop; leave out --assistant_only_loss, or move the end token inside the template's generation part");
}

/* ------------------------------------------------------------------ from beginning to end */

static hn_status check(const hn_encode_opts *o, hn_error *err) {
    const hn_format *f;
    char reason[HN_REASON];
    if (o->max_length != HN_UNSET_INT && o->max_length < 1)
        return hn_fail(err, HN_EARG, "max_length is %lld, at least 1 is expected", (long long)o->max_length);
    if (o->packing != HN_PACK_NONE && o->max_length == HN_UNSET_INT) {
        hn_fail(err, HN_EARG, "packing needs a length to fill");
        hn_error_fix(err, "give --max_length");
        return HN_EARG;
    }
    return o->convert.format ? hn_format_choose(NULL, 0, &o->convert, &f, reason, err) : HN_OK;
}

/* The format, or the formats where sources differ, and why. */
static void name_formats(job *j) {
    hn_rows *r = j->counts;
    size_t at = 0;
    for (size_t i = 0; i < j->pass.sources->n; i++) {
        const hn_pass_part *known = &j->pass.part[i];
        bool named = !known->format;
        for (size_t k = 0; k < i && !named; k++) named = j->pass.part[k].format == known->format;
        if (named) continue;
        const char *name = hn_format_name(known->format);
        if (at < sizeof r->format) at += (size_t)snprintf(r->format + at, sizeof r->format - at, "%s%s", at ? ", " : "", name);
        if (!r->reason[0]) snprintf(r->reason, sizeof r->reason, "%s", known->reason);
    }
    if (j->o->packing == HN_PACK_BLOCKS)
        snprintf(r->reason, sizeof r->reason, "blocks of %lld tokens", (long long)j->o->max_length);
}

/* What each source gave. */
static hn_status list_sources(job *j, hn_error *err) {
    hn_json *list = hn_json_new_array();
    if (!list) return hn_nomem(err, 64);
    for (size_t i = 0; i < j->pass.sources->n; i++) {
        const hn_pass_part *known = &j->pass.part[i];
        const char *name = j->pass.sources->part[i].name, *format = known->format ? hn_format_name(known->format) : "";
        hn_json *one = hn_json_new_object();
        hn_json_set_text(one, "name", name);
        hn_json_set_text(one, "format", format);
        hn_json_set_int(one, "records", known->records);
        hn_json_set_int(one, "examples", known->examples);
        hn_json_push(list, one);
    }
    j->counts->sources = list;
    return HN_OK;
}

static bool keeps_documents(const hn_encode_opts *o) { return o->packing == HN_PACK_BFD || o->packing == HN_PACK_BFD_SPLIT; }

/* Shuffles the rows of a stage on into the packer or the next store, and drops the stage. */
static hn_status shuffle_on(job *j, hn_store *stage, hn_store *into, hn_pack_emit *emit, hn_error *err) {
    hn_rows *rows;
    HN_TRY(hn_store_finish(stage, err));
    HN_TRY(hn_store_take(stage, stage->dir, &rows, err));
    j->into = into;
    hn_status st = hn_rows_shuffled(rows, j->o->shuffle_seed, emit, j, err);
    if (st == HN_OK && emit == pack_row) st = hn_packer_end(&j->packer, err);
    hn_rows_free(rows);
    if (st == HN_OK && stage->dir) st = hn_dir_remove(stage->dir, err);
    hn_store_release(stage);
    return st;
}

static hn_status pass(job *j, hn_error *err) {
    const hn_encode_opts *o = j->o;
    bool packs = o->packing != HN_PACK_NONE;
    hn_packer_begin(&j->packer, o->packing, o->max_length, store_row, j);
    j->into = o->shuffle ? &j->stage[0] : &j->store;
    if (o->shuffle) HN_TRY(hn_store_begin(&j->stage[0], false, &(hn_rows *){NULL}, err));
    if (o->shuffle && packs) HN_TRY(hn_store_begin(&j->stage[1], keeps_documents(o), &(hn_rows *){NULL}, err));
    HN_TRY(hn_pass_run(&j->pass, err));
    if (!o->shuffle) return packs ? hn_packer_end(&j->packer, err) : HN_OK;
    if (packs) HN_TRY(shuffle_on(j, &j->stage[0], &j->stage[1], pack_row, err));
    return shuffle_on(j, &j->stage[packs], &j->store, store_row, err);
}

static hn_status make(job *j, hn_error *err) {
    const hn_encode_opts *o = j->o;
    HN_TRY(hn_store_begin(&j->store, keeps_documents(o), &j->counts, err));
    HN_TRY(pass(j, err));
    hn_rows *r = j->counts;
    r->read = j->pass.read;
    r->packing = o->packing;
    r->conversational = j->pass.conversational;
    r->truncated += j->packer.cut;
    if (r->rows == 0 || (o->packing != HN_PACK_NONE && r->targets == 0 && !o->keep_all)) return nothing_left(j, err);
    name_formats(j);
    HN_TRY(list_sources(j, err));
    memcpy(r->first_text, j->pass.first_text, sizeof r->first_text);
    note_what_happened(j);
    return hn_store_finish(&j->store, err);
}

/* The rows of an earlier run, or new ones. */
static hn_status get(job *j, hn_rows **out, hn_error *err) {
    j->said = hn_json_new_array();
    if (!j->said) return hn_nomem(err, 64);
    HN_TRY(hn_prepared_place(&j->place, j->pass.sources, j->pass.held_out, j->pass.tok, j->o, err));
    if (j->place.dir && !j->o->overwrite_prepared) {
        hn_json *said;
        HN_TRY(hn_prepared_open(&j->place, out, &said, err));
        if (*out) {
            hn_json_free(j->said);
            j->said = said;
            return HN_OK;
        }
    }
    HN_TRY(make(j, err));
    return j->store.dir ? hn_prepared_commit(&j->place, &j->store, j->said, out, err) : hn_store_take(&j->store, NULL, out, err);
}

hn_status hn_sources_encode(const hn_sources *s, bool held_out, const hn_tokenizer *tok, const hn_encode_opts *o, hn_rows **out,
                            hn_error *err) {
    *out = NULL;
    HN_TRY(check(o, err));
    job *j = hn_calloc(1, sizeof *j);
    if (!j) return hn_nomem(err, sizeof *j);
    j->o = o;
    j->place.lock = -1;
    j->pass = (hn_pass){.sources = s,
                        .held_out = held_out,
                        .tok = tok,
                        .o = o,
                        .convert = o->convert,
                        .stop_at_bad = !o->skip_bad,
                        .fn = on_item,
                        .user = j};
    hn_status st = get(j, out, err);
    if (st == HN_OK && (*out)->prepared) hn_prepared_trim(o->prepared_dir, o->prepared_limit);
    if (st == HN_OK) say(j->said);
    hn_json_free(j->said);
    hn_pass_release(&j->pass);
    hn_packer_release(&j->packer);
    if (j->counts) hn_store_release(&j->store);
    for (int i = 0; i < 2; i++)
        if (j->stage[i].rows) hn_store_release(&j->stage[i]);
    hn_prepared_release(&j->place);
    hn_free(j);
    return st;
}

hn_status hn_rows_encode(const hn_strlist *files, const hn_tokenizer *tok, const hn_encode_opts *o, hn_rows **out,
                         hn_error *err) {
    hn_sources s;
    *out = NULL;
    hn_sources_init(&s);
    hn_status st = hn_sources_add_files(&s, files, err);
    if (st == HN_OK) st = hn_sources_encode(&s, false, tok, o, out, err);
    hn_sources_release(&s);
    return st;
}
