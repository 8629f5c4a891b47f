"""Two texts side by side, as the reference frames them: what tests of pairs in src/text compare with.

    python make_pairs.py --text tests/fixtures/text

Writes pairs.jsonl there, a tokenizer a line: one of the small ones of that folder ("file") with another post-processor, or one that
transformers builds for a class ("json"); and its cases: two texts, their ids and spans in bytes by the tokenizers package. Of the
classes the ids are also compared with those that transformers itself gives.
"""
import argparse
import json
import os

import transformers
from tokenizers import Tokenizer

TEXTS = [
    ("Once upon a time", "there was a little girl."), ("", "no question"), ("no answer", ""), (" leading", " and trailing "),
    ("naïve café 日本", "😀 ½ e\u0301"), ("a</s>b", "<s>c"), ("The the THE", "Hello\n\n ing <|x|>y"),
]


def special(name, kind=0):
    return {"SpecialToken": {"id": name, "type_id": kind}}


def text(name, kind=0):
    return {"Sequence": {"id": name, "type_id": kind}}


def template(single, pair):
    return {"type": "TemplateProcessing", "single": single, "pair": pair,
            "special_tokens": {t: {"id": t, "ids": [i], "tokens": [t]} for t, i in (("<s>", 1), ("</s>", 2))}}


def posts():
    ends = {"sep": ["</s>", 2], "cls": ["<s>", 1]}
    roberta = {"type": "RobertaProcessing", **ends, "trim_offsets": True, "add_prefix_space": False}
    yield None
    yield {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    yield roberta
    yield {**roberta, "trim_offsets": False}
    yield {"type": "BertProcessing", **ends}
    yield template([special("<s>"), text("A"), special("</s>")], [special("<s>"), text("A"), special("</s>"), text("B", 1), special("</s>", 1)])
    yield template([special("<s>"), text("A")], [special("<s>"), text("A"), special("<s>", 1), text("B", 1)])
    yield template([text("A")], [text("A"), special("</s>"), special("<s>"), special("</s>"), text("B")])
    yield {"type": "Sequence", "processors": [{"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
                                              template([text("A"), special("</s>")], [text("A"), special("</s>"), text("B"), special("</s>")])]}


def encoded(tokenizer):
    out = []
    for a, b in TEXTS:
        e = tokenizer.encode(a, b)
        spans = []
        for (begin, end), side in zip(e.offsets, e.sequence_ids):
            whole = a if side == 0 else b
            spans += [len(whole[:k].encode()) if side is not None else 0 for k in (begin, end)]
        out.append([a, b, e.ids, spans])
    return out


def classes(folder):
    def model(name):
        with open(os.path.join(folder, name)) as f:
            return json.load(f)["model"]

    bytes_, words, pieces = model("qwen_like.json"), model("bert_like.json"), model("unigram_like.json")
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in bytes_["merges"]]
    yield transformers.RobertaTokenizer(vocab=dict(bytes_["vocab"]), merges=merges)
    yield transformers.GPT2Tokenizer(vocab=dict(bytes_["vocab"]), merges=merges)
    yield transformers.BertTokenizer(vocab=dict(words["vocab"]))
    yield transformers.DebertaV2Tokenizer(vocab=[tuple(p) for p in pieces["vocab"]])
    yield transformers.XLMRobertaTokenizer(vocab=[tuple(p) for p in pieces["vocab"]])
    yield transformers.LlamaTokenizer(vocab=dict(bytes_["vocab"]), merges=merges)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--text", required=True)
    a = p.parse_args()
    with open(os.path.join(a.text, "pairs.jsonl"), "w") as out:
        for name in ("qwen_like.json", "bert_like.json", "unigram_like.json"):
            with open(os.path.join(a.text, name)) as f:
                spec = json.load(f)
            for post in posts():
                spec["post_processor"] = post
                cases = encoded(Tokenizer.from_str(json.dumps(spec)))
                out.write(json.dumps({"file": name, "post_processor": post, "cases": cases}) + "\n")
        for tokenizer in classes(a.text):
            cases = encoded(tokenizer.backend_tokenizer)
            for x, y, ids, _ in cases: # in lists, as data sets are: a single empty second text would count as none
                assert tokenizer([x], [y])["input_ids"] == [ids], (type(tokenizer), x, y)
            spec = json.loads(tokenizer.backend_tokenizer.to_str())
            out.write(json.dumps({"class": type(tokenizer).__name__, "json": spec, "cases": cases}) + "\n")


main()
