"""Shows that transformers loads what hone saves to equal ids: every tokenizer under DATA_FOLDER, as it was read and with tokens added.

Usage: check_saved.py HONE DATA_FOLDER [NAME...]

hone reads a tokenizer (tokenizer.json, tokenizer.model, vocab.txt, vocab.json with merges.txt, tiktoken, GGUF), writes it with
--output_dir, and AutoTokenizer loads that. Compared are the ids of about 2.5 MB of mixed text, and the decoded texts. Exit status 1
if any differ where hone gave no warning that they may.
"""
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile

import transformers
from transformers import AutoTokenizer

import make_tokens

NEW, NEW_SPECIAL = ["<tool>", "word"], ["<|new|>"]


def texts(data):
    files, _ = make_tokens.sources(data)
    out = list(make_tokens.TEXTS) + [make_tokens.scripts(20000, seed) for seed in range(2)]
    for name, n in files:
        raw = make_tokens.read(os.path.join(data, name), n)
        out += [raw[i:i + 8192].decode("utf-8", "replace") for i in range(0, len(raw), 8192)]
    return [t + " <tool>x<|new|> word" + t[:20] if i % 7 == 0 else t for i, t in enumerate(out)]


def unpacked(path, folder, name):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f, open(os.path.join(folder, name), "wb") as out:
        shutil.copyfileobj(f, out)


def sources(data, work):
    """Folders or files to read, by name."""
    base = os.path.join(data, "tokenizers_hf")
    for name in sorted(os.listdir(base)):
        if not os.path.isdir(os.path.join(base, name)):
            continue
        folder = os.path.join(work, name)
        os.makedirs(folder)
        for file in os.listdir(os.path.join(base, name)):
            if file.startswith("tokenizer"):
                unpacked(os.path.join(base, name, file), folder, file.removesuffix(".gz"))
        yield name, folder
    bert = os.path.join(work, "vocab_txt")
    os.makedirs(bert)
    shutil.copy(os.path.join(base, "bert_base_uncased", "vocab.txt"), bert)
    yield "vocab_txt", bert
    for name in ("gpt2", "qwen2_5"):
        folder = os.path.join(work, name + "_files")
        os.makedirs(folder)
        with open(os.path.join(work, name, "tokenizer.json")) as f:
            model = json.load(f)["model"]
        with open(os.path.join(folder, "vocab.json"), "w") as f:
            json.dump(model["vocab"], f)
        with open(os.path.join(folder, "merges.txt"), "w") as f:
            f.write("#version: 0.2\n" + "".join((m if isinstance(m, str) else " ".join(m)) + "\n" for m in model["merges"]))
        shutil.copy(os.path.join(work, name, "tokenizer_config.json"), folder)
        yield name + "_files", folder
    base = os.path.join(data, "tokenizers_spm")
    for file in sorted(os.listdir(base)):
        if file.endswith(".model"):
            yield file, os.path.join(base, file)
    folder = os.path.join(work, "tiktoken")
    os.makedirs(folder)
    shutil.copy(os.path.join(base, "torchtune", "tiktoken_small.model"), os.path.join(folder, "tokenizer.model"))
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
        json.dump({"pat_str": make_tokens.LLAMA3}, f)
    yield "tiktoken", folder
    base = os.path.join(data, "tokenizers_gguf")
    for file in sorted(os.listdir(base)):
        if file.endswith(".gguf.gz"):
            unpacked(os.path.join(base, file), work, file.removesuffix(".gz"))
            yield file, os.path.join(work, file.removesuffix(".gz"))


def hone(program, source, flags, lines):
    done = subprocess.run([program, "tokenize", "--tokenizer_name", source, "--jsonl", *flags], input="".join(json.dumps(x) + "\n" for x in lines),
                          capture_output=True, text=True, check=True)
    return [json.loads(x) for x in done.stdout.split("\n") if x]


def main(program, data, *names):
    transformers.logging.set_verbosity_error()
    chunks, bad = texts(data), 0
    print(len(chunks), "texts,", sum(len(t.encode()) for t in chunks), "bytes; transformers", transformers.__version__)
    with tempfile.TemporaryDirectory() as work:
        for name, source in sources(data, work):
            if names and name not in names:
                continue
            for flags in ([], ["--add_tokens", *NEW, "--new_special_tokens", *NEW_SPECIAL]):
                out = os.path.join(work, "saved")
                shutil.rmtree(out, ignore_errors=True)
                done = subprocess.run([program, "tokenize", "--tokenizer_name", source, "--output_dir", out, *flags], check=True,
                                      capture_output=True, text=True)
                theirs = AutoTokenizer.from_pretrained(out)
                want = hone(program, source, flags, chunks)
                have = [theirs(t).input_ids for t in chunks]
                again = hone(program, out, [], chunks)
                plain = hone(program, out, ["--decode"], have)
                ids = sum(a != b for a, b in zip(want, have))
                reloaded = sum(a != b for a, b in zip(again, have))
                decoded = sum(theirs.decode(a) != b for a, b in zip(have, plain))
                print(f"{name}{' + tokens' if flags else ''}: {type(theirs).__name__}, {len(theirs)} tokens, {ids} ids, {reloaded} reloaded, "
                      f"{decoded} decoded differ {done.stderr.strip()}", flush=True)
                bad += reloaded + decoded + (0 if done.stderr else ids)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
