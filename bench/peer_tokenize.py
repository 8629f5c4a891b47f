"""peer_tokenize.py rate TOKENIZER_JSON JSONL MEGABYTES - the tokenizers package on one thread: bytes a second over the texts of
the first records, held in memory; the better of encode_batch_fast and encode, text by text.
peer_tokenize.py convert SPIECE_MODEL OUT - T5's tokenizer.json, as transformers builds it.

Run with RAYON_NUM_THREADS=1. One JSON object.
"""
import json
import os
import shutil
import sys
import tempfile
import time


def rate(tokenizer, path, megabytes):
    from tokenizers import Tokenizer, __version__

    t = Tokenizer.from_file(tokenizer)
    t.no_truncation()
    t.no_padding()
    texts, size = [], 0
    with open(path) as f:
        for line in f:
            texts.append(json.loads(line)["text"])
            size += len(texts[-1].encode())
            if size >= float(megabytes) * 1e6:
                break
    start = time.perf_counter()
    tokens = sum(len(t.encode(x).ids) for x in texts)
    alone = time.perf_counter() - start
    start = time.perf_counter()
    together = sum(len(e.ids) for e in t.encode_batch_fast(texts))
    batch = time.perf_counter() - start
    assert tokens == together
    print(json.dumps(dict(text_bytes=size, tokens=tokens, seconds=min(alone, batch), text_bytes_per_s=round(size / min(alone, batch)),
                          encode_seconds=alone, encode_batch_fast_seconds=batch, tokenizers=__version__)))


def convert(model, out):
    from transformers import AutoTokenizer

    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(model, os.path.join(folder, "spiece.model"))
        with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
            json.dump({"tokenizer_class": "T5Tokenizer"}, f)
        AutoTokenizer.from_pretrained(folder).backend_tokenizer.save(out)


if __name__ == "__main__":
    {"rate": rate, "convert": convert}[sys.argv[1]](*sys.argv[2:])
