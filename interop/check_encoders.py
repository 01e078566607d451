"""transformers and ONNX Runtime see what Neurodex sees: python check_encoders.py FOLDER

FOLDER is what make_encoders.py made and write_encoders.ts added to. For every encoder and picture, the input values must be those of
the image processor of transformers (in Pillow), to the last bit where the file is PNG; where it is JPEG or WebP, the two programs
decode it, and pixels may differ by LOSSY. Immich's folders are compared with the steps of Immich, written in Pillow. The vectors must
be those that ONNX Runtime gives for the values of transformers; the towers of a file that holds both must be those that
onnx.utils.extract_model cuts out.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from PIL import Image, ImageOps
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.efficientnet.image_processing_pil_efficientnet import EfficientNetImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

PROCESSORS = {
    "BitImageProcessor": BitImageProcessorPil,
    "CLIPFeatureExtractor": CLIPImageProcessorPil,
    "CLIPImageProcessor": CLIPImageProcessorPil,
    "EfficientNetImageProcessor": EfficientNetImageProcessorPil,
    "SiglipImageProcessor": SiglipImageProcessorPil,
    "ViTImageProcessor": ViTImageProcessorPil,
}
# Of 255, after resizing.
LOSSY = 1
VECTORS = 1e-4


def processor_of(folder: Path):
    """What makes values of a picture, float32 [3, Y, X]; how far they may be from ours; and what one byte more adds."""
    config = folder / "preprocessor_config.json"
    if not config.exists():
        return immich(json.loads((folder / "visual/preprocess_cfg.json").read_text())), 1e-6
    settings = json.loads(config.read_text())
    processor = PROCESSORS[settings["image_processor_type"]].from_dict(settings)
    return (lambda picture: processor(images=picture, return_tensors="np")["pixel_values"][0].astype(np.float32)), 0.0


def immich(config: dict):
    size, resample = config["size"][0], Image.Resampling[config["interpolation"].upper()]
    mean, std = (np.array(config[key], dtype=np.float32) for key in ("mean", "std"))

    def process(picture: Image.Image) -> np.ndarray:
        width, height = picture.size
        if config["resize_mode"] == "squash":
            picture = picture.resize((size, size), resample=resample)
        else:
            shape = (size, int((height / width) * size)) if width < height else (int((width / height) * size), size)
            picture = picture.resize(shape, resample=resample)
            left, top = (int((edge / 2) - (size / 2)) for edge in picture.size)
            picture = picture.crop((left, top, left + size, top + size))
        values = (np.asarray(picture, dtype=np.float32) / 255 - mean) / std
        return values.transpose(2, 0, 1)

    return process


def vision_file(folder: Path) -> Path:
    places = ("onnx/vision_model.onnx", "onnx/model.onnx", "model.onnx", "visual/model.onnx")
    return next(folder / place for place in places if (folder / place).exists())


def pixel_problems(folder: Path, name: str) -> tuple[list[str], list[np.ndarray], float]:
    process, allowed = processor_of(folder / "encoders" / name)
    facts = json.loads((folder / "ours" / f"{name}.json").read_text())
    size = facts["size"]
    ours = np.fromfile(folder / "ours" / f"{name}.f32", dtype=np.float32).reshape(-1, 3, size, size)
    step = abs(process(Image.new("RGB", (9, 9), (1, 1, 1)))[0, 4, 4] - process(Image.new("RGB", (9, 9)))[0, 4, 4])
    problems, values, worst = [], [], 0.0
    for at, picture in enumerate(facts["pictures"]):
        opened = ImageOps.exif_transpose(Image.open(folder / "pictures" / picture)).convert("RGB")
        theirs = process(opened)
        values.append(theirs)
        difference = float(np.abs(ours[at].astype(np.float64) - theirs).max())
        lossy = not picture.endswith(".png")
        limit = LOSSY * step * (1 + 1e-5) if lossy else allowed
        worst = max(worst, difference / step if lossy else 0.0)
        if ours[at].shape != theirs.shape or difference > limit:
            problems.append(f"{name}: {picture} differs by {difference:.3g}, {difference / step:.2f} of 255")
    return problems, values, worst


def vector_problems(folder: Path, name: str, values: list[np.ndarray]) -> list[str]:
    facts = json.loads((folder / "ours" / f"{name}.json").read_text())
    file = vision_file(folder / "encoders" / name)
    session = onnxruntime.InferenceSession(str(file))
    ids = {"input_ids": np.array([[1, 2, 3]])} if any(i.name == "input_ids" for i in session.get_inputs()) else {}
    problems = []
    for picture, pixels, ours in zip(facts["pictures"], values, facts["vectors"], strict=True):
        (theirs,) = session.run([facts["output"]], {"pixel_values": pixels[None], **ids})
        difference = float(np.abs(theirs.flatten() - np.array(ours)).max())
        # What a lossy file is decoded to may differ.
        if difference > (VECTORS if picture.endswith(".png") else 0.05):
            problems.append(f"{name}: the vector of {picture} differs by {difference:.3g}")
    return problems


def tower_problems(folder: Path, name: str) -> list[str]:
    """Ours are the nodes, weights, inputs and outputs that onnx cuts out."""
    whole = folder / "encoders" / name / "model.onnx"
    if not whole.exists():
        return []
    problems = []
    with tempfile.TemporaryDirectory() as temporary:
        for tower, source, output in (("vision", "pixel_values", "image_embeds"), ("text", "input_ids", "text_embeds")):
            cut = Path(temporary) / f"{tower}.onnx"
            onnx.utils.extract_model(str(whole), str(cut), [source], [output])
            ours, theirs = onnx.load(folder / "ours" / f"{name}.{tower}.onnx"), onnx.load(cut)
            onnx.checker.check_model(ours, full_check=True)
            for part in ("node", "initializer", "input", "output"):
                found = [sorted(each.SerializeToString() for each in getattr(model.graph, part)) for model in (ours, theirs)]
                if found[0] != found[1]:
                    problems.append(f"{name}: the {tower} tower has {len(found[0])} of {part}, onnx cuts out {len(found[1])}")
    return problems


def main(folder: Path) -> int:
    names = sorted(path.name for path in (folder / "encoders").iterdir())
    problems, worst = [], 0.0
    for name in names:
        found, values, lossy = pixel_problems(folder, name)
        problems += found + vector_problems(folder, name, values) + tower_problems(folder, name)
        worst = max(worst, lossy)
    count = len(list((folder / "pictures").iterdir()))
    print(f"{len(names)} encoders see {count} pictures as transformers does; JPEG and WebP differ by {worst:.2f} of 255 at most")
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
