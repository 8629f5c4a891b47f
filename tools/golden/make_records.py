"""What the real data sets become, counted and hashed: a second way from their files to examples, in Python.

    python make_records.py --data DATA --out tests/fixtures/records/real.jsonl

DATA is the folder that HONE_DATA names. Readers are Python's own (json, csv), the prompt that a pair only implies is TRL's
extract_prompt, transcripts are cut as TRL's examples/datasets/hh-rlhf-helpful-base.py cuts them; the rest follows the data
sets' descriptions. A case is: file, view, options, format, records read, examples, XXH3-128 of the lines "KIND JSON".
"""
import argparse
import csv
import glob
import gzip
import json
import os
import re

import xxhash
from trl import extract_prompt

WITH = ("Below is an instruction that describes a task, paired with an input that provides further context. "
        "Write a response that appropriately completes the request.\n\n### Instruction:\n{}\n\n### Input:\n{}\n\n### Response:\n")
WITHOUT = ("Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
           "### Instruction:\n{}\n\n### Response:\n")
QUESTION = "Question: {}\n\nAnswer: "


def alpaca(instruction, given=""):
    return WITH.format(instruction, given) if given else WITHOUT.format(instruction)


def say(role, content, **more):
    return {"role": role, "content": content, **more}


def pc(prompt, completion):
    return ("prompt-completion", {"prompt": prompt, "completion": completion})


def pair(prompt, chosen, rejected, **scores):
    return ("preference", {"prompt": prompt, "chosen": chosen, "rejected": rejected, **scores})


# ---- a record becomes examples


def text(r):
    yield "text", {"text": r["text"]}


def prompt_answer(r):
    yield pc(r["prompt"], r["answer"])


def prompt_completion(r):
    yield pc(r["prompt"], r["completion"])


def instruct(r):
    yield pc(alpaca(r["instruction"], r.get("input")), r["output"])


def dolly(r):
    yield pc(alpaca(r["instruction"], r["context"]), r["response"])


def self_instruct(r):
    for i in r["instances"]:
        yield pc(alpaca(r["instruction"], i["input"]), i["output"])


def scores(r):
    return {k: r["metadata"][k] for k in ("score_chosen", "score_rejected") if k in r.get("metadata", {})}


def ultrafeedback(r):
    m = r.get("metadata", {})
    found = {}
    for name, other in (("score_chosen", "chosen_score"), ("score_rejected", "rejected_score")):
        if name in m or other in m:
            found[name] = m.get(name, m.get(other))
    yield pair(r["prompt"], r["chosen"], r["rejected"], **found)


def plain_pair(r):
    yield pair(r["prompt"], r["chosen"], r["rejected"])


def side(r):
    yield pc(r["prompt"], r["chosen"])


def both_sides(r):
    for which in ("chosen", "rejected"):
        yield "unpaired-preference", {"prompt": r["prompt"], "completion": r[which], "label": which == "chosen"}


def rm_bench(r):
    for good, bad in zip(r["chosen"], r["rejected"]):
        yield pair(r["prompt"], good, bad)


def dialogue(s):
    pieces = re.split(r"(\n\nHuman: |\n\nAssistant: )", s)[1:]
    return [say("user" if a == "\n\nHuman: " else "assistant", b) for a, b in zip(pieces[::2], pieces[1::2])]


def hh(r):
    """As TRL's script; what it would make nonsense of is left out."""
    a, b = r["chosen"], r["rejected"]
    n = os.path.commonprefix([a, b])
    mark = "\n\nAssistant: "
    start = n if n.endswith(mark) else n[:n.rfind(mark)] + mark
    good, bad = a[len(start):], b[len(start):]
    if a == b or not good or not bad or "\n\nHuman: " in good + bad or mark in good + bad or good.endswith("\n\nAssistant:"):
        return
    if bad.endswith("\n\nAssistant:") or good.endswith("\n\nHuman:") or mark not in n + "":
        return
    yield pair(dialogue(start[:-len(mark)]), [say("assistant", good)], [say("assistant", bad)])


def hh_implicit(r):
    e = extract_prompt({"chosen": r["chosen"], "rejected": r["rejected"]})
    yield pair(e["prompt"], e["chosen"], e["rejected"])


def hh_chosen(r):
    turns = dialogue(r["chosen"])
    if turns[-1]["role"] == "assistant" and turns[-1]["content"]:
        yield pc(turns[:-1], turns[-1:])


ROLES = {"human": "user", "gpt": "assistant", "system": "system", "observation": "tool", "function_call": "assistant"}


