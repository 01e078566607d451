"""HEIC pictures of many kinds, written by pillow-heif (x265): for the picture matrix, and the fixtures of the tests."""

import io

import numpy as np
import pillow_heif
from PIL import Image

#: ITU-T H.273: primaries and transfer characteristics.
P3_PRIMARIES, BT2020, PQ, HLG, SRGB_CURVE = 12, 9, 16, 18, 13


def orientation_exif(orientation: int) -> bytes:
    """EXIF with an orientation, which pillow-heif keeps, as phones do, beside the boxes irot and imir that it writes for it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def heic(pixels: np.ndarray, mode: str | None = None, also: list[np.ndarray] | None = None, **options) -> bytes:
    """@param pixels: uint8 or uint16 [height, width, channels]"""
    if mode is None:
        mode = {1: "L", 3: "RGB", 4: "RGBA"}[pixels.shape[-1]]
    height, width = pixels.shape[:2]
    file = pillow_heif.from_bytes(mode, (width, height), np.ascontiguousarray(pixels).tobytes())
    for other in also or []:
        file.add_frombytes("RGB", (other.shape[1], other.shape[0]), np.ascontiguousarray(other).tobytes())
    options.setdefault("quality", 95)
    options.setdefault("chroma", 444)
    out = io.BytesIO()
    file.save(out, **options)
    return out.getvalue()


def heif_cases(rgb: np.ndarray, alpha: np.ndarray, profiles: dict[str, bytes | None]):
    """
    Name, bytes and facts of each. Both sides decode the same HEVC data, so that losses are no difference between them.

    @param rgb: float64 [height, width, 3] in 0 … 1
    @param alpha: float64 [height, width] in 0 … 1
    """
    eight = np.round(rgb * 255).astype(np.uint8)
    grey = np.round(rgb.mean(axis=-1, keepdims=True) * 255).astype(np.uint8)
    rgba = np.concatenate([eight, np.round(alpha[..., None] * 255).astype(np.uint8)], axis=-1)
    # Twice as large, so that tiles of 64 pixels are cut at the edges.
    large = eight.repeat(3, axis=0).repeat(3, axis=1)
    ten = np.round(rgb * 1023).astype(np.uint16) << 6
    yield "heic RGB 8 none.heic", heic(eight), {}
    yield "heic RGB 8 none 420.heic", heic(eight, chroma=420), {}
    yield "heic L 8 none.heic", heic(grey), {}
    yield "heic RGBA 8 none.heic", heic(rgba), {}
    for name in ("srgb", "p3", "adobe"):
        facts = {"profile": name, "tolerance": 4 if name == "srgb" else 12}
        yield f"heic RGB 8 {name}.heic", heic(eight, icc_profile=profiles[name]), facts
    yield "heic RGBA 8 p3.heic", heic(rgba, icc_profile=profiles["p3"]), {"profile": "p3", "tolerance": 12}
    yield "heic RGB 8 broken.heic", heic(eight, icc_profile=profiles["broken"]), {"profile": "broken"}
    yield "heic RGB 10 none.heic", heic(ten, "RGB;16"), {}
    for orientation in range(2, 9):
        yield f"heic orientation {orientation}.heic", heic(eight, exif=orientation_exif(orientation)), {}
    yield "heic grid.heic", heic(large, tile_size=64), {}
    yield "heic grid turned.heic", heic(large, tile_size=64, exif=orientation_exif(6)), {}
    yield "heic second of three.heic", heic(large[:48], also=[eight, large[::-1]], primary_index=1), {}
    nclx = {"save_nclx_profile": True, "matrix_coefficients": 1, "full_range_flag": 1}
    wide = {"color_primaries": P3_PRIMARIES, "transfer_characteristics": SRGB_CURVE}
    yield "heic P3 by code points.heic", heic(eight, **nclx, **wide), {"refused": "Display P3"}
    for name, curve in (("PQ", PQ), ("HLG", HLG)):
        hdr = {"color_primaries": BT2020, "transfer_characteristics": curve}
        yield f"heic {name}.heic", heic(ten, "RGB;16", **nclx, **hdr), {"refused": name}
