"""Reads pictures as Neurodex does: in sRGB, alpha over white, upright, the centre square (pip install numpy pillow)."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

Image.MAX_IMAGE_PIXELS = 250_000_000
SRGB = ImageCms.createProfile("sRGB")
SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}
SAMPLE_FORMAT, PHOTOMETRIC, EXTRA_SAMPLES, BITS, PLANAR = 339, 262, 338, 258, 284
COMPRESSION, SUBFILE, DNG_VERSION = 259, 254, 50706


def read(file, size):
    """A picture as the model sees it: uint8 [size, size, 3]. ValueError: a kind that cannot be read faithfully."""
    return np.asarray(square(whole(file), size))


def square(picture, size):
    return ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)


def whole(file):
    """All of a picture, RGB, at its own size. ValueError: a kind that cannot be read faithfully."""
    with Image.open(file) as opened:
        check(opened, Path(str(file)).name)
        profile = opened.info.get("icc_profile")
        inverted = opened.mode == "I;16" and getattr(opened, "tag_v2", {}).get(PHOTOMETRIC) == 0
        grey = bool(opened.tile) and str(opened.tile[0][3]).startswith("LA")
        picture = ImageOps.exif_transpose(opened)
    colour, alpha = channels(picture)
    if inverted:  # white is 0, which Pillow passes over in 16 bits
        colour = ImageOps.invert(colour)
    if grey:  # grey with alpha of 16 bits, which Pillow spreads over three channels
        colour = colour.getchannel(0)
    colour = to_srgb(colour, profile)
    if alpha is not None:
        colour = Image.composite(colour, Image.new("RGB", colour.size, "white"), alpha)
    return colour


def check(picture, name):
    tags = getattr(picture, "tag_v2", {})
    raw = DNG_VERSION in tags or tags.get(SUBFILE) == 1 or tags.get(COMPRESSION) == 6
    if raw:  # of which Pillow would read a thumbnail
        raise ValueError(f"{name}: camera raw files are not supported; save it as JPEG")
    strange = [kind for kind in tags.get(SAMPLE_FORMAT, (1,)) if kind not in (1, 4)]
    if strange or picture.mode in ("F", "LAB", "HSV") or tags.get(PHOTOMETRIC, 1) in (8, 9, 10):
        raise ValueError(f"{name}: floating point, signed or L*a*b* samples are not supported")
    if max(tags.get(BITS, (8,))) > 16 or (picture.mode == "I" and picture.format != "PNG"):
        raise ValueError(f"{name}: more than 16 bits a channel are not supported")
    if tags.get(PLANAR) == 2 and max(tags.get(BITS, (8,))) == 16:
        raise ValueError(f"{name}: 16 bits in separate planes are not supported")
    if sum(kind in (1, 2) for kind in tags.get(EXTRA_SAMPLES, ())) > 1:
        raise ValueError(f"{name}: several alpha channels are not supported")


def channels(picture):
    """Colour (L, RGB or CMYK) and alpha (L, or None)."""
    if picture.mode.startswith("I"):  # grey of 16 bits, which Pillow's own conversion clips
        values = np.asarray(picture).astype(np.float64)
        key = picture.info.get("transparency")
        alpha = None if key is None else Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8))
        return Image.fromarray(np.round(values / 257).astype(np.uint8)), alpha
    if picture.mode in ("La", "RGBa"):
        picture = picture.convert({"La": "LA", "RGBa": "RGBA"}[picture.mode])
    if picture.has_transparency_data:
        picture = picture.convert("LA" if picture.mode in ("L", "LA") else "RGBA")
        return picture.convert(picture.mode[:-1]), picture.getchannel("A")
    if picture.mode in ("L", "CMYK"):
        return picture, None
    return picture.convert("L" if picture.mode == "1" else "RGB"), None


def to_srgb(colour, profile):
    """Through the embedded profile where it is one of as many channels; inks without one as 255 · (1 - C) · (1 - K)."""
    try:
        if profile and profile[16:20].decode("latin-1") == SPACES[colour.mode]:
            return ImageCms.profileToProfile(colour, io.BytesIO(profile), SRGB, outputMode="RGB")
    except ImageCms.PyCMSError:
        pass
    return colour.convert("RGB")
