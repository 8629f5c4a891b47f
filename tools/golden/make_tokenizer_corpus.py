"""Writes tests/fuzz/corpus/{tokenizer_json,tokenizer_model,gguf_vocab}: small tokenizers of every kind for the fuzz targets to start from.

Usage: make_tokenizer_corpus.py CORPUS_FOLDER FIXTURES_TEXT_FOLDER
"""
import base64
import json
import os
import shutil
import struct
import sys

from make_tokens import charsmap

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)


def token(id, content, **flags):
    names = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return {"id": id, "content": content, **{n: bool(flags.get(n)) for n in names}}


def steps(kind, *parts):
    return {"type": "Sequence", kind: list(parts)}


def part(kind, **settings):
    return {"type": kind, **settings}


def replace(pattern, by, kind="Regex"):
    return part("Replace", pattern={kind: pattern}, content=by)


JSON = {
    "bpe": {"version": "1.0", "added_tokens": [token(1, "<s>", rstrip=1, special=1), token(9, "the", single_word=1, lstrip=1, normalized=1)],
            "normalizer": steps("normalizers", part("NFKC"), part("StripAccents"), part("Lowercase"), part("Strip", strip_left=True, strip_right=True)),
            "pre_tokenizer": steps("pretokenizers", part("Split", pattern={"Regex": r"\p{L}+|\p{N}{1,3}|\s+(?!\S)|\s+"}, behavior="Isolated", invert=False),
                                   part("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=False)),
            "post_processor": part("TemplateProcessing", single=[{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                                   pair=[], special_tokens={"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}),
            "decoder": part("ByteLevel"),
            "model": part("BPE", unk_token="<s>", fuse_unk=True, byte_fallback=False, ignore_merges=True,
                          vocab={"a": 0, "<s>": 1, "b": 2, "ab": 3, "Ġ": 4, "Ġab": 5}, merges=["a b", ["Ġ", "ab"]])},
    "unigram": {"normalizer": part("Precompiled", precompiled_charsmap=base64.b64encode(charsmap([("\n", " "), ("ab", "c")])).decode()),
                "pre_tokenizer": part("Metaspace", replacement="▁", prepend_scheme="first", split=True),
                "decoder": steps("decoders", part("ByteFallback"), part("Metaspace", replacement="▁", prepend_scheme="first"), part("Fuse"),
                                 part("Strip", content=" ", start=1, stop=0)),
                "model": part("Unigram", unk_id=0, byte_fallback=True, vocab=[["<unk>", 0.0], ["▁", -2.5], ["a", -3.0], ["ab", -1.5], ["▁ab", -2]])},
    "wordpiece": {"normalizer": part("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True),
                  "pre_tokenizer": part("BertPreTokenizer"), "post_processor": part("BertProcessing", sep=["b", 1], cls=["a", 0]),
                  "decoder": part("WordPiece", prefix="##", cleanup=True),
                  "model": part("WordPiece", unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=9,
                                vocab={"a": 0, "##b": 1, "[UNK]": 2, "the": 3})},
    "wordlevel": {"normalizer": steps("normalizers", part("Nmt"), replace(r"\s{2,}", " "), part("Prepend", prepend="_")),
                  "pre_tokenizer": steps("pretokenizers", part("UnicodeScripts"), part("Punctuation", behavior="MergedWithPrevious"),
                                         part("Digits", individual_digits=True), part("CharDelimiterSplit", delimiter=" "), part("FixedLength", length=4)),
                  "decoder": part("CTC", pad_token="<pad>", word_delimiter_token="|", cleanup=True),
                  "model": part("WordLevel", vocab={"a": 0, "the": 1}, unk_token="a")},
}


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


def field(number, body):
    return varint(number << 3 | 2) + varint(len(body)) + body


def piece(text, score, kind):
    return field(1, field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + b"\x18" + bytes([kind]))


def model_proto():
    pieces = [("<unk>", 0, UNKNOWN), ("<s>", 0, CONTROL), ("▁", -5, NORMAL), ("a", -4, NORMAL), ("b", -4, NORMAL), ("ab", -1, NORMAL),
              ("▁ab", -2, UNUSED), ("the", 0, USER)]
    return b"".join(piece(*p) for p in pieces) + field(2, b"\x18\x02") + field(3, b"\x18\x01\x20\x00")


def string(s):
    return struct.pack("<Q", len(s.encode())) + s.encode()


def gguf(model, tokens, types, *more):
    keys = [string("tokenizer.ggml.model") + struct.pack("<I", 8) + string(model),
            string("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, len(tokens)) + b"".join(map(string, tokens)),
            string("tokenizer.ggml.token_type") + struct.pack(f"<IIQ{len(types)}i", 9, 5, len(types), *types), *more]
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + b"".join(keys)


def key(name, kind, form, *values):
    return string("tokenizer." + name) + struct.pack("<I" + form, kind, *values)


def floats(name, values):
    return key(name, 9, f"IQ{len(values)}f", 6, len(values), *values)


GGUF = {
    "gpt2": gguf("gpt2", ["a", "b", "ab", "Ġ", "<e>"], [1, 1, 1, 1, 3], key("ggml.pre", 8, "") + string("qwen2"),
                 key("ggml.merges", 9, "IQ", 8, 1) + string("a b"), key("ggml.eos_token_id", 4, "I", 4), key("ggml.add_eos_token", 7, "?", True)),
    "llama": gguf("llama", ["<unk>", "<s>", "▁", "a", "b", "ab", "▁ab", "<u>"], [2, 3, 1, 1, 1, 1, 5, 4], floats("ggml.scores", [0, 0, -5, -5, -5, -1, -2, 0]),
                  key("ggml.bos_token_id", 4, "I", 1), key("chat_template", 8, "") + string("{{ messages }}")),
    "t5": gguf("t5", ["<pad>", "</s>", "<unk>", "▁", "a", "ab"], [3, 3, 2, 1, 1, 1], floats("ggml.scores", [0, 0, 0, -2, -3, -4]),
               key("ggml.precompiled_charsmap", 9, "IQ", 0, len(charsmap([("\n", " ")]))) + charsmap([("\n", " ")]), key("ggml.eos_token_id", 4, "I", 1)),
    "bert": gguf("bert", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁he", "llo"], [3, 3, 3, 3, 1, 1], key("ggml.unknown_token_id", 4, "I", 1),
                 key("ggml.cls_token_id", 4, "I", 2), key("ggml.seperator_token_id", 4, "I", 3)),
}


def main(corpus, fixtures):
    out = {("tokenizer_json", name): json.dumps(j, ensure_ascii=False, separators=(",", ":")).encode() for name, j in JSON.items()}
    out.update({("gguf_vocab", name): raw for name, raw in GGUF.items()})
    out["tokenizer_model", "pieces_bpe"] = model_proto()
    out["tokenizer_model", "tiktoken"] = b"".join(base64.b64encode(bytes([b])) + b" %d\n" % b for b in range(256)) + b"YWI= 256\n"
    for (kind, name), raw in out.items():
        os.makedirs(os.path.join(corpus, kind), exist_ok=True)
        with open(os.path.join(corpus, kind, name), "wb") as f:
            f.write(raw)
    shutil.copyfile(os.path.join(fixtures, "sp_unigram_rules.model"), os.path.join(corpus, "tokenizer_model", "pieces_unigram"))


if __name__ == "__main__":
    main(*sys.argv[1:])
