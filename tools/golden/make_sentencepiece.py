"""Writes tests/fixtures/text/sp_*.model and .cases: small SentencePiece models and what the sentencepiece package makes of texts.

Usage: make_sentencepiece.py OUT_FOLDER

The models are trained on the texts of make_tokens.py and then changed: unused and user-defined pieces, equal scores, byte pieces.
A case holds ids, spans in bytes and the decoded text.
"""
import io
import json
import os
import sys

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb

import make_tokens

RULES = "\n".join(["D A\t20", "A\t20", "9\t20", "FB01\t66 69", "BD\t31 2044 32", "3000\t20", "1\t", "2026\t2E 2E 2E", "65 301\tE9",
                   "FF21\t41", "FF42\t62", "30AB 3099\t30AC"])


def trained(kind, size, corpus, tsv=None, **options):
    out = io.BytesIO()
    if tsv:
        options["normalization_rule_tsv"] = tsv
    else:
        options.setdefault("normalization_rule_name", "identity")
    spm.SentencePieceTrainer.train(sentence_iterator=iter(corpus), model_writer=out, model_type=kind, vocab_size=size,
                                   hard_vocab_limit=False, num_threads=1, character_coverage=options.pop("coverage", 0.985), minloglevel=2, **options)
    model = pb.ModelProto()
    model.ParseFromString(out.getvalue())
    return model


def add(model, text, score, kind):
    piece = model.pieces.add()
    piece.piece, piece.score, piece.type = text, score, kind


def models(corpus, tsv):
    kind = pb.ModelProto.SentencePiece
    m = trained("bpe", 700, corpus, byte_fallback=True, remove_extra_whitespaces=False, split_digits=True)
    for k in (2, 4, 8, 3, 5):
        add(m, "▁" * k, -1e9, kind.NORMAL)
    yield "sp_bpe_bytes", m
    m = trained("bpe", 500, corpus, user_defined_symbols=["<x>", "the", "th", "中", " a"], control_symbols=["<c>"], add_dummy_prefix=False,
                remove_extra_whitespaces=False, allow_whitespace_only_pieces=True)
    pieces = [p for p in m.pieces if p.type == kind.NORMAL and len(p.piece) > 2]
    for p in pieces[::5]:
        p.type = kind.UNUSED
    for a, b in zip(pieces[1::7], pieces[2::7]):
        b.score = a.score
    yield "sp_bpe_user", m
    m = trained("unigram", 500, corpus, tsv, user_defined_symbols=["<x>", "quick", "e"], control_symbols=["<c>"])
    for p in [p for p in m.pieces if p.type == kind.NORMAL and len(p.piece) > 1][::9]:
        p.type = kind.UNUSED
    yield "sp_unigram_rules", m
    m = trained("unigram", 800, corpus, byte_fallback=True, treat_whitespace_as_suffix=True, bos_id=-1, pad_id=3)
    m.trainer_spec.unk_surface = "?"
    yield "sp_unigram_suffix", m


def case(sp, text):
    proto = sp.encode(text, return_type="proto")
    pieces = list(proto.pieces)
    ids, spans = [p.id for p in pieces], [x for p in pieces for x in (p.begin, p.end)]
    return {"ids": ids, "spans": spans, "text": sp.decode(ids)}


def main(folder):
    texts = make_tokens.TEXTS + [make_tokens.scripts(150, seed) for seed in range(6)]
    texts += ["<x> the theme <c> th中 a b", "    lead and trail   ", "ab\r\n\tcd  ef", "e\u0301 Ａｂ カ\u3099", "x" + " " * 21 + "y"]
    corpus = [line for text in make_tokens.TEXTS for line in text.split("\n")
              if line and "\0" not in line]
    corpus += [line for line in corpus if line.isascii()] * 40
    tsv = os.path.join(folder, "rules.tsv")
    with open(tsv, "w") as f:
        f.write(RULES + "\n")
    for name, model in models(corpus, tsv):
        model.trainer_spec.ClearField("input")
        model.normalizer_spec.ClearField("normalization_rule_tsv")
        raw = model.SerializeToString()
        with open(os.path.join(folder, name + ".model"), "wb") as f:
            f.write(raw)
        sp = spm.SentencePieceProcessor(model_proto=raw)
        rows = {"texts": texts, "cases": [case(sp, text) for text in texts]}
        with open(os.path.join(folder, name + ".cases"), "w") as f:
            json.dump(rows, f, ensure_ascii=False, separators=(",", ":"))
        print(name, len(raw), "bytes", len(model.pieces), "pieces")
    os.unlink(tsv)


if __name__ == "__main__":
    main(sys.argv[1])
