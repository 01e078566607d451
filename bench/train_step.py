"""One training step of the seed's network in PyTorch: forward, backward, clip, AdamW.

    python bench/train_step.py                      serve JSON lines on stdin and stdout, for bench/pytorch.ts
    python bench/train_step.py --check              every variant computes the same loss and gradients
    python bench/train_step.py --check-golden FILE  the network reproduces golden logits, loss, gradients and Adam steps

Requests, one JSON object a line, each answered by one line ({"error": …} when it cannot be served):
    {"variant": name, "dropout": 0.1, "steps": n}  → {"seconds_per_step": median, "all": […], "loss": last}
    {"prepare": true, "dropouts": [0.1, 0]}
        → {"fastest": [{dropout, variant}], "measured": [{…, seconds_per_step, minimum}], "unavailable": [{…, reason}]}
    {"peak": true}                                 → {"gflops": …}, the best 1024³ float32 matrix product
    {"digits": form, "dropout": 0.1, "steps": n}   → as for a variant: the seed's step, one forward pass for every digit
    {"generate": k, "form": form, "batched": false, "runs": n}
        → {"seconds": median, "all": […]}: the seed's generation of k identifiers for one picture (seed_algorithm.py)

A variant's name says how the same function is computed, four words joined by "-":
    eager | compiled      torch.compile in its default mode; max-autotune was tried and gained nothing here
    sdpa | products       scaled_dot_product_attention, or the products and the softmax written out
    all | tokens          the last block everywhere, or only where the loss looks (see seed_network.Block)
    torch | bytes         torch's dropout, or factors from bytes drawn once a step (see seed_network.draw_factors)
"""

import argparse
import dataclasses
import itertools
import json
import os
import statistics
import sys
import time

import torch

from seed_algorithm import SeedAlgorithm, optimiser_of
from seed_network import SeedNetwork, Shape, draw_factors

VARIANTS = ["-".join(words) for words in itertools.product(
    ("eager", "compiled"), ("sdpa", "products"), ("all", "tokens"), ("torch", "bytes"))]  # fmt: skip
WARM_UP_STEPS = 2
TOLERANCE = 1e-4


def build(variant: str, shape: Shape, dropout: float) -> tuple[SeedNetwork, object]:
    """The network and what to call for its loss: itself, or its compiled form."""
    execution, attention, last, _ = variant.split("-")
    network = SeedNetwork(shape, dropout, attention, last_block_at_tokens=last == "tokens")
    # Without `dynamic=False` the second variant's other shapes would compile as symbols, and run slower.
    return network, torch.compile(network, dynamic=False) if execution == "compiled" else network


