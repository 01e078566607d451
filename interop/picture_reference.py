"""A picture as other people's programs read it: uint8 RGB [height, width, 3] in sRGB, upright, over white."""

import io
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageCms, ImageOps

SPACES = {"GRAY": 1, "RGB ": 3, "CMYK": 4}
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def reference(path: Path) -> np.ndarray:
    if path.suffix == ".tif":
        colour, alpha, profile, depth = from_tiff(path)
    elif path.suffix == ".heic":
        colour, alpha, profile = from_heif(path)
        depth = 8
    elif path.suffix == ".png" and path.read_bytes()[24] == 16:
        colour, alpha, profile = from_png16(path)
        depth = 16
    else:
        colour, alpha, profile = from_pillow(path)
        depth = 8
    rgb = to_srgb(colour, profile, depth)
    return np.round((rgb * alpha + (1 - alpha)) * 255).astype(np.uint8)


def by_pillow(colour: np.ndarray, profile: bytes) -> np.ndarray:
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[colour.shape[-1]]
    samples = np.round(colour * 255).astype(np.uint8)
    picture = Image.fromarray(samples[..., 0] if mode == "L" else np.ascontiguousarray(samples), mode)
    made = ImageCms.profileToProfile(picture, io.BytesIO(profile), io.BytesIO(SRGB), outputMode="RGB")
    return np.asarray(made) / 255


def to_srgb(colour: np.ndarray, profile: bytes | None, depth: int) -> np.ndarray:
    """
    Grey, RGB or CMYK as float64 in 0 … 1, [height, width, 1 | 3 | 4], to RGB: by Pillow's LittleCMS for 8 bits, by that of
    imagecodecs for 16; a profile of other channels is not used.
    """
    bands = colour.shape[-1]
    space = (profile or b"")[16:20].decode("latin-1")
    if SPACES.get(space) == bands:
        if depth == 8:
            return by_pillow(colour, profile)
        names = {"GRAY": "gray", "RGB ": "rgb", "CMYK": "cmyk"}
        samples = np.round(colour * 65535).astype(np.uint16)
        samples = samples[..., 0] if bands == 1 else samples
        made = imagecodecs.cms_transform(
            np.ascontiguousarray(samples), profile, SRGB, colorspace=names[space], outcolorspace="rgb", intent=0
        )
        return made / 65535
    if bands == 4:
        return (1 - colour[..., :3]) * (1 - colour[..., 3:])
    return np.repeat(colour, 3, axis=-1) if bands == 1 else colour


def from_tiff(path: Path) -> tuple[np.ndarray, np.ndarray, bytes | None, int]:
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        data = page.asarray()
        if page.planarconfig == 2:
            data = np.moveaxis(data, 0, -1)
        profile, kinds, depth = page.iccprofile, tuple(page.extrasamples), max(8, page.bitspersample)
        photometric = page.photometric.name
        if photometric == "PALETTE":
            data, top = np.moveaxis(page.colormap[:, data.astype(int)], 0, -1), 65535
        else:
            top = 2**page.bitspersample - 1
    values = np.atleast_3d(data).astype(np.float64) / top
    if photometric == "MINISWHITE":
        values = 1 - values
    bands = {"RGB": 3, "YCBCR": 3, "PALETTE": 3, "SEPARATED": 4}.get(photometric, 1)
    colour, extra = values[..., :bands], values[..., bands:]
    alpha = extra[..., [i for i, kind in enumerate(kinds) if kind in (1, 2)]]
    if alpha.shape[-1] == 0:
        return colour, np.ones((*colour.shape[:2], 1)), profile, depth
    if 1 in kinds:
        colour = np.where(alpha > 0, colour / np.maximum(alpha, 1e-9), 0).clip(0, 1)
    return colour, alpha, profile, depth


def from_png16(path: Path) -> tuple[np.ndarray, np.ndarray, bytes | None]:
    read = np.atleast_3d(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED))
    colour_type = path.read_bytes()[25]
    values = read[..., {0: [0], 2: [2, 1, 0], 4: [0, -1], 6: [2, 1, 0, -1]}[colour_type]] / 65535
    with Image.open(path) as picture:
        profile, key = picture.info.get("icc_profile"), picture.info.get("transparency")
    bands = 1 if values.shape[-1] < 3 else 3
    colour, alpha = values[..., :bands], values[..., bands:]
    if key is not None:
        alpha = 1.0 - np.all(np.round(colour * 65535) == np.atleast_1d(key), axis=-1, keepdims=True)
    return colour, alpha if alpha.shape[-1] else np.ones((*colour.shape[:2], 1)), profile


def from_heif(path: Path) -> tuple[np.ndarray, np.ndarray, bytes | None]:
    """libheif turns and mirrors; the EXIF that says so once more is not applied."""
    file = pillow_heif.open_heif(path)
    picture = file[file.primary_index]
    values = np.atleast_3d(np.asarray(picture.to_pillow())).astype(np.float64) / 255
    profile = picture.info.get("icc_profile")
    if values.shape[-1] == 4:
        return values[..., :3], values[..., 3:], profile
    return np.repeat(values, 3 // values.shape[-1], axis=-1), np.ones((*values.shape[:2], 1)), profile


def from_pillow(path: Path) -> tuple[np.ndarray, np.ndarray, bytes | None]:
    with Image.open(path) as opened:
        profile = opened.info.get("icc_profile")
        picture = ImageOps.exif_transpose(opened)
        if picture.mode in ("1", "I"):
            picture = picture.convert("L")
        if picture.has_transparency_data:
            picture = picture.convert("LA" if picture.mode in ("L", "LA") else "RGBA")
        elif picture.mode == "P":
            picture = picture.convert("RGB")
        values = np.atleast_3d(np.asarray(picture)).astype(np.float64) / 255
    if picture.mode in ("LA", "RGBA"):
        return values[..., :-1], values[..., -1:], profile
    return values, np.ones((*values.shape[:2], 1)), profile
