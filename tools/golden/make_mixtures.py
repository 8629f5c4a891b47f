"""Which records a mixture has, and in which order, by the datasets library and TRL's get_dataset.

    python make_mixtures.py --out tests/fixtures/data

Writes mixtures.jsonl: one case a line with the sizes of the sources, a split expression for each, weights, fractions, the
stopping strategy, seed and test size, and the answer: pairs [source, record] of the training and of the held-out side. The
held-out side, and a training side that is not interleaved, are listed in the order of the sources.
"""
import argparse
import json
import os
import random

import datasets
import numpy as np


def sliced(n, spec):
    table = datasets.Dataset.from_dict({"i": list(range(n))})
    name_to_len = {"train": n}
    instruction = datasets.ReadInstruction.from_spec(spec).to_absolute(name_to_len)[0]
    return table.select(list(range(instruction.from_, instruction.to)))


def case(rng, number):
    sources = rng.randint(1, 4)
    sizes = [rng.randint(1, 12) for _ in range(sources)]
    ends = [None] * 6 + ["10%", "33%", "50%", "-20%", "75%", "3", "-2", "100", "0"]
    specs = []
    for _ in range(sources):
        a, b = rng.choice(ends), rng.choice(ends)
        if (a and a[-1] == "%") != (b and b[-1] == "%"):
            b = None
        specs.append("train" if not a and not b else f"train[{a or ''}:{b or ''}]")
    tables = [sliced(n, s) for n, s in zip(sizes, specs)]
    limits = [rng.choice([None, None, None, 1, 5]) for _ in range(sources)]
    tables = [t if m is None else t.select(range(min(m, len(t)))) for t, m in zip(tables, limits)]
    kind = rng.choice(["concatenate", "interleave", "weights", "fraction"])
    if any(len(t) == 0 for t in tables) and kind != "concatenate":
        return None
    out = {"sizes": sizes, "splits": specs, "limits": limits, "seed": number, "kind": kind, "stopping": "first_exhausted",
           "weights": None, "fractions": None, "test_size": 0}
    if kind == "fraction":
        out["fractions"] = [rng.choice([0.5, 1.0, 2.0, 0.1]) for _ in range(sources)]
        weights = [f / sum(out["fractions"]) for f in out["fractions"]]
        total = min(len(t) / w for t, w in zip(tables, weights) if w > 0)
        tables = [t.select(range(round(w * total))) for t, w in zip(tables, weights)]
    tables = [t.add_column("s", [k] * len(t)) for k, t in enumerate(tables)]
    whole = datasets.concatenate_datasets(tables)
    held = []
    if rng.random() < 0.4 and len(whole) > 2:
        out["test_size"] = rng.choice([0.1, 0.34, 1, 2])
        parts = whole.train_test_split(test_size=out["test_size"] if out["test_size"] < 1 else int(out["test_size"]), seed=number)
        held = sorted(zip(parts["test"]["s"], parts["test"]["i"]))
        left = set(zip(parts["train"]["s"], parts["train"]["i"]))
        tables = [t.select([k for k in range(len(t)) if (t["s"][k], t["i"][k]) in left]) for t in tables]
        if any(len(t) == 0 for t in tables) and kind in ("interleave", "weights"):
            return None
    if kind in ("interleave", "weights"):
        out["stopping"] = rng.choice(["first_exhausted", "all_exhausted", "all_exhausted_without_replacement"])
        if kind == "weights":
            p = rng.choice([[0.5, 0.5], [0.7, 0.3], [0.9, 0.1]]) if sources == 2 else np.random.default_rng(number).dirichlet(
                [2.0] * sources).tolist()
            out["weights"] = p
        mixed = datasets.interleave_datasets(tables, probabilities=out["weights"], seed=number, stopping_strategy=out["stopping"])
    else:
        mixed = datasets.concatenate_datasets(tables)
    out["train"] = list(zip(mixed["s"], mixed["i"]))
    out["held_out"] = held
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--cases", type=int, default=120)
    args = parser.parse_args()
    datasets.disable_progress_bars()
    rng = random.Random(5)
    os.makedirs(args.out, exist_ok=True)
    cases, number = [], 0
    while len(cases) < args.cases:
        number += 1
        made = case(rng, number)
        if made:
            cases.append(made)
    with open(os.path.join(args.out, "mixtures.jsonl"), "w") as f:
        for made in cases:
            f.write(json.dumps(made, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
