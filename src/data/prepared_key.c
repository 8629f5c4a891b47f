/* prepared_key.c - the key of a set of prepared rows: a hash of all that decides them.
 *
 * Files count by their contents, read once from beginning to end (a small part of the time that encoding takes), not by times
 * of change: a copy or a fresh checkout finds its rows, an edit that keeps size and time does not. Their names count as well,
 * because the name can decide how a file is read. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/prepared_impl.h"

/* Raised whenever the same input gives other rows than before. */
enum { PREPARATION = 3 };

hn_status hn_file_digest(const char *path, char out[33], hn_error *err) {
    enum { PIECE = 1 << 20 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return hn_fail_errno(err, errno == ENOENT ? HN_ENOENT : HN_EIO, "cannot open '%s'", path);
    hn_hash *h = hn_hash_new();
    char *room = hn_alloc(PIECE);
    hn_status st = h && room ? HN_OK : hn_nomem(err, PIECE);
    while (st == HN_OK) {
        ssize_t got = read(fd, room, PIECE);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) st = hn_fail_errno(err, HN_EIO, "cannot read '%s'", path);
        if (got <= 0) break;
        hn_hash_add(h, room, (size_t)got);
    }
    if (h) hn_hash_end(h, out);
    hn_free(room);
    close(fd);
    return st;
}

static void add_text(hn_hash *h, const char *name, const char *v) {
    hn_hash_add(h, name, strlen(name) + 1);
    hn_hash_add(h, v ? v : "\1", v ? strlen(v) + 1 : 2);
}

static void add_int(hn_hash *h, const char *name, int64_t v) {
    hn_hash_add(h, name, strlen(name) + 1);
    hn_hash_add(h, &v, sizeof v);
}

static void add_columns(hn_hash *h, const hn_columns *c) {
    if (!c) return;
    add_int(h, "others", c->others);
    for (size_t i = 0; i < c->n; i++) {
        add_text(h, "column", c->from[i]);
        add_text(h, "as", c->to[i]);
    }
}

/* A setting that decides rows belongs into the key; this stops at a new one until somebody has thought about it. */
_Static_assert(sizeof(void *) != 8 ||
                   (sizeof(hn_convert_opts) == 48 && sizeof(hn_encode_opts) == 168 && sizeof(hn_sources) == 56),
               "settings have changed: is the key of prepared rows still complete?");

static void add_opts(hn_hash *h, const hn_tokenizer *tok, const hn_encode_opts *o) {
    add_text(h, "hone", HONE_VERSION);
    add_int(h, "preparation", PREPARATION);
    add_int(h, "view", o->convert.view);
    add_text(h, "format", o->convert.format);
    add_text(h, "text_field", o->convert.text_field);
    add_text(h, "prompt_style", o->convert.prompt_style);
    add_columns(h, o->convert.columns);
    add_text(h, "tokenizer", tok ? hn_tokenizer_fingerprint(tok) : NULL);
    add_text(h, "eos", o->eos_token || !tok ? o->eos_token : hn_tokenizer_special(tok, HN_EOS));
    add_text(h, "template", o->chat ? hn_chat_fingerprint(o->chat) : NULL);
    add_int(h, "max_length", o->max_length);
    add_int(h, "keep_end", o->keep_end);
    add_int(h, "completion_only", o->completion_only);
    add_int(h, "assistant_only", o->assistant_only);
    add_int(h, "split_special", o->split_special);
    add_int(h, "whole_pairs", o->whole_pairs);
    add_int(h, "keep_all", o->keep_all);
    add_int(h, "add_eos", o->add_eos);
    add_int(h, "skip_bad", o->skip_bad);
    add_int(h, "limit", o->limit);
    add_int(h, "packing", o->packing);
    add_int(h, "shuffle", o->shuffle);
    add_int(h, "shuffle_seed", o->shuffle ? (int64_t)o->shuffle_seed : 0);
}

static void add_num(hn_hash *h, const char *name, double v) {
    hn_hash_add(h, name, strlen(name) + 1);
    hn_hash_add(h, &v, sizeof v);
}

/* A pipe can be read only once. */
static hn_status all_regular(const hn_sources *s, bool *yes, hn_error *err) {
    *yes = true;
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; k < s->part[i].files.n; k++) {
            struct stat st;
            const char *path = s->part[i].files.v[k];
            if (stat(path, &st) != 0) {
                hn_status code = errno == ENOENT || errno == ENOTDIR ? HN_ENOENT : HN_EIO;
                hn_fail_errno(err, code, "cannot open '%s'", path);
                if (code == HN_ENOENT) hn_error_fix(err, "check the path");
                return code;
            }
            if (!S_ISREG(st.st_mode)) *yes = false;
        }
    }
    return HN_OK;
}

static hn_status add_part(hn_hash *h, const hn_part *p, hn_error *err) {
    add_int(h, "from", p->slice.from);
    add_int(h, "to", p->slice.to);
    add_int(h, "percent", p->slice.percent);
    add_int(h, "part_limit", p->limit);
    add_num(h, "fraction", p->fraction);
    add_num(h, "weight", p->weight);
    add_text(h, "part_format", p->format);
    add_columns(h, &p->columns);
    for (size_t i = 0; i < p->files.n; i++) {
        char digest[33] = "";
        HN_TRY(hn_file_digest(p->files.v[i], digest, err));
        add_text(h, hn_path_base(p->files.v[i]), digest);
    }
    return HN_OK;
}

hn_status hn_prepared_key(const hn_sources *s, bool held_out, const hn_tokenizer *tok, const hn_encode_opts *o, char key[33],
                          bool *fixed, hn_error *err) {
    HN_TRY(all_regular(s, fixed, err));
    if (!*fixed) return HN_OK;
    hn_hash *h = hn_hash_new();
    if (!h) return hn_nomem(err, 1024);
    add_opts(h, tok, o);
    add_int(h, "mix", s->mix);
    add_int(h, "stopping", s->stopping);
    add_int(h, "seed", (int64_t)s->seed);
    add_num(h, "hold_out", s->hold_out);
    add_int(h, "held_out", held_out);
    add_int(h, "record_bytes", s->record_bytes);
    add_int(h, "unit", s->text_unit);
    hn_status st = HN_OK;
    for (size_t i = 0; i < s->n && st == HN_OK; i++) st = add_part(h, &s->part[i], err);
    hn_hash_end(h, key);
    return st;
}
