"""Searches this index: python search.py PICTURE… (pip install onnxruntime numpy pillow)"""
import json, sys
from pathlib import Path
import numpy as np, onnxruntime
folder = Path(__file__).parent
index = json.loads((folder / "description.json").read_text("utf-8"))
if "encoder" in index: from image_encoder import read  # image_encoder.py, beside this file: the embedding of a picture
else: from pictures import read  # pictures.py, beside this file: its pixels
size, patches = index["geometry"]["imageSize"], index["geometry"]["sequenceLength"]
token, row, parent, leaf = (np.array(index["trie"][name]) for name in ("tokens", "rows", "parents", "pictures"))
encoder, decoder = (onnxruntime.InferenceSession(folder / f"{name}.onnx") for name in ("encoder_model", "decoder_model"))
def prefix(node):
    return [row[0]] if node == 0 else [*prefix(parent[node]), row[node]]
inputs = encoder.get_inputs()
def search(pixels, k=10):
    """The k best catalogue pictures, best first: position in index["pictures"] and log-probability."""
    memory = {out.name: value for out, value in zip(encoder.get_outputs(), encoder.run(None, {inputs[0].name: pixels[None]}))}
    width = len(token) if index["search"]["exhaustive"] or k > index["search"]["beam"] else index["search"]["beam"]
    beam = [(0.0, 0)]  # log-probability and node of each prefix; finished identifiers stay in the race
    while any(leaf[node] < 0 for _, node in beam):
        nodes = [node for _, node in beam if leaf[node] < 0]
        tokens = np.array([prefix(node) for node in nodes], np.int32)
        own, place = np.divmod(np.arange(tokens.size), tokens.shape[1])
        attends = (own[:, None] == own) & (place[:, None] >= place)
        mask = np.hstack([np.zeros((tokens.size, patches)), np.where(attends, 0, -1e9)]).astype(np.float32)
        feeds = {"tokens": tokens.reshape(-1, 1), "positions": (patches + place).astype(np.int32), "mask": mask}
        (logits,) = decoder.run(["logits"], {**memory, **feeds})
        last = dict(zip(nodes, logits.reshape(*tokens.shape, -1)[:, -1].astype(np.float64)))
        beam = [longer for score, node in beam for longer in extend(score, node, last.get(node))]
        beam = sorted(beam, key=lambda each: (-each[0], each[1]))[:width]
    return sorted(((int(leaf[node]), float(score)) for score, node in beam), key=lambda each: (-each[1], each[0]))[:k]
def extend(score, node, logits):  # by the tokens that the trie allows, which share all of the probability
    if logits is None: return [(score, node)]
    children = np.flatnonzero(parent == node)
    return zip(score + logits[token[children]] - np.logaddexp.reduce(logits[token[children]]), children)
if __name__ == "__main__":
    for file in sys.argv[1:]:
        try: pixels = read(file, size)
        except (OSError, ValueError) as error: sys.exit(f"{file}: {error}")
        for position, score in search(pixels): print(file, f"{score:.3f}", index["pictures"][position]["name"])
