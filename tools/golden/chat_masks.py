"""Hashes of conversations as transformers tokenises them with the assistant's mask, for real tokenizers and TRL's training templates.

    python chat_masks.py DATA OUTPUT

DATA holds tokenizers_hf, chat_templates and llamafactory_prefs. A line a pair of tokenizer and template: rows that have a mask, and
one XXH3-128 over all of them: count of tokens, ids, labels (-100 outside the mask and at position 0), each a little-endian int32.
"""
import gzip
import json
import os
import struct
import sys
import tempfile

import transformers
import xxhash

PAIRS = [("qwen3", "qwen3"), ("qwen2_5", "qwen2_5"), ("llama3", "llama3"), ("qwen3", "phi3"), ("gpt2", "gemma"),
         ("deepseek_v3", "deepseekv3"), ("mistral_nemo", "cohere"), ("mistral_7b_v1", "lfm2")]


def load(folder):
    with tempfile.TemporaryDirectory() as work:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            with gzip.open(os.path.join(folder, name + ".gz")) as f, open(os.path.join(work, name), "wb") as g:
                g.write(f.read())
        with open(os.path.join(work, "tokenizer_config.json")) as f:
            config = json.load(f)
        special = {k: v if isinstance(v, str) else v["content"] for k, v in config.items() if k in ("bos_token", "eos_token", "unk_token", "pad_token") and v}
        return transformers.PreTrainedTokenizerFast(tokenizer_file=os.path.join(work, "tokenizer.json"), **special)


def main():
    data, out = sys.argv[1:]
    with open(os.path.join(data, "llamafactory_prefs", "dev", "kto_en_demo.json")) as f:
        talks = [r["messages"] for r in json.load(f)]
    with open(out, "w") as g:
        for tokenizer, template in PAIRS:
            tok = load(os.path.join(data, "tokenizers_hf", tokenizer))
            path = os.path.join("chat_templates", "trl", template + "_training.jinja")
            with open(os.path.join(data, path)) as f:
                text = f.read()
            h, rows = xxhash.xxh3_128(), 0
            for talk in talks:
                x = tok.apply_chat_template(talk, chat_template=text, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
                ids, mask = x["input_ids"], x["assistant_masks"]
                if not any(mask):
                    continue
                labels = [i if m and k else -100 for k, (i, m) in enumerate(zip(ids, mask))]
                h.update(struct.pack(f"<{1 + 2 * len(ids)}i", len(ids), *ids, *labels))
                rows += 1
            json.dump({"tokenizer": tokenizer, "template": path, "rows": rows, "xxh128": h.hexdigest()}, g)
            g.write("\n")


if __name__ == "__main__":
    main()
