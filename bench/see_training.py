"""Trains the network to see in PyTorch, on batches that the other side made: for bench/see-peer.ts.

    python bench/see_training.py THREADS        serve JSON lines on stdin and stdout

Requests, one JSON object a line, each answered by one line ({"error": …} when it cannot be served):
    {"open": {geometry, dropout, temperature, smoothing, batch, optimizer, layout, variant}}
        → {"variant", "measured": [{variant, seconds_per_step}], "unavailable": [{variant, reason}], "compile_seconds"};
        without "variant" the fastest is taken, found word by word
    {"begin": file}
        → {"ready": true}: parameters float32, one behind the other as `layout` has them
    {"train": file, "learning_rates": […]}
        → {"seconds", "cpu_seconds", "losses"}: one step for each learning rate; the file holds the pictures of all
        steps, uint8 [steps,B,Y,X,3], then their classes, float32 [steps,B,C]
    {"states": file, "into": file}
        → {"ready": true}: pictures uint8 [n,Y,X,3] to states float32 [n,D]

A variant's name says how the same function is computed, four words joined by "-":
    eager | compiled        torch.compile in its default mode, of the loss and of Muon
    sdpa | products         see see_network.Block
    convolutions | windows  see see_network.Convolution
    torch | bytes           torch's dropout, or factors from bytes drawn once a step (see seed_network.draw_factors)
"""

import json
import math
import os
import sys
import time

import torch

from see_network import Geometry, SeeNetwork
from see_optimizer import Optimizer, Settings
from seed_network import draw_factors

WORDS = (("eager", "compiled"), ("sdpa", "products"), ("convolutions", "windows"), ("torch", "bytes"))
WARM_UP_STEPS = 3
TIMED_STEPS = 5
STATES = 256  # pictures at a time


class Trainer:
    """One variant, with its parameters and its optimizer."""

    def __init__(self, spec: dict, variant: str):
        execution, attention, stem, drops = variant.split("-")
        compiled = execution == "compiled"
        self.geometry, self.batch, self.layout = Geometry(**spec["geometry"]), spec["batch"], spec["layout"]
        self.rate = spec["dropout"]
        self.network = SeeNetwork(self.geometry, self.rate, spec["temperature"], spec["smoothing"], attention, stem)
        self.drawn = sum(self.network.dropped_elements(self.batch)) if drops == "bytes" and self.rate > 0 else 0
        self.loss = torch.compile(self.network, dynamic=False) if compiled else self.network
        self.optimizer = Optimizer(self.network, Settings(**spec["optimizer"]), compiled)

    def begin(self, path: str) -> None:
        self.network.load(numbers(path, torch.float32), self.layout)
        self.optimizer.reset()

    def step(self, pictures: torch.Tensor, classes: torch.Tensor, rate: float) -> float:
        loss = self.loss(pictures, classes, draw_factors(self.drawn, self.rate) if self.drawn else None)
        loss.backward()
        self.optimizer.step(rate)
        return loss.item()

    def train(self, path: str, rates: list[float]) -> dict:
        pictures, classes = self.read(path, len(rates))
        cpu, start = time.process_time(), time.perf_counter()
        losses = [self.step(*batch) for batch in zip(pictures, classes, rates, strict=True)]
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
        if not all(map(math.isfinite, losses)):
            raise ValueError("training diverged: a loss is not finite")
        return {"seconds": seconds, "cpu_seconds": cpu_seconds, "losses": losses}

    def read(self, path: str, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
        edge, bytes_ = self.geometry.picture, numbers(path, torch.uint8)
        split = steps * self.batch * edge * edge * 3
        pictures = bytes_[:split].view(steps, self.batch, edge, edge, 3)
        classes = bytes_[split:].view(torch.float32).view(steps, self.batch, self.geometry.classes)
        return pictures, classes

    @torch.no_grad()
    def states(self, path: str, into: str) -> None:
        edge = self.geometry.picture
        pictures = numbers(path, torch.uint8).view(-1, edge, edge, 3)
        self.network.eval()
        found = torch.cat([self.network.states(part) for part in pictures.split(STATES)])
        self.network.train()
        with open(into, "wb") as file:
            file.write(found.contiguous().numpy().tobytes())

    def time(self) -> float:
        """Processor seconds of the fastest of some steps, of random pictures: other programs change these the least."""
        edge = self.geometry.picture
        pictures = torch.randint(0, 256, (self.batch, edge, edge, 3), dtype=torch.uint8)
        classes = torch.eye(self.geometry.classes)[torch.arange(self.batch) % self.geometry.classes]
        seconds = []
        for _ in range(WARM_UP_STEPS + TIMED_STEPS):
            start = time.process_time()
            self.step(pictures, classes, 1e-3)
            seconds.append(time.process_time() - start)
        return min(seconds[WARM_UP_STEPS:])


def numbers(path: str, dtype: torch.dtype) -> torch.Tensor:
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


class Server:
    trainer: Trainer

    def open(self, spec: dict) -> dict:
        """The named variant; else the fastest, found word by word from the first compiled one."""
        measured: dict[str, float] = {}
        trainers: dict[str, Trainer] = {}
        unavailable = []

        def measure(variant: str) -> float:
            print(f"pytorch: warming up {variant}", file=sys.stderr, flush=True)
            try:
                trainers[variant] = Trainer(spec, variant)
                measured[variant] = trainers[variant].time()
            except Exception as error:  # a compiler that is missing or fails must not end the comparison
                lines = str(error).strip().splitlines() or [type(error).__name__]
                unavailable.append({"variant": variant, "reason": lines[0]})
                return math.inf
            return measured[variant]

        start = time.perf_counter()
        best = spec.get("variant") or "compiled-sdpa-convolutions-torch"
        if measure(best) == math.inf:
            raise RuntimeError(f"{best} does not run: {unavailable[-1]['reason']}")
        if not spec.get("variant"):
            for place, choices in enumerate(WORDS[1:], 1):
                words = best.split("-")
                words[place] = choices[1]
                other = "-".join(words)
                if measure(other) < measured[best]:
                    best = other
        self.trainer = trainers[best]
        return {
            "variant": best,
            "measured": [{"variant": name, "seconds_per_step": seconds} for name, seconds in measured.items()],
            "unavailable": unavailable,
            "compile_seconds": time.perf_counter() - start,
        }

    def answer(self, request: dict) -> dict:
        if "open" in request:
            return self.open(request["open"])
        if "begin" in request:
            self.trainer.begin(request["begin"])
            return {"ready": True}
        if "train" in request:
            return self.trainer.train(request["train"], [float(rate) for rate in request["learning_rates"]])
        if "states" in request:
            self.trainer.states(request["states"], request["into"])
            return {"ready": True}
        raise ValueError(f"not a request: {json.dumps(request)[:200]}")


def main() -> None:
    # Compilers and libraries may print; only answers belong on the real stdout.
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: dict) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    torch.set_num_threads(int(sys.argv[1]))
    torch.set_flush_denormal(True)
    # All variants share one `forward`; past the default of 8 compilations of it torch would silently run it uncompiled.
    torch._dynamo.config.recompile_limit = 64
    server = Server()
    say({"ready": True, "torch": torch.__version__, "threads": torch.get_num_threads()})
    for line in sys.stdin:
        if line.strip():
            try:
                say(server.answer(json.loads(line)))
            except Exception as error:
                say({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
