"""Searches this index: python search.py PICTURE… (pip install onnxruntime numpy pillow)"""
import json, sys
from pathlib import Path
import numpy as np, onnxruntime
folder = Path(__file__).parent
index = json.loads((folder / "description.json").read_text("utf-8"))
if "encoder" in index: from image_encoder import read  # image_encoder.py, beside this file: the embedding of a picture
else: from pictures import read  # pictures.py, beside this file: its pixels
size, width = index["geometry"]["imageSize"], index["geometry"]["width"]
row, parent, leaf = (np.array(index["trie"][name]) for name in ("rows", "parents", "pictures"))
temperature, squares = index["memory"]["temperature"], np.array(index["memory"]["squares"])
encoder, decoder = (onnxruntime.InferenceSession(folder / f"{name}.onnx") for name in ("encoder_model", "decoder_model"))
count = np.where(leaf >= 0, 1, 0)  # pictures behind each node
picture = leaf.copy()  # what a node stands for alone; −1 where there are several
for node in range(len(row) - 1, 0, -1):
    count[parent[node]] += count[node]
    picture[parent[node]] = picture[node] if count[parent[node]] == 1 else -1
last = np.ones(len(row), bool)  # nodes whose children each stand for one picture
last[parent[1:][picture[1:] < 0]] = False
inputs = encoder.get_inputs()
def search(pixels, k=10):
    """The k best catalogue pictures, best first: position in index["pictures"] and log-probability."""
    (states,) = encoder.run(["states"], {inputs[0].name: pixels[None]})
    def logits(nodes):
        return decoder.run(["logits"], {"states": states, "rows": row[nodes][None].astype(np.int32)})[0][0].astype(np.float64)
    if index["search"]["exhaustive"]: found, closed = np.flatnonzero(leaf >= 0), np.empty(0, int)
    else: found, closed = beam(logits, max(k, index["search"]["beam"]))
    scores = logits(found)
    # The pictures behind a prefix that was not looked into count as if they lay normally about their mean.
    across = 1 - (logits(closed) / temperature) ** 2 / np.maximum(squares[closed], 1e-12)
    spread = temperature * np.sqrt(np.maximum(0, (1 - squares[closed]) * across) / (width - 1))
    log_count = np.log(count[closed])
    frozen = np.sqrt(2 * log_count)
    others = logits(closed) + np.where(spread < frozen, log_count + spread**2 / 2, spread * frozen)
    scores -= np.logaddexp.reduce(np.concatenate([scores, others]))
    return sorted(zip(picture[found].tolist(), scores.tolist()), key=lambda each: (-each[1], each[0]))[:k]
def beam(logits, width):  # nodes of single pictures, and of the prefixes that were not looked into
    found, closed, ends, level = [], [], np.flatnonzero(last[:1]), np.flatnonzero(~last[:1])
    def nearest(nodes):  # the prefixes whose mean states are nearest; the others are closed
        if len(nodes) <= width: return nodes
        order = nodes[np.lexsort((nodes, squares[nodes] - 2 * logits(nodes) / temperature))]
        closed.append(order[width:])
        return order[:width]
    def below(nodes):
        children = np.flatnonzero(np.isin(parent, nodes))
        found.append(children[picture[children] >= 0])
        return children[picture[children] < 0]
    while len(level):
        children = below(level)
        ends, level = np.concatenate([ends, children[last[children]]]), nearest(children[~last[children]])
    below(nearest(ends))
    return np.concatenate(found), np.concatenate([np.empty(0, int), *closed])
if __name__ == "__main__":
    for file in sys.argv[1:]:
        try: pixels = read(file, size)
        except (OSError, ValueError) as error: sys.exit(f"{file}: {error}")
        for position, score in search(pixels): print(file, f"{score:.3f}", index["pictures"][position]["name"])