def random_batch(shape: Shape, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pictures uint8 [B,Y,X,C], tokens BOS d d d and targets d d d EOS, int64 [B,M]."""
    generator = torch.Generator().manual_seed(seed)
    size = (shape.batch, shape.picture, shape.picture, shape.channels)
    pictures = torch.randint(0, 256, size, dtype=torch.uint8, generator=generator)
    digits = torch.randint(0, 10, (shape.batch, shape.tokens - 1), generator=generator)
    bos, eos = (torch.full((shape.batch, 1), token) for token in (10, 12))
    return pictures, torch.cat([bos, digits], 1), torch.cat([digits, eos], 1)


class Trainer:
    """One variant with its own weights and optimiser. The first steps, where compilation happens, are not timed."""

    def __init__(self, variant: str, dropout: float):
        torch.manual_seed(0)
        shape = Shape()
        self.network, self.loss = build(variant, shape, dropout)
        self.dropout = dropout
        self.drawn = sum(self.network.dropped_elements) if variant.endswith("bytes") and dropout > 0 else 0
        self.parameters = list(self.network.parameters())
        self.optimiser = torch.optim.AdamW(
            self.parameters, lr=5e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, fused=True
        )
        self.batches = itertools.cycle([random_batch(shape, seed) for seed in range(4)])
        self.run(WARM_UP_STEPS)

    def run(self, steps: int) -> tuple[list[float], float]:
        """Seconds of each step, and the last loss."""
        seconds, loss = [], torch.tensor(float("nan"))
        for _ in range(steps):
            batch = next(self.batches)
            start = time.perf_counter()
            loss = self.loss(*batch, draw_factors(self.drawn, self.dropout) if self.drawn else None)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=True)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
            seconds.append(time.perf_counter() - start)
        return seconds, loss.item()


class DigitTrainer:
    """The seed's own step: one forward pass for every digit, one backward pass, clip, AdamW."""

    def __init__(self, form: str, dropout: float):
        torch.manual_seed(0)
        shape = Shape()
        self.model = SeedAlgorithm(shape, dropout, form)
        self.optimiser = optimiser_of(self.model)
        self.batches = itertools.cycle([random_batch(shape, seed) for seed in range(4)])
        self.run(1)

    def run(self, steps: int) -> tuple[list[float], float]:
        """Seconds of each step, and the last loss."""
        seconds, loss = [], torch.tensor(float("nan"))
        for _ in range(steps):
            batch = next(self.batches)
            start = time.perf_counter()
            loss = self.model(*batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0, foreach=True)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
            seconds.append(time.perf_counter() - start)
        return seconds, loss.item()


class Generator:
    """The seed's generation for one picture: identifiers of two digits, as a catalogue of 96 has."""

    def __init__(self, form: str):
        torch.manual_seed(0)
        self.model = SeedAlgorithm(dataclasses.replace(Shape(), batch=1, tokens=3), 0.0, form).eval()
        self.picture = random_batch(dataclasses.replace(Shape(), batch=1), 7)[0]

    def run(self, k: int, batched: bool, runs: int) -> list[float]:
        seconds = []
        for _ in range(runs):
            start = time.perf_counter()
            self.model.generate(self.picture, k, batched)
            seconds.append(time.perf_counter() - start)
        return seconds


class Server:
    def __init__(self) -> None:
        self.trainers: dict[tuple[str, float], Trainer] = {}
        self.digit_trainers: dict[tuple[str, float], DigitTrainer] = {}
        self.generators: dict[str, Generator] = {}

    def trainer(self, variant: str, dropout: float) -> Trainer:
        if variant not in VARIANTS:
            raise ValueError(f"unknown variant {variant!r}; known: {', '.join(VARIANTS)}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout {dropout} is not in [0, 1)")
        key = (variant, dropout)
        if key not in self.trainers:
            print(f"pytorch: warming up {variant}, dropout {dropout}", file=sys.stderr, flush=True)
            self.trainers[key] = Trainer(variant, dropout)
        return self.trainers[key]

    def measure(self, variant: str, dropout: float, steps: int) -> dict:
        seconds, loss = self.trainer(variant, dropout).run(max(1, steps))
        return {"seconds_per_step": statistics.median(seconds), "all": seconds, "loss": loss}

    def digits(self, form: str, dropout: float, steps: int) -> dict:
        key = (form, dropout)
        if key not in self.digit_trainers:
            self.digit_trainers[key] = DigitTrainer(form, dropout)
        seconds, loss = self.digit_trainers[key].run(max(1, steps))
        return {"seconds_per_step": statistics.median(seconds), "all": seconds, "loss": loss}

    def generate(self, k: int, form: str, batched: bool, runs: int) -> dict:
        if form not in self.generators:
            self.generators[form] = Generator(form)
        seconds = self.generators[form].run(k, batched, max(1, runs))
        return {"seconds": statistics.median(seconds), "all": seconds}

    def prepare(self, dropouts: list[float]) -> dict:
        """Every variant in turn for some rounds, then the three best of each dropout for some more. The least step of
        all decides: other programs can only make a step slower, and in turns they do not do it to one variant alone."""
        measured, unavailable, fastest = [], [], []
        for dropout in dropouts:
            steps: dict[str, list[float]] = {}
            for variant in VARIANTS:
                if dropout == 0 and variant.endswith("bytes"):
                    continue  # without dropout it is the same program as "torch"
                try:
                    steps[variant] = self.measure(variant, dropout, 1)["all"]
                except Exception as error:  # a compiler that is missing or fails must not end the comparison
                    lines = str(error).strip().splitlines() or [type(error).__name__]
                    unavailable.append({"variant": variant, "dropout": dropout, "reason": lines[0]})
            if not steps:
                raise RuntimeError(f"no variant runs with dropout {dropout}: {unavailable[-1]['reason']}")
            for variant in list(steps) * 4:
                steps[variant] += self.measure(variant, dropout, 2)["all"]
            best = sorted(steps, key=lambda variant: min(steps[variant]))[:3]
            for variant in best * 4:
                steps[variant] += self.measure(variant, dropout, 4)["all"]
            fastest.append({"dropout": dropout, "variant": min(best, key=lambda variant: min(steps[variant]))})
            for variant, seconds in steps.items():
                median, minimum = statistics.median(seconds), min(seconds)
                measured.append(
                    {"variant": variant, "dropout": dropout, "seconds_per_step": median, "minimum": minimum}
                )
                if variant != fastest[-1]["variant"]:
                    del self.trainers[(variant, dropout)]
        return {"fastest": fastest, "measured": measured, "unavailable": unavailable}

    def answer(self, request: dict) -> dict:
        if request.get("peak"):
            return {"gflops": peak_gflops()}
        if request.get("prepare"):
            return self.prepare([float(rate) for rate in request.get("dropouts", [0.1, 0])])
        if "digits" in request:
            return self.digits(request["digits"], float(request["dropout"]), int(request["steps"]))
        if "generate" in request:
            return self.generate(
                int(request["generate"]), request["form"], bool(request["batched"]), int(request["runs"])
            )
        if "variant" in request:
            return self.measure(request["variant"], float(request["dropout"]), int(request["steps"]))
        raise ValueError(f"not a request: {json.dumps(request)}")


def peak_gflops(edge: int = 1024, repetitions: int = 20) -> float:
    """The fastest of several float32 products [edge,edge]·[edge,edge], in 10⁹ operations a second."""
    a, b, out = torch.rand(edge, edge), torch.rand(edge, edge), torch.empty(edge, edge)
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        torch.mm(a, b, out=out)
        seconds.append(time.perf_counter() - start)
    return 2 * edge**3 / min(seconds) / 1e9


def serve() -> None:
    # Compilers and libraries may print; only answers belong on the real stdout.
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: dict) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    server = Server()
    parameters = sum(p.numel() for p in SeedNetwork(Shape(), 0.0, "sdpa", False).parameters())
    say({"ready": True, "torch": torch.__version__, "threads": torch.get_num_threads(), "variants": VARIANTS,
         "parameters": parameters})  # fmt: skip
    for line in sys.stdin:
        if line.strip():
            try:
                say(server.answer(json.loads(line)))
            except Exception as error:
                say({"error": f"{type(error).__name__}: {error}"})


