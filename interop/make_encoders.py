"""Make encoders with random weights in every layout, and pictures for them: python make_encoders.py FOLDER

FOLDER/encoders has one folder for each layout and image processor: an image tower and, for CLIP and SigLIP, a text tower, in
transformers.js' layout, in Optimum's (both towers in one file) and in Immich's; each with its preprocessing. FOLDER/pictures has
pictures of odd shapes and scikit-learn's photographs, as PNG, JPEG and WebP.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from sklearn.datasets import load_sample_images

WIDTH, WORDS = 16, 50
CLIP = {
    "image_processor_type": "CLIPImageProcessor",
    "size": {"shortest_edge": 224},
    "crop_size": {"height": 224, "width": 224},
    "resample": 3,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
SIGLIP = {
    "image_processor_type": "SiglipImageProcessor",
    "size": {"height": 224, "width": 224},
    "resample": 2,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "do_convert_rgb": None,
}
MOBILECLIP = {
    "image_processor_type": "CLIPFeatureExtractor",
    "feature_extractor_type": "CLIPFeatureExtractor",
    "size": {"shortest_edge": 256},
    "crop_size": {"height": 256, "width": 256},
    "resample": 2,
    "do_normalize": False,
}
DINO = {
    "image_processor_type": "BitImageProcessor",
    "size": {"shortest_edge": 256},
    "crop_size": {"height": 224, "width": 224},
    "resample": 3,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}
VIT = {"image_processor_type": "ViTImageProcessor", "size": 192, "resample": 1}
EFFICIENT_NET = {
    "image_processor_type": "EfficientNetImageProcessor",
    "size": {"height": 160, "width": 160},
    "resample": 0,
    "rescale_factor": 1 / 127.5,
    "rescale_offset": True,
    "include_top": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}
SHAPES = [(1, 1), (2, 700), (37, 23), (224, 224), (256, 255), (150, 1000), (1000, 150), (1601, 1203)]


def value(name: str, shape: list, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def vision(rng: np.random.Generator, output: str) -> tuple[list, dict]:
    """Patches of 32 pixels, one attention over them, their mean."""
    weights = {
        "kernel": rng.normal(size=(WIDTH, 3, 32, 32)) / 32,
        **{f"w_{name}": rng.normal(size=(WIDTH, WIDTH)) / 4 for name in "qkv"},
    }
    nodes = [
        helper.make_node("Conv", ["pixel_values", "kernel"], ["map"], strides=[32, 32]),
        helper.make_node("Reshape", ["map", "flat"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["patches"], perm=[0, 2, 1]),
        *[helper.make_node("MatMul", ["patches", f"w_{name}"], [name]) for name in "qkv"],
        helper.make_node("Transpose", ["k"], ["k_turned"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["q", "k_turned"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["attention"], axis=-1),
        helper.make_node("MatMul", ["attention", "v"], ["last_hidden_state"]),
        helper.make_node("ReduceMean", ["last_hidden_state"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("ReduceL2", ["mean"], ["norm"], axes=[1], keepdims=1),
        helper.make_node("Div", ["mean", "norm"], [output]),
    ]
    return nodes, {name: array.astype(np.float32) for name, array in weights.items()} | {
        "flat": np.array([0, WIDTH, -1], dtype=np.int64)
    }


def text(rng: np.random.Generator, output: str) -> tuple[list, dict]:
    table = rng.normal(size=(WORDS, WIDTH)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["tokens"], axis=0),
        helper.make_node("ReduceMean", ["tokens"], ["text_mean"], axes=[1], keepdims=0),
        helper.make_node("ReduceL2", ["text_mean"], ["text_norm"], axes=[1], keepdims=1),
        helper.make_node("Div", ["text_mean", "text_norm"], [output]),
    ]
    return nodes, {"table": table}


PIXELS = value("pixel_values", ["batch", "channels", "height", "width"])
IDS = value("input_ids", ["texts", "length"], TensorProto.INT64)


def save(path: Path, nodes: list, inputs: list, outputs: list, constants: dict) -> None:
    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "encoder", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def towers(folder: Path, rng: np.random.Generator, config: dict, outputs: tuple[str, str] | None) -> None:
    """transformers.js' layout; without a text tower where `outputs` is None."""
    nodes, constants = vision(rng, outputs[0] if outputs else "pooled")
    if outputs is None:
        save(folder / "onnx/model.onnx", nodes, [PIXELS], [value("last_hidden_state", ["batch", "patches", WIDTH])], constants)
    else:
        save(folder / "onnx/vision_model.onnx", nodes, [PIXELS], [value(outputs[0], ["batch", WIDTH])], constants)
        nodes, constants = text(rng, outputs[1])
        save(folder / "onnx/text_model.onnx", nodes, [IDS], [value(outputs[1], ["texts", WIDTH])], constants)
        (folder / "tokenizer.json").write_text("{}")
    (folder / "preprocessor_config.json").write_text(json.dumps(config, indent=2))