def sharegpt(turns):
    out = []
    for t in turns:
        if t["from"] == "function_call":
            f = json.loads(t["value"])
            out.append({"role": "assistant", "content": "",
                        "tool_calls": [{"type": "function", "function": g} for g in (f if isinstance(f, list) else [f])]})
        else:
            out.append(say(ROLES[t["from"]], t["value"]))
    return out


def conversations(r):
    x = {"messages": sharegpt(r["conversations"])}
    tools = json.loads(r["tools"]) if r.get("tools") else None
    if tools:
        x["tools"] = tools
    if x["messages"]:
        yield "messages", x


def ranking(r):
    yield pair(sharegpt(r["conversations"]), sharegpt([r["chosen"]]), sharegpt([r["rejected"]]))


def kto(r):
    m = [say(t["role"], t["content"]) if list(t) == ["role", "content"] else t for t in r["messages"]]
    yield "unpaired-preference", {"prompt": m[:-1], "completion": m[-1:], "label": r["label"]}


def kto_wanted(r):
    if r["label"]:
        yield pc(r["messages"][:-1], r["messages"][-1:])


def parts(r):
    out = []
    for m in r["messages"]:
        content = m["content"]
        if isinstance(content, list):
            content = "".join(p.get("text", p.get("value")) for p in content)
        out.append({"role": m["role"], "content": content, **{k: v for k, v in m.items() if k not in ("role", "content")}})
    yield "messages", {"messages": out}


def refused(m):
    spam = ((m.get("labels") or {}).get("spam") or {}).get("value") or 0
    return m.get("deleted") or m.get("review_result") is False or spam >= 0.5


def children(m):
    return [c for c in m.get("replies") or [] if not refused(c)]


def rank(m):
    return m["rank"] if m.get("rank") is not None else float("inf")


def of_post(m):
    return say("user" if m["role"] == "prompter" else "assistant", m["text"])


def root(r):
    return r["prompt"] if isinstance(r.get("prompt"), dict) else r


def closed(r):
    return r.get("tree_state") in ("halted_by_moderator", "aborted_low_grade") or refused(root(r))


def best_path(r):
    m, path = root(r), []
    if closed(r):
        return
    while m:
        path.append(of_post(m))
        m = min(children(m), key=rank, default=None)
    while path and path[-1]["role"] != "assistant":
        path.pop()
    if path:
        yield "messages", {"messages": path}


def siblings(r):
    def walk(m, before):
        path = before + [of_post(m)]
        answers = [c for c in children(m) if c["role"] == "assistant"]
        for a in answers:
            for b in answers:
                if rank(a) < rank(b) < float("inf"):
                    yield pair(path, [of_post(a)], [of_post(b)])
        for c in children(m):
            yield from walk(c, path)
    if not closed(r):
        yield from walk(root(r), [])


def stack(r):
    yield pair(QUESTION.format(r["question"]), r["response_j"], r["response_k"])


def numbered(ask, one, two, verdict):
    def convert(r):
        first, second = r[one], r[two]
        if r[verdict] in (1, 2):
            yield pair(alpaca(r[ask]), *((first, second) if r[verdict] == 1 else (second, first)))
    return convert


def polite(r):
    yield pair(alpaca(r["instruction"], r["input"]), r["chosen"], r["rejected"])


def truthful(r):
    yield pair(QUESTION.format(r["Question"]), r["Best Answer"], r["Best Incorrect Answer"])


def choices(r):
    best = next(k for k, v in r["mc1_targets"].items() if v == 1)
    for k, v in r["mc1_targets"].items():
        if v != 1:
            yield pair(QUESTION.format(r["question"]), best, k)


def nested_qa(r):
    for p in r["paragraphs"]:
        for q in p["qas"]:
            yield "question-answering", {"id": q["id"], "context": p["context"], "question": q["question"],
                                         "answers": {"text": [a["text"] for a in q["answers"]],
                                                     "answer_start": [a["answer_start"] for a in q["answers"]]}}


def labelled(column, label="label", number=True):
    def convert(r):
        yield "classification", {"text": r[column], "label": int(r[label]) if number else r[label]}
    return convert


def legal(r):
    """Rows of 160 tasks, whose columns differ."""
    name = next((c for c in ("sentence", "text", "content", "document", "question") if c in r), "text")
    yield "classification", {"text": r[name], "label": r["answer"]}


def pubmed(r):
    yield pc(QUESTION.format(r["QUESTION"] + "\n\n" + "\n".join(r["CONTEXTS"])), r["LONG_ANSWER"])


def pubmed_class(r):
    yield "classification", {"text": r["QUESTION"], "text_pair": "\n".join(r["CONTEXTS"]), "label": r["final_decision"]}


