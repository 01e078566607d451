"""PyPI's tokenizers and numpy judge our text encoders: python check_text_encoder.py FOLDER

FOLDER holds what interop/write_text_encoder.ts writes: texts.json with texts and the wheel of a sentence encoder, and vectors.f32 with
what Neurodex makes of the texts. The weights are read from the wheel, and BERT (Devlin et al. 2019) is computed here by its definition,
text by text in float64: ids of PyPI's tokenizers, cut to 256, the mean of the states. Every number must be within 1e-3 of its value
(relative to the largest of a vector).
"""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import tokenizers
from scipy.special import erf

TOLERANCE = 1e-3
EPSILON = 1e-12


def tensors(data: bytes) -> dict[str, np.ndarray]:
    """The float32 tensors of a safetensors file: the length of its header, the header, the numbers."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    body = data[8 + length :]
    return {
        name: np.frombuffer(body[slice(*each["data_offsets"])], np.float32).reshape(each["shape"]).astype(np.float64)
        for name, each in header.items()
        if each.get("dtype") == "F32"
    }


class Bert:
    def __init__(self, config: dict, weights: dict[str, np.ndarray]) -> None:
        self.layers, self.heads, self.weights = config["num_hidden_layers"], config["num_attention_heads"], weights

    def linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        mean = x.mean(-1, keepdims=True)
        spread = np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + EPSILON)
        return (x - mean) / spread * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def states(self, ids: list[int]) -> np.ndarray:
        part = lambda name: self.weights[f"embeddings.{name}_embeddings.weight"]
        x = self.norm(part("word")[ids] + part("position")[: len(ids)] + part("token_type")[0], "embeddings.LayerNorm")
        for layer in range(self.layers):
            name = f"encoder.layer.{layer}"
            split = lambda which: np.swapaxes(
                self.linear(x, f"{name}.attention.self.{which}").reshape(len(ids), self.heads, -1), 0, 1
            )
            query, key, value = split("query"), split("key"), split("value")
            scores = query @ np.swapaxes(key, 1, 2) / np.sqrt(query.shape[-1])
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            shares /= shares.sum(-1, keepdims=True)
            seen = np.swapaxes(shares @ value, 0, 1).reshape(len(ids), -1)
            x = self.norm(x + self.linear(seen, f"{name}.attention.output.dense"), f"{name}.attention.output.LayerNorm")
            inner = self.linear(x, f"{name}.intermediate.dense")
            inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
            x = self.norm(x + self.linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        return x


def main(folder: Path) -> int:
    task = json.loads((folder / "texts.json").read_text())
    ours = np.fromfile(folder / "vectors.f32", np.float32).reshape(len(task["texts"]), task["channels"])
    with zipfile.ZipFile(task["wheel"]) as wheel:
        read = lambda name: wheel.read(f"{task['model']}/{name}")
        bert = Bert(json.loads(read("config.json")), tensors(read("model.safetensors")))
        judge = tokenizers.Tokenizer.from_str(read("tokenizer.json").decode())
        limit = json.loads(read("sentence_bert_config.json"))["max_seq_length"]
    judge.no_padding()
    judge.enable_truncation(max_length=limit)
    worst, longest, problems = 0.0, 0, []
    for text, found in zip(task["texts"], ours, strict=True):
        ids = judge.encode(text).ids
        wanted = bert.states(ids).mean(0)
        error = float(np.abs(found - wanted).max() / np.abs(wanted).max())
        worst, longest = max(worst, error), max(longest, len(ids))
        if not error <= TOLERANCE:
            problems.append(f"{text[:60]!r}: off by {error:.3g}")
    print(f"tokenizers {tokenizers.__version__}, numpy {np.__version__}: {len(ours)} texts of up to {longest} tokens; largest difference {worst:.2g}")
    for problem in problems[:10]:
        print(f"FAILED: {problem}")
    return 1 if problems or len(ours) == 0 else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
