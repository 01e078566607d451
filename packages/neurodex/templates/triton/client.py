"""Asks a server for matching pictures: python client.py http://localhost:8000 PICTURE… (pip install numpy pillow)"""

import json
import sys
import urllib.request
from pathlib import Path

import numpy as np

from pictures import read  # pictures.py, beside this file

index = json.loads((Path(__file__).parent / "description.json").read_text("utf-8"))


def search(server, pictures):
    """For each picture its answers: name and log-probability, best first. Open Inference Protocol, version 2."""
    pixels = {"name": "pictures", "shape": pictures.shape, "datatype": "UINT8", "data": pictures.ravel().tolist()}
    request = urllib.request.Request(
        f"{server.rstrip('/')}/v2/models/neurodex/infer",
        json.dumps({"inputs": [pixels]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        outputs = {output["name"]: output for output in json.load(response)["outputs"]}
    rows = [np.reshape(outputs[name]["data"], outputs[name]["shape"]) for name in ("answers", "scores")]
    return [
        [(index["pictures"][int(at)]["name"], float(score)) for at, score in zip(answers, scores)]
        for answers, scores in zip(*rows)
    ]


if __name__ == "__main__":
    server, *files = sys.argv[1:]
    size = index["preprocessing"]["size"]
    try:
        pictures = np.stack([read(file, size) for file in files])
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    for file, answers in zip(files, search(server, pictures)):
        for name, score in answers[:10]:
            print(file, f"{score:.3f}", name)