def sentence(r):
    yield "tags", {"tokens": r["tokens"], "tags": r["ner_tags"]}


def prompt_of(column):
    def convert(r):
        yield "prompt", {"prompt": r[column]}
    return convert


def renamed(prompt, completion):
    def convert(r):
        yield pc(r[prompt], r[completion])
    return convert


def renamed_pair(prompt, chosen, rejected):
    def convert(r):
        yield pair(r[prompt], r[chosen], r[rejected])
    return convert


# ---- files


def opened(path):
    return gzip.open(path, "rt", encoding="utf-8-sig", newline="") if path.endswith(".gz") else open(path, encoding="utf-8-sig", newline="")


def records(path):
    name = path[:-3] if path.endswith(".gz") else path
    with opened(path) as f:
        if name.endswith(".jsonl"):
            return [json.loads(line) for line in f.read().split("\n") if line.strip()]
        if name.endswith(".json"):
            whole = json.load(f)
            return whole["data"] if isinstance(whole, dict) else whole
        if name.endswith(".csv"):
            return list(csv.DictReader(f))
        if name.endswith(".tsv"):
            rows = [line.rstrip("\n").split("\t") for line in f if line.strip()]
            names = rows.pop(0) if rows[0][-1] == "label" else ["text", "label"]
            return [dict(zip(names, row)) for row in rows]
        if name.endswith(".conll"):
            found, now = [], []
            for line in f.read().split("\n") + [""]:
                columns = line.rstrip("\r").split("\t")
                if columns[0]:
                    now.append((columns[0], columns[-1]))
                elif now:
                    found.append({"tokens": [w for w, _ in now], "ner_tags": [t for _, t in now]})
                    now = []
            return found
        return [{"text": line.rstrip("\r")} for line in f.read().removesuffix("\n").split("\n")]


