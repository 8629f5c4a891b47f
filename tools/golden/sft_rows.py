"""Rows as TRL's SFTTrainer prepares them, for records that are awkward on purpose, and row orders of transformers.

    python sft_rows.py --base FOLDER --out tests/fixtures/sft

FOLDER holds a small causal language model with its tokenizer. Needs trl and transformers (specified in args.json of
each case). Every case is a folder: args.json (flags), train.jsonl, tokens.jsonl (input_ids and labels, seq_lengths of packed
documents, dropped rows missing). order.jsonl: permutations of torch and transformers' get_length_grouped_indices.
"""
import argparse
import json
import os
import tempfile

import datasets
import torch
import transformers
import trl
from transformers.trainer_pt_utils import get_length_grouped_indices

WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further context. Write a response "
    "that appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
)
WITHOUT_INPUT = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Response:\n"
)

TEXTS = [
    "Once upon a time", "", " ", "ends already</s>", "ends with a space </s> ", "</s>", "a</s>b", "<s>twice the start",
    "  two spaces\tand a tab\n\nlines\r\n", "naïve café – “quotes” 🦙 日本語 العربية", "x" * 300, "<unk> and <0x41>", "\u0000zero\u0000",
]
PAIRS = [
    ("Question: why?\nAnswer:", " because"), ("Answer: ", "yes"), ("", "no prompt at all"), ("prompt only", ""),
    ("ends", " with it</s>"), ("a prompt that ends in </s>", "go on"), ("half a wo", "rd"), ("tab\t", "\tafter tab"),
    ("the same", "the same"), ("🦙", "🦙🦙"), ("long " * 40, "short"), ("short", "long " * 40), ("\n", "\n"),
]
ALPACA = [
    {"instruction": "Add the numbers.", "input": "1 and 2", "output": "3"},
    {"instruction": "Say hello.", "input": "", "output": "Hello."},
    {"instruction": "No input column here.", "input": None, "output": "Right."},
    {"instruction": "", "input": " ", "output": ""},
]
TOKENS = [
    {"input_ids": [1, 5, 6, 7, 2], "labels": [-100, -100, 6, 7, 2]},
    {"input_ids": [9, 8, 7], "labels": [9, 8, 7]},
    {"input_ids": [9, 8, 7], "labels": [9, -100, -100]},
    {"input_ids": [4, 4, 4, 4, 4, 4, 4, 4, 4, 4], "labels": [-100] * 8 + [4, 4]},
    {"input_ids": [11, 12, 13, 14], "labels": [-100, 3, 13, 2]},
]


TEMPLATE = (
    "{{ bos_token }}{% if tools %}[tools]{{ tools | tojson }}[/tools]{{ '\\n' }}{% endif %}{% if style %}({{ style }}){% endif %}"
    "{% for m in messages %}{% if m['role'] == 'assistant' %}A: {% generation %}{{ m['content'] }}{{ eos_token }}{% endgeneration %}"
    "{% else %}{{ m['role'] | upper }}: {{ m['content'] | trim }}{% endif %}{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}A:{% endif %}"
)
TALKS = [
    ["user: Say hello.", "assistant: Hello."],
    ["system: Be brief.", "user: Who are you?", "assistant: A model.", "user: Thanks!", "assistant: You are welcome 🦙"],
    ["user: 日本語で", "assistant: はい、日本語です。"],
    ["user: 🦙🦙", "assistant: 👩‍👩‍👧", "user:  ", "assistant: e\u0301nd"],
    ["user: Nothing to say?", "assistant: "],
    ["user: The question stays open.", "assistant: Yes", "user: Open"],
    ["user: long " + "word " * 60, "assistant: short"],
    ["user: short", "assistant: long " + "word " * 60, "user: more", "assistant: \n\n  indented\ttext </s> goes on"],
]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}


def talk(lines):
    return [dict(zip(("role", "content"), x.split(": ", 1))) for x in lines]


def completion(r):
    template = WITH_INPUT if r["input"] else WITHOUT_INPUT
    return {"prompt": template.format(**r), "completion": r["output"]}


