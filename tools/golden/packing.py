"""Writes packing.jsonl: which documents TRL's pack_dataset puts into which row.

Usage: packing.py OUTPUT      (needs the trl package)

Token t of a case is the number t, counted over all its documents, so the first id of a packed document says which it is.
A line holds the lengths of the documents and the rows as lists [first token, length, first token, length ...].
"""
import json
import random
import sys

from datasets import Dataset
from trl.data_utils import pack_dataset


def case(lengths, size, strategy):
    ids, at = [], 0
    for n in lengths:
        ids.append(list(range(at, at + n)))
        at += n
    packed = pack_dataset(Dataset.from_dict({"input_ids": ids, "labels": [x[:] for x in ids]}), size, strategy)
    rows = []
    for i in range(len(packed)):
        tokens, row, k = packed[i]["input_ids"], [], 0
        assert packed[i]["labels"] == tokens
        for n in packed[i].get("seq_lengths", [len(tokens)]):
            assert strategy == "wrapped" or tokens[k:k + n] == list(range(tokens[k], tokens[k] + n))
            row += [tokens[k], n]
            k += n
        assert k == len(tokens)
        rows.append(row)
    return dict(strategy=strategy, max_length=size, lengths=lengths, rows=rows)


def main():
    r = random.Random(7)
    sets = [
        ([5, 2, 3, 1], 4), ([4, 4, 4], 4), ([0, 3, 0, 0, 2], 4), ([1] * 9, 4), ([9], 4), ([8], 4),
        ([r.randint(0, 12) for _ in range(60)], 7),
        ([r.randint(1, 40) for _ in range(150)], 64),
        ([int(r.lognormvariate(3, 1)) for _ in range(200)], 50),
        ([int(r.lognormvariate(2, 1)) for _ in range(2300)], 33),
        ([r.randint(0, 3) for _ in range(1000)], 1024),
        ([r.choice([3, 5, 7]) for _ in range(1001)], 16),
    ]
    with open(sys.argv[1], "w") as out:
        for lengths, size in sets:
            for strategy in ("bfd", "bfd_split", "wrapped"):
                json.dump(case(lengths, size, strategy), out, separators=(",", ":"))
                out.write("\n")


if __name__ == "__main__":
    main()
