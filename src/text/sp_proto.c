/* sp_proto.c - reads SentencePiece's tokenizer.model: a protocol buffer of pieces and settings.
 *
 * Wire format: a field is a varint of number << 3 | type and its value; type 0 is a varint, 1 eight bytes, 2 a length and so
 * many bytes, 5 four bytes. Unknown fields are passed over; every length is checked against what is left. */
#include "text/sp_impl.h"

typedef struct wire {
    const char *begin, *p, *end;
} wire;

typedef struct field {
    uint32_t number, type;
    uint64_t value; /* of a varint, and the bits of fixed numbers */
    hn_str bytes;   /* of type 2 */
} field;

static hn_status broken(const wire *w, const char *what, hn_error *err) {
    return hn_fail(err, HN_EFORMAT, "byte %zu: %s", (size_t)(w->p - w->begin), what);
}

static bool varint(wire *w, uint64_t *out) {
    *out = 0;
    for (int shift = 0; shift < 64 && w->p < w->end; shift += 7) {
        unsigned char c = (unsigned char)*w->p++;
        *out |= (uint64_t)(c & 0x7F) << shift;
        if (c < 0x80) return true;
    }
    return false;
}

static hn_status next(wire *w, field *f, hn_error *err) {
    uint64_t key, n;
    if (!varint(w, &key)) return broken(w, "a field is cut off", err);
    *f = (field){.number = (uint32_t)(key >> 3), .type = (uint32_t)(key & 7)};
    if (f->number == 0) return broken(w, "there is no field 0", err);
    size_t fixed = f->type == 1 ? 8 : f->type == 5 ? 4 : 0;
    if (f->type == 0) {
        if (!varint(w, &f->value)) return broken(w, "a number is cut off", err);
    } else if (f->type == 2) {
        if (!varint(w, &n) || n > (uint64_t)(w->end - w->p))
            return broken(w, "a field is longer than what is left of the file", err);
        f->bytes = (hn_str){w->p, (size_t)n};
        w->p += n;
    } else if (fixed) {
        if ((size_t)(w->end - w->p) < fixed) return broken(w, "a number is cut off", err);
        for (size_t i = 0; i < fixed; i++) f->value |= (uint64_t)(unsigned char)w->p[i] << (8 * i);
        w->p += fixed;
    } else {
        return broken(w, "a field of a type that does not exist", err);
    }
    return HN_OK;
}

static wire inside(const wire *outer, hn_str bytes) {
    return (wire){outer->begin, bytes.p, bytes.p + bytes.n};
}

static hn_status read_piece(wire w, hn_sp *sp, hn_error *err) {
    hn_str text = {"", 0};
    float score = 0;
    int64_t type = HN_SP_NORMAL;
    field f;
    while (w.p < w.end) {
        HN_TRY(next(&w, &f, err));
        if (f.number == 1 && f.type == 2) text = f.bytes;
        if (f.number == 3 && f.type == 0) type = f.value > 100 ? 100 : (int64_t)f.value;
        if (f.number == 2 && f.type == 5) {
            uint32_t bits = (uint32_t)f.value;
            memcpy(&score, &bits, sizeof score);
        }
    }
    return hn_sp_add(sp, text, (double)score, type, err);
}

static hn_status read_surface(hn_sp *sp, hn_str text, hn_error *err) {
    if (!hn_utf8_valid(text.p, text.n, NULL)) return hn_fail(err, HN_EFORMAT, "unk_surface is no UTF-8");
    hn_free(sp->unk_surface);
    sp->unk_surface = hn_strndup(text.p, text.n);
    return sp->unk_surface ? HN_OK : hn_nomem(err, text.n);
}

static hn_status read_trainer(wire w, hn_sp *sp, hn_error *err) {
    static const char *const kinds[] = {"0", "UNIGRAM", "BPE", "WORD", "CHAR"};
    field f;
    while (w.p < w.end) {
        HN_TRY(next(&w, &f, err));
        if (f.number == 44 && f.type == 2) HN_TRY(read_surface(sp, f.bytes, err));
        if (f.type != 0) continue;
        int32_t id = (int64_t)f.value < 0 || f.value > INT32_MAX ? -1 : (int32_t)f.value;
        if (f.number == 3 && f.value != 1 && f.value != 2) {
            hn_fail(err, HN_ENOTSUP, "trainer_spec.model_type is %s: only BPE and UNIGRAM are known",
                    f.value < 5 ? kinds[f.value] : "unknown");
            hn_error_fix(err, "convert the tokenizer to tokenizer.json with transformers, and put that beside it");
            return HN_ENOTSUP;
        }
        if (f.number == 3) sp->is_bpe = f.value == 2;
        if (f.number == 24) sp->suffix = f.value != 0;
        if (f.number == 35) sp->byte_fallback = f.value != 0;
        if (f.number == 41) sp->bos = id;
        if (f.number == 42) sp->eos = id;
        if (f.number == 43) sp->pad = id;
    }
    return HN_OK;
}

static hn_status read_normalizer(wire w, hn_sp *sp, hn_error *err) {
    field f;
    while (w.p < w.end) {
        HN_TRY(next(&w, &f, err));
        if (f.number == 3 && f.type == 0) sp->dummy_prefix = f.value != 0;
        if (f.number == 4 && f.type == 0) sp->strips_extra = f.value != 0;
        if (f.number == 5 && f.type == 0) sp->escapes = f.value != 0;
        if (f.number != 2 || f.type != 2 || f.bytes.n == 0) continue;
        hn_charsmap_free(sp->map);
        HN_TRY(hn_charsmap_new(f.bytes, &sp->map, err));
    }
    return HN_OK;
}

static hn_status read_denormalizer(wire w, hn_error *err) {
    field f;
    while (w.p < w.end) {
        HN_TRY(next(&w, &f, err));
        if (f.number == 2 && f.type == 2 && f.bytes.n > 0)
            return hn_fail(err, HN_ENOTSUP, "denormalizer_spec has a character map");
    }
    return HN_OK;
}

hn_status hn_sp_parse(hn_str model, hn_sp *sp, hn_error *err) {
    wire w = {model.p, model.p, model.p + model.n};
    sp->bos = 1; /* the format's defaults */
    sp->eos = 2;
    field f;
    while (w.p < w.end) {
        HN_TRY(next(&w, &f, err));
        if (f.type != 2) continue;
        if (f.number == 1) HN_TRY(read_piece(inside(&w, f.bytes), sp, err));
        if (f.number == 2) HN_TRY_CTX(read_trainer(inside(&w, f.bytes), sp, err), err, "trainer_spec");
        if (f.number == 3) HN_TRY_CTX(read_normalizer(inside(&w, f.bytes), sp, err), err, "normalizer_spec");
        if (f.number == 5) HN_TRY(read_denormalizer(inside(&w, f.bytes), err));
    }
    return HN_OK;
}
