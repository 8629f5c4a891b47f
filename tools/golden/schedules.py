#!/usr/bin/env python3
"""schedules.py OUT.jsonl - learning rates of every course as transformers steps them; one JSON object a line."""
import json
import sys

import torch
from transformers import get_scheduler

CASES = [
    ("linear", {}, 5e-5, 0, 7), ("linear", {}, 1e-3, 3, 20), ("linear", {}, 2e-5, 10, 10), ("linear", {}, 0.1, 1, 1),
    ("cosine", {}, 1e-3, 2, 20), ("cosine", {"num_cycles": 1.5}, 3e-4, 0, 17),
    ("cosine_with_restarts", {}, 1e-3, 2, 20), ("cosine_with_restarts", {"num_cycles": 3}, 1e-3, 1, 19),
    ("polynomial", {}, 1e-3, 0, 11), ("polynomial", {"lr_end": 1e-5, "power": 2.0}, 1e-3, 4, 23),
    ("constant", {}, 1e-4, 5, 9), ("constant_with_warmup", {}, 1e-4, 5, 12),
    ("inverse_sqrt", {}, 1e-3, 0, 10), ("inverse_sqrt", {}, 1e-3, 6, 30), ("inverse_sqrt", {"timescale": 50}, 1e-3, 6, 30),
    ("warmup_stable_decay", {"num_decay_steps": 6}, 1e-3, 4, 20),
    ("warmup_stable_decay", {"num_decay_steps": 6, "decay_type": "linear", "warmup_type": "cosine", "min_lr_ratio": 0.1}, 1e-3, 4, 20),
    ("warmup_stable_decay", {"num_decay_steps": 6, "decay_type": "1-sqrt", "warmup_type": "1-sqrt", "num_stable_steps": 5}, 1e-3, 4, 20),
    ("cosine_with_min_lr", {"min_lr_rate": 0.1}, 1e-3, 3, 20), ("cosine_with_min_lr", {"min_lr": 1e-5, "num_cycles": 0.7}, 1e-3, 0, 13),
]


def rates(name, kwargs, lr, warmup, steps):
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = get_scheduler(name, optimizer, warmup, steps, scheduler_specific_kwargs=kwargs)
    out = []
    for _ in range(steps):
        out.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return out


with open(sys.argv[1], "w") as f:
    for name, kwargs, lr, warmup, steps in CASES:
        row = {"type": name, "kwargs": kwargs, "lr": lr, "warmup": warmup, "rates": rates(name, kwargs, lr, warmup, steps)}
        f.write(json.dumps(row) + "\n")