CASES = [  # glob, view, options, format, converter
    ("alpaca/dev/*.json", "sft", {}, "alpaca", instruct),
    ("alpaca_farm/dev/*.gz", "sft", {}, "alpaca", instruct),
    ("alpaca_eval/dev/model_outputs.jsonl.gz", "sft", {}, "alpaca", instruct),
    ("alpaca_eval/dev/alpaca_eval_gpt4_annotations.jsonl.gz", "preference", {}, "comparison",
     numbered("instruction", "output_1", "output_2", "preference")),
    ("llmbar/dev/*.gz", "preference", {}, "comparison", numbered("input", "output_1", "output_2", "label")),
    ("evalbiasbench/dev/*.gz", "preference", {}, "comparison", numbered("instruction", "response1", "response2", "label")),
    ("anthropic_model_written/dev/*.gz", "prompt", {}, "prompt", prompt_of("question")),
    ("dolly/dev/dolly_native_fixture.jsonl.gz", "sft", {}, "dolly", dolly),
    ("dolly/dev/dolly_subset.jsonl.gz", "sft", {}, "prompt-completion", prompt_answer),
    ("flan_style_t0_p3/dev/*.gz", "sft", {}, "prompt-completion", prompt_completion),
    ("gsm8k_test/dev/*.gz", "sft", {}, "prompt-completion", prompt_answer),
    ("truth_judge/dev/*.gz", "sft", {}, "prompt-completion", prompt_completion),
    ("xstest/dev/completions_labelled.jsonl.gz", "sft", {}, "prompt-completion", prompt_completion),
    ("xstest/dev/xstest_prompts.csv", "prompt", {}, "prompt", prompt_of("prompt")),
    ("xstest/dev/xstest_prompts.csv", "classify", {"text": "prompt"}, "classification", labelled("prompt", number=False)),
    ("legalbench/dev/*.gz", "sft", {}, "text", text),
    ("legalbench/dev/*.gz", "classify", {"columns": {"label": "answer"}}, "classification", legal),
    ("hh_rlhf/dev/*.gz", "preference", {}, "hh-rlhf", hh),
    ("hh_rlhf/dev/*.gz", "preference", {"format": "preference"}, "preference", hh_implicit),
    ("hh_rlhf/dev/*.gz", "sft", {}, "hh-rlhf", hh_chosen),
    ("ultrafeedback/dev/*.gz", "preference", {}, "preference", ultrafeedback),
    ("ultrafeedback/dev/train_clean.jsonl.gz", "sft", {}, "preference", side),
    ("ultrafeedback/dev/train_clean.jsonl.gz", "kto", {}, "preference", both_sides),
    ("oasst_pairs/dev/*.gz", "preference", {}, "preference", plain_pair),
    ("rm_bench/dev/*.gz", "preference", {}, "preference", rm_bench),
    ("oasst_trees/dev/*.gz", "sft", {}, "oasst-trees", best_path),
    ("oasst_trees/dev/*.gz", "preference", {}, "oasst-trees", siblings),
    ("llamafactory_prefs/dev/dpo_en_demo.json", "preference", {}, "sharegpt-preference", ranking),
    ("llamafactory_prefs/dev/kto_en_demo.json", "kto", {}, "unpaired-preference", kto),
    ("llamafactory_prefs/dev/kto_en_demo.json", "sft", {}, "unpaired-preference", kto_wanted),
    ("sharegpt_format/dev/*.json", "sft", {}, "sharegpt", conversations),
    ("sharegpt_format/dev/v1_sft_demo.jsonl.gz", "sft", {}, "messages", parts),
    ("rasbt_instruct/dev/*.json", "sft", {}, "alpaca", instruct),
    ("rasbt_instruct/dev/instruction-data-with-preference.json", "preference", {}, "instruction-preference", polite),
    ("self_instruct/dev/*.gz", "sft", {}, "self-instruct", self_instruct),
    ("stack_exchange_paired/dev/*.json", "preference", {}, "stack-exchange", stack),
    ("truthfulqa/dev/TruthfulQA.csv", "preference", {}, "truthfulqa", truthful),
    ("truthfulqa/dev/mc_task.json", "preference", {}, "truthfulqa", choices),
    ("squad/dev/*.gz", "qa", {}, "squad", nested_qa),
    ("sst2/dev/*.tsv*", "classify", {}, "classification", lambda r: labelled("sentence" if "sentence" in r else "text")(r)),
    ("pubmedqa/dev/*.gz", "sft", {}, "pubmedqa", pubmed),
    ("pubmedqa/dev/*.gz", "classify", {}, "pubmedqa", pubmed_class),
    ("wnut17/dev/*.gz", "tag", {}, "tags", sentence),
    ("tinyshakespeare/dev/*.gz", "text", {}, "text", text),
    ("tinystories/dev/*.gz", "sft", {}, "text", text),
    ("wiki_demo/dev/*.gz", "text", {}, "text", text),
    ("wikitext2/dev/*.gz", "text", {}, "text", text),
    ("sycophancy/dev/anthropic_*.gz", "preference",
     {"columns": {"prompt": "biased_prompt", "chosen": "honest_target", "rejected": "sycophantic_target"}}, "preference",
     renamed_pair("biased_prompt", "honest_target", "sycophantic_target")),
    ("sycophancy/dev/freeform.jsonl.gz", "prompt", {"columns": {"prompt": "initial_user_message"}}, "prompt",
     prompt_of("initial_user_message")),
    ("sycophancy/dev/syco_bench_delusion.csv", "prompt", {"columns": {"prompt": "statement"}}, "prompt", prompt_of("statement")),
    ("sycophancy/dev/syco_bench_mirror.csv", "prompt", {"columns": {"prompt": "userstance1"}}, "prompt", prompt_of("userstance1")),
    ("sycophancy/dev/syco_bench_pickside.csv", "prompt", {"columns": {"prompt": "statement1"}}, "prompt", prompt_of("statement1")),
    ("sycophancy/dev/sycophancybench_questions.jsonl.gz", "sft",
     {"columns": {"prompt": "question", "completion": "correct_answer"}}, "prompt-completion", renamed("question", "correct_answer")),
]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True)
    p.add_argument("--out", required=True)
    a = p.parse_args()
    lines, seen = [], set()
    for pattern, view, options, form, convert in CASES:
        for path in sorted(glob.glob(os.path.join(a.data, pattern))):
            rows, count, h = records(path), 0, xxhash.xxh3_128()
            bad = 0
            for r in rows:
                try:
                    found = list(convert(r))
                except KeyError: # the row has not the columns
                    bad += 1
                    continue
                for kind, x in found:
                    h.update((kind + " " + json.dumps(x, ensure_ascii=False) + "\n").encode())
                    count += 1
            seen.add(os.path.dirname(os.path.relpath(path, a.data)))
            lines.append({"file": os.path.relpath(path, a.data), "view": view, **options, "format": form, "records": len(rows),
                          "examples": count, "hash": h.hexdigest()})
            if "format" in options:
                lines[-1]["asked"] = True
            if bad:
                lines[-1]["bad"] = bad
    with open(a.out, "w") as f:
        for x in lines:
            f.write(json.dumps(x) + "\n")
    print(f"{len(lines)} cases in {len(seen)} folders")


if __name__ == "__main__":
    main()
