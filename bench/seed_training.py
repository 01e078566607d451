"""Train the seed's algorithm (seed_algorithm.py): to index pictures until it knows them, then, where asked, to retrieve.

    python bench/seed_training.py SPEC      SPEC: a JSON file, as bench/seed-training.ts writes it

Prints one JSON line for each look at the quality, {"step", "seconds", "loss", "IA@1"}, and at the end {"reached", "steps",
"seconds", "seconds_per_step", "measures"}. Seconds are those of the training steps alone: looking is not counted.
"""

import json
import statistics
import sys
import time
from dataclasses import dataclass, field

import torch

from seed_algorithm import BATCH, EOS, PAD, SeedAlgorithm, encode, optimiser_of
from seed_network import Shape

DROPOUT = 0.1
ANSWERS = 10


@dataclass(frozen=True)
class Spec:
    pixels: str  # a file, uint8 [rows,Y,X,3]; the first N rows are the catalogue
    identifiers: list[str]  # [N]
    form: str  # written or mended
    quality: float  # IA@1 at which indexing is over; above 1: never
    steps: int  # most steps of indexing
    seconds: float  # most seconds of training
    every: int  # steps between two looks at the quality
    threads: int
    seed: int = 0
    one_pass: bool = False  # count the steps of the mended form by its single forward pass
    retrieval_epochs: int = 0  # over all pairs
    pairs: list[tuple[int, int]] = field(default_factory=list)  # a query's row, and a relevant catalogue row
    test: list[tuple[int, list[int]]] = field(default_factory=list)  # a query's row, and its relevant catalogue rows


class Training:
    def __init__(self, spec: Spec):
        self.spec = spec
        torch.manual_seed(spec.seed)
        shape = Shape(tokens=1 + max(map(len, spec.identifiers)))
        with open(spec.pixels, "rb") as file:
            pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)
        self.pictures = pixels.view(-1, shape.picture, shape.picture, shape.channels)
        self.tokens, self.targets = encode(spec.identifiers, shape.tokens)
        self.model = SeedAlgorithm(shape, DROPOUT, spec.form)
        self.loss_of = self.model.one_pass if spec.one_pass else self.model
        self.optimiser = optimiser_of(self.model)
        self.seconds: list[float] = []
        self.losses: list[float] = []

    def step(self, rows: torch.Tensor, named: torch.Tensor) -> None:
        """Pictures of these rows, asked for the identifiers of those catalogue rows."""
        start = time.perf_counter()
        loss = self.loss_of(self.pictures[rows], self.tokens[named], self.targets[named])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0, foreach=True)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.seconds.append(time.perf_counter() - start)
        self.losses.append(loss.item())

    @property
    def tired(self) -> bool:
        return sum(self.seconds) >= self.spec.seconds

    def index(self) -> bool:
        """Whether the quality was reached. An epoch is all catalogue pictures once, in another order."""
        spec = self.spec
        while len(self.seconds) < spec.steps and not self.tired:
            for rows in torch.randperm(len(spec.identifiers)).split(BATCH):
                self.step(rows, rows)
                if len(self.seconds) % spec.every == 0 and self.look() >= spec.quality:
                    return True
                if len(self.seconds) >= spec.steps:
                    break
        return False

    def retrieve(self) -> None:
        """Every pair of a query and a relevant picture is an example of its own, the query shown again for each."""
        pairs = torch.tensor(self.spec.pairs)
        for _ in range(self.spec.retrieval_epochs):
            for chosen in torch.randperm(len(pairs)).split(BATCH):
                if self.tired:
                    return
                self.step(pairs[chosen, 0], pairs[chosen, 1])

    def look(self) -> float:
        accuracy = self.indexing_accuracy()
        loss = statistics.mean(self.losses[-20:])
        line = {"step": len(self.seconds), "seconds": sum(self.seconds), "loss": loss, "IA@1": accuracy}
        print(json.dumps(line), flush=True)
        return accuracy

    def indexing_accuracy(self) -> float:
        """IA@1: the share of catalogue pictures whose greedy identifier is theirs, to EOS."""
        self.model.eval()
        right = 0
        for rows in torch.arange(len(self.targets)).split(BATCH):
            wanted = self.targets[rows]
            found = self.model.greedy(self.pictures[rows])[:, : wanted.shape[1]]
            right += int(((found == wanted) | (wanted == PAD)).all(1).sum())
        self.model.train()
        return right / len(self.targets)

    def measures(self) -> dict[str, float]:
        """IA@1; P@10 and AP@10 over the test queries. An identifier that names no picture is a wrong answer."""
        measured = {"IA@1": self.indexing_accuracy()}
        rows_of = {identifier: row for row, identifier in enumerate(self.spec.identifiers)}
        self.model.eval()
        precisions, averages = [], []
        for row, relevant in self.spec.test:
            answers = self.model.generate(self.pictures[row : row + 1], ANSWERS, batched=True)
            names = ["".join(map(str, tokens[: tokens.index(EOS)])) if EOS in tokens else None for tokens in answers]
            hits = [rows_of.get(name, -1) in set(relevant) for name in names]
            precisions.append(sum(hits) / ANSWERS)
            averages.append(sum(hit * sum(hits[: i + 1]) / (i + 1) for i, hit in enumerate(hits)) / len(relevant))
        if self.spec.test:
            measured |= {"P@10": statistics.mean(precisions), "AP@10": statistics.mean(averages)}
        self.model.train()
        return measured


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = Spec(**json.load(file))
    torch.set_num_threads(spec.threads)
    training = Training(spec)
    reached = training.index()
    training.retrieve()
    result = {
        "reached": reached,
        "steps": len(training.seconds),
        "seconds": sum(training.seconds),
        "seconds_per_step": statistics.median(training.seconds),
        "measures": training.measures(),
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