def distance(actual: torch.Tensor, expected: torch.Tensor) -> float:
    """‖a − b‖ / ‖b‖ in float64."""
    expected = expected.to(torch.float64)
    return ((actual.to(torch.float64) - expected).norm() / expected.norm()).item()


def report(what: str, worst: float, tolerance: float) -> bool:
    met = worst <= tolerance  # false for NaN
    print(f"{'ok    ' if met else 'FAILED'} {what}: {worst:.1e} (at most {tolerance:.0e})", flush=True)
    return met


def check() -> bool:
    """Every variant, dropout 0, against the plainest one in float64. Bytes are dropped apart: mean 1, share 26/256."""
    shape = dataclasses.replace(Shape(), batch=4)
    batch = random_batch(shape, 7)
    torch.manual_seed(1)
    reference, _ = build("eager-products-all-torch", shape, 0.0)
    weights = reference.state_dict()
    reference.to(torch.float64)(*batch, None).backward()
    expected_loss = reference(*batch, None).detach()
    expected = {name: parameter.grad for name, parameter in reference.named_parameters()}

    met = True
    for variant in (variant for variant in VARIANTS if variant.endswith("torch")):
        network, compute = build(variant, shape, 0.0)
        network.load_state_dict(weights)
        loss = compute(*batch, None)
        loss.backward()
        worst = max(distance(parameter.grad, expected[name]) for name, parameter in network.named_parameters())
        met &= report(f"{variant}: loss and gradients", max(worst, distance(loss.detach(), expected_loss)), TOLERANCE)

    torch.manual_seed(2)
    digits = SeedAlgorithm(shape, 0.0, "mended").to(torch.float64)
    expected_digits = digits.one_pass(*batch).detach()
    met &= report("one forward pass for every digit: loss", distance(digits(*batch).detach(), expected_digits), 1e-9)

    network, _ = build("eager-sdpa-all-bytes", shape, 0.1)
    dropped = network.dropout(torch.ones(1_000_000), draw_factors(1_000_000, 0.1))
    met &= report("bytes: mean after dropout", abs(dropped.mean().item() - 1), 2e-3)
    met &= report("bytes: share dropped", abs((dropped == 0).float().mean().item() - 26 / 256), 2e-3)
    return met


