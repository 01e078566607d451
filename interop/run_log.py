"""The run log of an index as the trackers' checks compare with it."""

import json
from pathlib import Path

STEP_NAMES = {
    "train/loss": "loss",
    "train/token_accuracy": "tokenAccuracy",
    "train/learning_rate": "learningRate",
    "train/gradient_norm": "gradientNorm",
    "train/pictures_per_second": "picturesPerSecond",
    "train/step_seconds": "seconds",
}


class RunLog:
    """Every value that a tracker must give back, by its name there: name → {step: value}."""

    def __init__(self, index: Path):
        events = [json.loads(line) for line in (index / "run.jsonl").read_text().splitlines()]
        self.start = events[0]
        self.config = self.start["config"]
        self.steps = [event for event in events if event["kind"] == "step"]
        self.validations = [event for event in events if event["kind"] == "validation"]
        self.pictures = {event["name"]: event["pictures"] for event in events if event["kind"] == "pictures"}
        self.scalars: dict[str, dict[int, float]] = {
            name: {event["step"]: event[key] for event in self.steps} for name, key in STEP_NAMES.items()
        }
        for event in self.validations:
            for metric, value in event["metrics"].items():
                self.scalars.setdefault(f"validation/{metric}", {})[event["step"]] = value
        if not self.steps or not self.validations or not self.pictures:
            raise ValueError(f"{index}: the run log has too little to compare with")


def close(a: float, b: float, tolerance: float = 0.0) -> bool:
    return abs(a - b) <= tolerance * max(abs(a), abs(b))


def compare(expected: dict[int, float], actual: dict[int, float], name: str, tolerance: float = 0.0) -> list[str]:
    if sorted(expected) != sorted(actual):
        return [f"{name}: {len(actual)} steps, not {len(expected)}"]
    wrong = [step for step in expected if not close(expected[step], actual[step], tolerance)]
    return [f"{name}, step {step}: {actual[step]}, not {expected[step]}" for step in wrong[:3]]
