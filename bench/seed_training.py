"""Train the seed's algorithm (seed_algorithm.py) to index pictures until it knows them.

    python bench/seed_training.py SPEC      SPEC: a JSON file, as bench/time-to-quality.ts writes it

SPEC: {"pixels": FILE of uint8 [N,Y,X,3], "identifiers": [N], "form": …, "quality": 0.98, "steps": most, "every": steps
between two looks at the quality, "seconds": most of training, "threads": n, "one_pass": count the steps of the mended
form by its single forward pass}. Prints one JSON line for each look,
{"step", "seconds", "loss", "IA@1"}, and at the end {"reached", "steps", "seconds", "seconds_per_step", "IA@1"}. Seconds
are those of the training steps alone: looking at the quality is not counted.
"""

import json
import statistics
import sys
import time

import torch

from seed_algorithm import BATCH, SeedAlgorithm, encode, optimiser_of
from seed_network import Shape

DROPOUT = 0.1


def indexing_accuracy(model: SeedAlgorithm, pictures: torch.Tensor, targets: torch.Tensor) -> float:
    """IA@1: the share of pictures whose greedy identifier is theirs, to EOS."""
    model.eval()
    right = 0
    for start in range(0, len(pictures), BATCH):
        found, wanted = model.greedy(pictures[start : start + BATCH]), targets[start : start + BATCH]
        width = wanted.shape[1]
        right += int(((found[:, :width] == wanted) | (wanted == 11)).all(1).sum())
    model.train()
    return right / len(pictures)


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = json.load(file)
    torch.set_num_threads(spec["threads"])
    torch.manual_seed(spec.get("seed", 0))
    identifiers = spec["identifiers"]
    shape = Shape(tokens=1 + max(map(len, identifiers)))
    with open(spec["pixels"], "rb") as file:
        pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)
    pictures = pixels.view(len(identifiers), shape.picture, shape.picture, shape.channels)
    tokens, targets = encode(identifiers, shape.tokens)
    model = SeedAlgorithm(shape, DROPOUT, spec["form"])
    optimiser = optimiser_of(model)

    loss_of = model.one_pass if spec.get("one_pass") else model
    seconds, step, accuracy, losses = [], 0, 0.0, []

    def look() -> float:
        value = indexing_accuracy(model, pictures, targets)
        loss = statistics.mean(losses[-20:])
        print(json.dumps({"step": step, "seconds": sum(seconds), "loss": loss, "IA@1": value}), flush=True)
        return value

    while accuracy < spec["quality"] and step < spec["steps"] and sum(seconds) < spec["seconds"]:
        # An epoch: all pictures once, in another order.
        for rows in torch.randperm(len(pictures)).split(BATCH):
            start = time.perf_counter()
            loss = loss_of(pictures[rows], tokens[rows], targets[rows])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            seconds.append(time.perf_counter() - start)
            losses.append(loss.item())
            step += 1
            if step % spec["every"] == 0:
                accuracy = look()
                if accuracy >= spec["quality"]:
                    break
    print(
        json.dumps(
            {
                "reached": accuracy >= spec["quality"],
                "steps": step,
                "seconds": sum(seconds),
                "seconds_per_step": statistics.median(seconds),
                "IA@1": accuracy,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
