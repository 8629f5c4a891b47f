"""Rows as TRL's DPOTrainer, KTOTrainer and RewardTrainer prepare them, for records that are awkward on purpose.

    python pair_rows.py --base FOLDER --out tests/fixtures/pairs

FOLDER holds a tokenizer with a chat template. Every case is a folder: args.json (the task's view), train.jsonl and
tokens.jsonl, in the columns of the trainer. Rows that the trainer drops are missing.
"""
import argparse
import json
import os
import types

import datasets
import transformers
import trl
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_trainer import KTOTrainer
from trl.trainer.reward_trainer import RewardTrainer

STRINGS = [
    ("Question: why?\nAnswer:", " because", " why not"), ("Answer: ", "yes", "no"), ("half a wo", "rd", "k"), ("", "good", "bad"),
    ("ends", " with it</s>", " without"), ("🦙", "🦙🦙", "🦙"), ("the same", "the same", "the other"), ("tab\t", "\ttab", " tab"),
    ("long " * 30, "short", "shorter"), ("short", "long " * 40, "x"), ("\n", "\n", "\n\n"), ("日本", "語", "人"),
]
TALKS = [
    (["user: Say hello."], ["assistant: Hello."], ["assistant: No."]),
    (["system: Be brief.", "user: Who are you?", "assistant: A model.", "user: Thanks!"], ["assistant: 🦙"], ["assistant: You are welcome"]),
    (["user: long " + "word " * 40], ["assistant: short"], ["assistant: shorter"]),
    (["user: 日本語で"], ["assistant: はい", "user: more", "assistant: no"], ["assistant: いいえ"]),
]


def talk(lines):
    return [dict(zip(("role", "content"), x.split(": ", 1))) for x in lines]


def cases():
    strings = [dict(zip(("prompt", "chosen", "rejected"), x)) for x in STRINGS]
    talks = [dict(zip(("prompt", "chosen", "rejected"), map(talk, x))) for x in TALKS]
    implicit = [{k: r["prompt"] + r[k] for k in ("chosen", "rejected")} for r in strings]
    whole = [{k: r["prompt"] + r[k] for k in ("chosen", "rejected")} for r in talks]
    yield "dpo_strings", "preference", strings, {"max_length": 1024}
    yield "dpo_short", "preference", strings, {"max_length": 24}
    yield "dpo_implicit", "preference", implicit, {"max_length": 1024}
    yield "dpo_messages", "preference", talks, {"max_length": 1024}
    yield "dpo_whole", "preference", whole, {"max_length": 1024}
    yield "reward_strings", "preference", strings, {"max_length": 1024}
    yield "reward_messages", "preference", talks, {"max_length": 1024}
    yield "kto_strings", "kto", [{"prompt": p, "completion": c, "label": i % 3 > 0} for i, (p, c, _) in enumerate(STRINGS)], {"max_length": 24}
    yield "kto_pairs", "kto", talks, {"max_length": 1024}


def prepare(name, tokenizer, rows, flags):
    data = datasets.Dataset.from_list(rows)
    me = types.SimpleNamespace(_tokenizer=tokenizer, calculate_KL=False, desirable_weight=1.0, undesirable_weight=1.0)
    args = types.SimpleNamespace(dataset_num_proc=None, truncation_mode="keep_start", per_device_train_batch_size=8, **flags)
    trainer, keep = {"dpo": (DPOTrainer, ("prompt_ids", "chosen_ids", "rejected_ids")), "kto": (KTOTrainer, ("prompt_ids", "completion_ids", "label")),
                     "reward": (RewardTrainer, ("chosen_ids", "rejected_ids"))}[name.split("_")[0]]
    done = trainer._prepare_dataset(me, data, tokenizer, args, "train")
    return [{k: r[k] for k in keep} for r in done]


def dump(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--base", required=True)
    p.add_argument("--out", required=True)
    a = p.parse_args()
    tokenizer = transformers.AutoTokenizer.from_pretrained(a.base)
    made_with = {"trl": trl.__version__, "transformers": transformers.__version__}
    for name, view, rows, flags in cases():
        out = os.path.join(a.out, name)
        os.makedirs(out, exist_ok=True)
        with open(os.path.join(out, "args.json"), "w") as f:
            json.dump({"view": view, "made_with": made_with, "flags": flags}, f, indent=1)
        dump(os.path.join(out, "train.jsonl"), rows)
        dump(os.path.join(out, "tokens.jsonl"), prepare(name, tokenizer, rows, flags))


if __name__ == "__main__":
    main()