def both(folder: Path, rng: np.random.Generator, config: dict) -> None:
    """Optimum's export of CLIP: both towers, and their products."""
    (seen, weights), (read, table) = vision(rng, "image_embeds"), text(rng, "text_embeds")
    products = [
        helper.make_node("Transpose", ["text_embeds"], ["text_turned"], perm=[1, 0]),
        helper.make_node("MatMul", ["image_embeds", "text_turned"], ["logits_per_image"]),
    ]
    outputs = [
        value("logits_per_image", ["batch", "texts"]),
        value("text_embeds", ["texts", WIDTH]),
        value("image_embeds", ["batch", WIDTH]),
    ]
    save(folder / "model.onnx", [*read, *seen, *products], [IDS, PIXELS], outputs, weights | table)
    (folder / "tokenizer.json").write_text("{}")
    (folder / "preprocessor_config.json").write_text(json.dumps(config, indent=2))


def immich(folder: Path, rng: np.random.Generator, mode: str) -> None:
    nodes, constants = vision(rng, "embedding")
    save(folder / "visual/model.onnx", nodes, [PIXELS], [value("embedding", ["batch", WIDTH])], constants)
    nodes, constants = text(rng, "embedding")
    save(folder / "textual/model.onnx", nodes, [IDS], [value("embedding", ["texts", WIDTH])], constants)
    (folder / "textual/tokenizer.json").write_text("{}")
    config = {
        "size": [224, 224],
        "mode": "RGB",
        "mean": CLIP["image_mean"],
        "std": CLIP["image_std"],
        "interpolation": "bicubic",
        "resize_mode": mode,
        "fill_color": 0,
    }
    (folder / "visual/preprocess_cfg.json").write_text(json.dumps(config))


def pictures(folder: Path, rng: np.random.Generator) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i, photograph in enumerate(load_sample_images().images):
        picture = Image.fromarray(photograph)
        for name, part in {"": picture, " tall": picture.crop((200, 0, 330, 427)), " wide": picture.crop((0, 150, 640, 199))}.items():
            part.save(folder / f"photograph {i}{name}.png")
            part.save(folder / f"photograph {i}{name}.jpg", quality=88)
            part.save(folder / f"photograph {i}{name}.webp", quality=80)
    for width, height in SHAPES:
        noise = rng.integers(0, 256, size=(height, width, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"noise {width} x {height}.png")
        Image.fromarray(noise[..., 0]).save(folder / f"grey noise {width} x {height}.png")


def main(folder: Path) -> int:
    rng = np.random.default_rng(11)
    encoders = folder / "encoders"
    towers(encoders / "dinov2", rng, DINO, None)
    towers(encoders / "clip", rng, CLIP, ("image_embeds", "text_embeds"))
    towers(encoders / "siglip", rng, SIGLIP, ("pooler_output", "pooler_output"))
    towers(encoders / "mobileclip", rng, MOBILECLIP, ("image_embeds", "text_embeds"))
    towers(encoders / "vit", rng, VIT, None)
    towers(encoders / "efficientnet", rng, EFFICIENT_NET, None)
    both(encoders / "clip in one file", rng, CLIP)
    immich(encoders / "immich", rng, "shortest")
    immich(encoders / "immich, squashed", rng, "squash")
    pictures(folder / "pictures", rng)
    print(f"made {len(list(encoders.iterdir()))} encoders and {len(list((folder / 'pictures').iterdir()))} pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