def golden_tensor(entry: dict) -> torch.Tensor:
    return torch.tensor(entry["data"], dtype=torch.float64).view(entry["shape"])


def ours(name: str) -> str:
    """The golden data's parameter name → ours."""
    return "token.weight" if name == "token.embedding" else name


def same_layout(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Golden linear weights are [in, out], torch's are [out, in]; the embedding is [V, D] in both."""
    return tensor.t() if tensor.dim() == 2 and name != "token.embedding" else tensor


def check_golden(path: str) -> bool:
    """The causal case of a golden file, every uncompiled variant: logits, loss and gradients in float32, then Adam in
    float64, because the gradient of the key bias is zero: a softmax does not change when every score of a row moves by
    the same amount. Adam divides what rounding leaves of it by itself, so in float32 those weights are noise."""
    with open(path, encoding="utf-8") as file:
        golden = json.load(file)
    config, case = golden["config"], golden["cases"]["causal"]
    shape = Shape(batch=config["B"], channels=config["C"], picture=config["imageSize"], patch=config["patchSize"],
                  width=config["D"], feed_forward=config["F"], heads=config["H"], layers=config["L"],
                  vocabulary=config["V"], tokens=config["M"], pad=config["PAD"])  # fmt: skip
    pictures = golden_tensor(golden["images_uint8_BYXC"]).to(torch.uint8)
    tokens, targets = torch.tensor(golden["tokens"]), torch.tensor(golden["targets"])
    weights = {ours(n): same_layout(n, golden_tensor(e)) for n, e in golden["weights"].items()}
    adam = config["adam"]

    met = True
    for variant in (v for v in VARIANTS if v.startswith("eager") and v.endswith("torch")):
        network, _ = build(variant, shape, 0.0)
        network.load_state_dict(weights)  # strict: the same parameters, no more and no fewer
        parameters = dict(network.named_parameters())

        def worst(actual: dict[str, torch.Tensor], expected: dict) -> float:
            return max(distance(actual[ours(n)], same_layout(n, golden_tensor(e))) for n, e in expected.items())

        logits = network.logits(pictures, tokens, None).detach()
        met &= report(f"{variant}: logits", distance(logits, golden_tensor(case["logits"])), TOLERANCE)
        network(pictures, tokens, targets, None).backward()
        gradients = {name: parameter.grad for name, parameter in parameters.items()}
        met &= report(f"{variant}: gradients", worst(gradients, case["gradients"]), TOLERANCE)

        network.to(torch.float64).load_state_dict(weights)
        optimiser = torch.optim.Adam(
            parameters.values(), lr=adam["lr"], betas=(adam["beta1"], adam["beta2"]), eps=adam["eps"]
        )
        losses = []
        for _ in case["losses"]:
            optimiser.zero_grad()
            loss = network(pictures, tokens, targets, None)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        met &= report(f"{variant}: losses", distance(torch.tensor(losses), torch.tensor(case["losses"])), TOLERANCE)
        after = {name: parameter.detach() for name, parameter in parameters.items()}
        met &= report(f"{variant}: weights after Adam", worst(after, case["weights_after_3_adam_steps"]), TOLERANCE)
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description="One training step of the seed's network in PyTorch.")
    parser.add_argument("--check", action="store_true", help="compare the variants with each other")
    parser.add_argument("--check-golden", metavar="FILE", help="compare the network with golden data")
    arguments = parser.parse_args()
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    torch.set_num_threads(len(cores))
    # All variants share one `forward`; past the default of 8 compilations of it torch would silently run it uncompiled.
    torch._dynamo.config.recompile_limit = 4 * len(VARIANTS)
    if not arguments.check and not arguments.check_golden:
        serve()
        return 0
    met = True
    if arguments.check_golden:
        met &= check_golden(arguments.check_golden)
    if arguments.check:
        met &= check()
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
