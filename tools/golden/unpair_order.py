"""The order in which TRL's unpair_preference_dataset has the answers of n pairs.

    python unpair_order.py --out tests/fixtures/data

Writes unpaired.jsonl: a number of pairs a line, and its runs [label, first pair, pairs], one after the other. Every size is
unpaired three times, which must agree: as a table, as a stream, and from two files that are read as one data set.
"""
import argparse
import json
import os
import tempfile

import datasets
from trl import unpair_preference_dataset

SIZES = [1, 2, 7, 999, 1000, 1001, 1999, 2000, 2345]


def runs(data):
    out = []
    for row in data:
        i, label = int(row["completion"].split()[1]), row["label"]
        if out and out[-1][0] == label and out[-1][1] + out[-1][2] == i:
            out[-1][2] += 1
        else:
            out.append([label, i, 1])
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", required=True)
    a = p.parse_args()
    with open(os.path.join(a.out, "unpaired.jsonl"), "w") as f, tempfile.TemporaryDirectory() as work:
        for n in SIZES:
            rows = [{"prompt": f"p {i}", "chosen": f"c {i}", "rejected": f"r {i}"} for i in range(n)]
            table = datasets.Dataset.from_list(rows)
            order = runs(unpair_preference_dataset(table))
            assert order == runs(unpair_preference_dataset(table.to_iterable_dataset()))
            files = [os.path.join(work, f"{n}-{k}.jsonl") for k in range(2)]
            for path, part in zip(files, (rows[: n // 3], rows[n // 3 :])):
                with open(path, "w") as g:
                    g.writelines(json.dumps(r) + "\n" for r in part)
            files = [path for path in files if os.path.getsize(path)]
            assert order == runs(unpair_preference_dataset(datasets.load_dataset("json", data_files=files, split="train", cache_dir=work)))
            f.write(json.dumps({"pairs": n, "runs": order}) + "\n")


main()
