"""Runs the image encoder on pictures as Neurodex does (pip install onnxruntime numpy pillow)."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from pictures import square, whole  # pictures.py, beside this file

folder = Path(__file__).parent
encoder = json.loads((folder / "description.json").read_text("utf-8"))["encoder"]
takes, gives, steps, plain = (encoder[name] for name in ("input", "output", "preprocessing", "square"))
session = onnxruntime.InferenceSession(folder / encoder["file"])


def read(file, _size=None):
    """What the network reads of a picture: float32 [P, C]. ValueError: a kind that cannot be read faithfully."""
    return embed(pixels_of(whole(file)))


def embed(pixels):
    """The embedding of uint8 [size, size, 3]: float32 [P, C]."""
    values = pixels if takes["dtype"] == "uint8" else TABLE[np.arange(3), pixels]
    if takes["layout"] == "channels-first":
        values = values.transpose(2, 0, 1)
    batch = np.zeros((takes["batch"] or 1, *values.shape), values.dtype)  # a batch of fixed size is filled with zeros
    batch[0] = values
    (out,) = session.run([gives["name"]], {takes["name"]: batch})
    return out[0].reshape(gives["tokens"], gives["channels"]).astype(np.float32)


def pixels_of(picture):
    """The picture as the encoder takes it: uint8 [size, size, 3]."""
    if steps is not None:
        return preprocess(picture)
    if plain["thumbnail"] is not None:
        picture = square(picture, min(plain["thumbnail"], *picture.size))
        return np.asarray(picture.resize((takes["size"], takes["size"]), Image.Resampling.LANCZOS))
    return np.asarray(square(picture, takes["size"]))


def preprocess(picture):
    """Resized and cropped as the encoder's own image processor does it with Pillow."""
    if "resize" in steps:
        picture = picture.resize(resized(*picture.size), Image.Resampling[steps["filter"].upper()])
    if "crop" in steps:  # the middle; what lies beyond the picture is black
        width, height = steps["crop"]["width"], steps["crop"]["height"]
        left, top = (picture.width - width) // 2, (picture.height - height) // 2
        picture = picture.crop((left, top, left + width, top + height))
    return np.asarray(picture)


def resized(width, height):
    size = steps["resize"]
    if "height" in size:
        return size["width"], size["height"]
    edge, short, long = size["shortestEdge"], min(width, height), max(width, height)
    longer = max(1, int(long / short * edge if size.get("ratioFirst") else edge * long / short))
    return (edge, longer) if width <= height else (longer, edge)


def table():
    """The number that each byte becomes, float32 [3, 256]: rounded to float32 after every step."""
    bytes_ = np.arange(256, dtype=np.float64)
    if steps is None:
        mean, std = np.array(plain["mean"])[:, None], np.array(plain["std"])[:, None]
        return ((bytes_ - 255 * mean) / (255 * std)).astype(np.float32)
    values = (bytes_ * steps["factor"]).astype(np.float32)
    values = np.tile((values.astype(np.float64) + steps.get("offset", 0)).astype(np.float32), (3, 1))
    for each in steps["normalize"]:
        mean, std = (np.array(each[name], np.float32)[:, None] for name in ("mean", "std"))
        values = (values - mean) / std
    return values


TABLE = table()
