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
enum { PREPARATION = 1 };

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

static void add_opts(hn_hash *h, const hn_tokenizer *tok, const hn_encode_opts *o) {
    add_text(h, "hone", HONE_VERSION);
    add_int(h, "preparation", PREPARATION);
    add_int(h, "view", o->convert.view);
    add_text(h, "format", o->convert.format);
    add_text(h, "text_field", o->convert.text_field);
    add_text(h, "tokenizer", tok ? hn_tokenizer_fingerprint(tok) : NULL);
    add_text(h, "eos", o->eos_token || !tok ? o->eos_token : hn_tokenizer_special(tok, HN_EOS));
    add_int(h, "max_length", o->max_length);
    add_int(h, "keep_end", o->keep_end);
    add_int(h, "completion_only", o->completion_only);
    add_int(h, "assistant_only", o->assistant_only);
    add_int(h, "keep_all", o->keep_all);
    add_int(h, "add_eos", o->add_eos);
    add_int(h, "skip_bad", o->skip_bad);
    add_int(h, "limit", o->limit);
    add_int(h, "packing", o->packing);
}

hn_status hn_prepared_key(const hn_strlist *files, const hn_tokenizer *tok, const hn_encode_opts *o, char key[33], bool *fixed,
                          hn_error *err) {
    *fixed = true;
    for (size_t i = 0; i < files->n; i++) {
        struct stat st;
        if (stat(files->v[i], &st) != 0) return hn_fail_errno(err, HN_ENOENT, "cannot open '%s'", files->v[i]);
        if (!S_ISREG(st.st_mode)) *fixed = false;
    }
    if (!*fixed) return HN_OK;
    hn_hash *h = hn_hash_new();
    if (!h) return hn_nomem(err, 1024);
    add_opts(h, tok, o);
    hn_status st = HN_OK;
    for (size_t i = 0; i < files->n && st == HN_OK; i++) {
        char digest[33] = "";
        st = hn_file_digest(files->v[i], digest, err);
        add_text(h, hn_path_base(files->v[i]), digest);
    }
    hn_hash_end(h, key);
    return st;
}