def cases():
    text = [{"text": t} for t in TEXTS]
    pairs = [{"prompt": p, "completion": c} for p, c in PAIRS]
    yield "edge_text", text, text, {}
    yield "edge_text_short", text, text, {"max_length": 8}
    yield "edge_text_end", text, text, {"max_length": 8, "truncation_mode": "keep_end"}
    story = [{"id": str(i), "story": t} for i, t in enumerate(TEXTS)]
    yield "edge_field", story, story, {"dataset_text_field": "story"}
    yield "edge_text_only", text, text, {"completion_only_loss": True}
    yield "edge_completion", pairs, pairs, {}
    yield "edge_completion_short", pairs, pairs, {"max_length": 12}
    yield "edge_completion_end", pairs, pairs, {"max_length": 12, "truncation_mode": "keep_end"}
    yield "edge_completion_all", pairs, pairs, {"completion_only_loss": False}
    yield "edge_alpaca", ALPACA, [completion(r) for r in ALPACA], {}
    yield "edge_tokens", TOKENS, TOKENS, {"max_length": 8}
    talks = [{"messages": talk(t)} for t in TALKS]
    split = [{"prompt": talk(t[:-1]), "completion": talk(t[-1:])} for t in TALKS if t[-1].startswith("assistant")]
    yield "chat_messages", talks, talks, {}
    yield "chat_assistant", talks, talks, {"assistant_only_loss": True}
    yield "chat_assistant_short", talks, talks, {"assistant_only_loss": True, "max_length": 40}
    yield "chat_assistant_end", talks, talks, {"assistant_only_loss": True, "max_length": 40, "truncation_mode": "keep_end"}
    yield "chat_completion", split, split, {}
    yield "chat_completion_all", split, split, {"completion_only_loss": False}
    yield "chat_completion_both", split, split, {"assistant_only_loss": True}
    yield "chat_only_assistant", split, split, {"assistant_only_loss": True, "completion_only_loss": False}
    yield "chat_bfd", talks, talks, {"packing": True, "max_length": 96}
    yield "chat_bfd_split", talks, talks, {"packing": True, "packing_strategy": "bfd_split", "max_length": 96, "assistant_only_loss": True}
    yield "shuffle_rows", pairs, pairs, {"shuffle_dataset": True, "seed": 5}
    yield "shuffle_bfd", text, text, {"shuffle_dataset": True, "packing": True, "max_length": 64}
    yield "shuffle_wrapped", pairs, pairs, {"shuffle_dataset": True, "packing": True, "packing_strategy": "wrapped", "max_length": 24}
    tools = [{**t, "tools": json.dumps([TOOL]), "chat_template_kwargs": {"style": "old" if i % 2 else "new"}} for i, t in enumerate(talks)]
    yield "chat_tools", tools, tools, {"chat_template_path": TEMPLATE}
    tools = [{**t, "tools": [TOOL], "chat_template_kwargs": {"style": "new"}} for t in split]
    yield "chat_tools_split", tools, tools, {"chat_template_path": TEMPLATE, "assistant_only_loss": True, "completion_only_loss": False}


def prepared(base, rows, flags):
    with tempfile.TemporaryDirectory() as out:
        args = trl.SFTConfig(output_dir=out, use_cpu=True, bf16=False, report_to="none", disable_tqdm=True, **flags)
        if "chat_template_path" in flags:
            path = os.path.join(out, "template.jinja")
            with open(path, "w") as f:
                f.write(flags["chat_template_path"])
            args.chat_template_path = path
        trainer = trl.SFTTrainer(model=base, args=args, train_dataset=datasets.Dataset.from_list(rows))
        return [{k: r[k] for k in ("input_ids", "labels", "seq_lengths") if k in r} for r in trainer.train_dataset]


def orders():
    for n, batch, seed in [(1, 1, 0), (5, 2, 7), (40, 4, 42), (97, 3, 1), (1000, 2, 43)]:
        lengths = [(i * 7919 + seed) % 53 + 1 for i in range(n)]
        perm = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
        grouped = get_length_grouped_indices(lengths, batch, generator=torch.Generator().manual_seed(seed))
        yield {"n": n, "batch": batch, "seed": seed, "lengths": lengths, "random": perm, "group_by_length": grouped}


def dump(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--base", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--only", default="", help="beginning of the names of the cases to write; order.jsonl only without it")
    a = p.parse_args()
    made_with = {"trl": trl.__version__, "transformers": transformers.__version__, "torch": torch.__version__}
    for name, written, used, flags in cases():
        if not name.startswith(a.only):
            continue
        out = os.path.join(a.out, name)
        os.makedirs(out, exist_ok=True)
        kept = {"max_length": 1024, **flags}
        if "chat_template_path" in kept:
            with open(os.path.join(out, "template.jinja"), "w") as f:
                f.write(kept["chat_template_path"])
            kept["chat_template_path"] = "template.jinja"
        with open(os.path.join(out, "args.json"), "w") as f:
            json.dump({"data": "train.jsonl", "made_with": made_with, "flags": kept}, f, indent=1)
        dump(os.path.join(out, "train.jsonl"), written)
        dump(os.path.join(out, "tokens.jsonl"), prepared(a.base, used, flags))
    if not a.only:
        dump(os.path.join(a.out, "order.jsonl"), orders())


if __name__ == "__main__":
    main()
