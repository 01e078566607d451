"""Write the picture matrix: python make_picture_matrix.py FOLDER

Format × depth × sample type × profile × alpha: one small file of 40 × 32 pixels for each combination that people's
folders hold, with Pillow, tifffile, imagecodecs and, for what they cannot write, png_file.py. cases.json lists the files. `tolerance` is the largest difference
of a channel that is allowed: 1, or 2 with a profile and alpha, and more where the format is not lossless (a difference of 1 in a dark
channel grows at the edge of a gamut; of HEIC both sides decode the same HEVC data, with decoders that round otherwise). `refused` in a case is a regular expression for the reason that Neurodex must give; a case without it must be decoded. `python` says what pictures.py of an export, which reads with Pillow alone, does otherwise.
"""

import io
import json
import re
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms

from heif_cases import heif_cases
from png_file import png
from profiles import ADOBE, P3, cmyk_profile, grey_profile, rgb_profile, srgb_profile
from tiff_file import tiff as tiff_file

HEIGHT, WIDTH = 32, 40
cases: list[dict] = []


def scene() -> np.ndarray:
    """float64 RGB [32, 40, 3] in 0 … 1: slopes of every channel, and patches of saturated colours and of dark greys."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb = np.stack([x / (WIDTH - 1), y / (HEIGHT - 1), (x + y) / (WIDTH + HEIGHT - 2)], axis=-1)
    patches = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0.12, 0.12, 0.12), (0.03, 0.02, 0.04), (1, 1, 1), (0, 0, 0)]
    for i, patch in enumerate(patches):
        rgb[4 + 12 * (i // 4) : 12 + 12 * (i // 4), 5 + 8 * (i % 4) : 11 + 8 * (i % 4)] = patch
    return rgb


RGB = scene()
GREY = RGB.mean(axis=-1)
ALPHA = np.clip(np.mgrid[0:HEIGHT, 0:WIDTH][1] / 30 - 0.1, 0, 1)


def whole(values: np.ndarray, bits: int) -> np.ndarray:
    """0 … 1 as unsigned integers of that many bits."""
    kind = np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32
    return np.round(values * (2**bits - 1)).astype(kind)


def channels(kind: str) -> np.ndarray:
    """float64 [32, 40, C] of L, LA, RGB or RGBA."""
    colour = GREY[..., None] if kind.startswith("L") else RGB
    return np.concatenate([colour, ALPHA[..., None]], axis=-1) if kind.endswith("A") else colour


PROFILES = {
    "none": None,
    "srgb": srgb_profile(),
    "p3": rgb_profile(P3, "srgb"),
    "adobe": rgb_profile(ADOBE, 2.19921875),
    "linear": rgb_profile(P3, 1.0),
    "grey18": grey_profile(1.8),
    "cmyk": cmyk_profile(),
    "broken": b"\0\0\0\x80 not a profile" + bytes(120),
}


def add(folder: Path, name: str, data: bytes, **facts) -> None:
    (folder / name).write_bytes(data)
    facts.setdefault("tolerance", 2 if facts.get("profile", "none") != "none" and "A" in name.split(".")[0] else 1)
    python = facts.pop("python", None) or python_case(name, facts)
    cases.append({"file": name, **facts, **({} if python is None else {"python": python})})


#: What Pillow cannot open, or reads wrongly so that pictures.py refuses it.
NOT_BY_PILLOW = r"tiff (planar RGBX|planar RGB 16|LA 16|LX 16|RGBXX 16|RGBAX 16)"


def python_case(name: str, facts: dict) -> str | int | None:
    """What pictures.py does with a file where it is not what Neurodex does: "refused", "decoded" or a tolerance of its own."""
    if re.match(NOT_BY_PILLOW, name):
        return "refused"
    if "zstd" in name:
        return "decoded"
    if "RGBA 16 associated" in name:
        return 12
    return 13 if " 16 " in name and facts.get("profile") in ("p3", "adobe", "linear") else None


def pillow(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **{key: value for key, value in options.items() if value is not None})
    return out.getvalue()


def write_png(folder: Path) -> None:
    kinds = {"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}
    for kind, colour_type in kinds.items():
        profiles = ["none", "grey18", "srgb", "broken"] if kind.startswith("L") else ["none", "srgb", "p3", "adobe", "linear", "grey18", "broken"]
        for depth in (8, 16):
            for profile in profiles:
                for interlaced in (False, True) if profile in ("none", "p3") else (False,):
                    data = png(whole(channels(kind), depth), depth, colour_type, profile=PROFILES[profile], interlaced=interlaced)
                    way = " interlaced" if interlaced else ""
                    add(folder, f"png {kind} {depth} {profile}{way}.png", data, depth=depth, profile=profile)
    for depth in (1, 2, 4):
        add(folder, f"png L {depth}.png", png(whole(channels("L"), depth), depth, 0))
        palette = np.linspace(0, 255, 2**depth * 3).reshape(-1, 3).astype(np.uint8)[::-1].copy()
        indices = whole(channels("L"), depth)
        add(folder, f"png P {depth}.png", png(indices, depth, 3, palette=palette))
        add(folder, f"png P {depth} tRNS.png", png(indices, depth, 3, palette=palette, transparency=bytes([0, 120])))
    palette = np.random.default_rng(5).integers(0, 256, (256, 3)).astype(np.uint8)
    for profile in ("none", "adobe"):
        data = png(whole(channels("L"), 8), 8, 3, palette=palette, transparency=bytes(range(200)), profile=PROFILES[profile])
        add(folder, f"png P 8 tRNS {profile}.png", data, profile=profile)
    for depth in (8, 16):
        key = whole(np.ones(3), depth).astype(">u2")
        add(folder, f"png RGB {depth} tRNS.png", png(whole(RGB, depth), depth, 2, transparency=key.tobytes()))
        add(folder, f"png L {depth} tRNS.png", png(whole(channels("L"), depth), depth, 0, transparency=key[:1].tobytes()))
    for codes, refused in (((1, 13), None), ((9, 16), "HDR"), ((9, 18), "HDR"), ((12, 13), "Display P3")):
        data = png(whole(RGB, 8), 8, 2, extra=((b"cICP", bytes([*codes, 0, 1])),))
        facts = {"refused": refused, "python": "decoded"} if refused else {}
        add(folder, f"png RGB 8 cICP {codes[0]} {codes[1]}.png", data, **facts)
    frames = np.stack([whole(RGB, 8), 255 - whole(RGB, 8)])
    add(folder, "apng.png", imagecodecs.apng_encode(frames))


def write_jpeg(folder: Path) -> None:
    rgb, grey = Image.fromarray(whole(RGB, 8)), Image.fromarray(whole(GREY, 8))
    for profile in ("none", "srgb", "p3", "adobe", "grey18", "broken"):
        for progressive in (False, True) if profile in ("none", "p3") else (False,):
            data = pillow(rgb, "JPEG", quality=95, icc_profile=PROFILES[profile], progressive=progressive)
            add(folder, f"jpeg RGB {profile}{' progressive' if progressive else ''}.jpg", data, profile=profile, tolerance=3)
    for profile in ("none", "grey18", "srgb"):
        add(folder, f"jpeg L {profile}.jpg", pillow(grey, "JPEG", quality=95, icc_profile=PROFILES[profile]), profile=profile, tolerance=2)
    for profile in ("none", "cmyk", "srgb"):
        data = pillow(rgb.convert("CMYK"), "JPEG", quality=95, icc_profile=PROFILES[profile])
        add(folder, f"jpeg CMYK {profile}.jpg", data, profile=profile, tolerance=3)
    cmyk = 255 - np.asarray(rgb.convert("CMYK"))
    data = imagecodecs.jpeg8_encode(cmyk, level=95, colorspace="CMYK", outcolorspace="YCCK", subsampling="444")
    add(folder, "jpeg YCCK.jpg", data, tolerance=3)
    for bits, lossless in ((12, False), (8, True), (16, True)):
        data = imagecodecs.jpeg8_encode(whole(RGB, bits), level=95, lossless=lossless, bitspersample=bits)
        facts = {"refused": f"{bits}-bit JPEG"} if bits > 8 else {}
        add(folder, f"jpeg RGB {bits}{' lossless' if lossless else ''}.jpg", data, depth=bits, **facts)


def write_tiff(folder: Path) -> None:
    def tiff(name: str, data: np.ndarray, refused: str | None = None, **options) -> None:
        out = io.BytesIO()
        profile = options.pop("profile", "none")
        file_options = {key: options.pop(key) for key in ("bigtiff", "byteorder") if key in options}
        facts = {key: options.pop(key) for key in ("tolerance", "python") if key in options}
        with tifffile.TiffWriter(out, **file_options) as writer:
            writer.write(data, metadata=None, iccprofile=PROFILES[profile], **options)
        add(folder, f"tiff {name}.tif", out.getvalue(), profile=profile, **facts, **({"refused": refused} if refused else {}))

    grey, rgb = {"photometric": "minisblack"}, {"photometric": "rgb"}
    for bits in (8, 16):
        for profile in ("none", "grey18", "srgb"):
            tiff(f"L {bits} {profile}", whole(GREY, bits), **grey, profile=profile)
        for profile in ("none", "srgb", "p3", "adobe", "linear", "grey18", "broken"):
            tiff(f"RGB {bits} {profile}", whole(RGB, bits), **rgb, profile=profile)
            tiff(f"RGBA {bits} {profile}", whole(channels("RGBA"), bits), **rgb, extrasamples=["unassalpha"], profile=profile)
        premultiplied = np.concatenate([RGB * ALPHA[..., None], ALPHA[..., None]], axis=-1)
        for profile in ("none", "adobe"):
            name, options = f"RGBA {bits} associated {profile}", {**rgb, "extrasamples": ["assocalpha"], "profile": profile}
            tiff(name, whole(premultiplied, bits), **options, tolerance=1 if profile == "none" else 8)
        tiff(f"LA {bits}", whole(channels("LA"), bits), **grey, extrasamples=["unassalpha"])
        tiff(f"LX {bits}", whole(channels("LA"), bits), **grey, extrasamples=["unspecified"])
        tiff(f"RGBX {bits}", whole(channels("RGBA"), bits), **rgb, extrasamples=["unspecified"])
        tiff(f"RGBX {bits} adobe", whole(channels("RGBA"), bits), **rgb, extrasamples=["unspecified"], profile="adobe")
        five = np.concatenate([channels("RGBA"), ALPHA[..., None]], axis=-1)
        tiff(f"RGBXX {bits}", whole(five, bits), **rgb, extrasamples=["unspecified", "unspecified"])
        many = np.concatenate([channels("RGBA"), *[ALPHA[..., None]] * 5], axis=-1)
        tiff(f"RGB and 6 {bits}", whole(many, bits), **rgb, extrasamples=["unspecified"] * 6, python="refused")
        tiff(f"RGB and 17 {bits}", whole(np.repeat(RGB, 7, axis=-1)[..., :20], bits), **rgb, extrasamples=["unspecified"] * 17, refused="20 samples")
        tiff(f"RGBAX {bits}", whole(five, bits), **rgb, extrasamples=["unassalpha", "unspecified"])
        tiff(f"RGBAA {bits}", whole(five, bits), **rgb, extrasamples=["unassalpha", "unassalpha"], refused="alpha")
        tiff(f"five bands {bits}", whole(five, bits), **grey, extrasamples=["unspecified"] * 4, planarconfig="contig", refused="5 samples")
        tiff(f"MinIsWhite {bits}", whole(1 - GREY, bits), photometric="miniswhite")
        tiff(f"planar RGB {bits}", np.moveaxis(whole(RGB, bits), -1, 0), **rgb, planarconfig="separate")
        planes = np.moveaxis(whole(channels("RGBA"), bits), -1, 0)
        tiff(f"planar RGBX {bits}", planes, **rgb, planarconfig="separate", extrasamples=["unspecified"])
        tiff(f"tiled RGB {bits}", whole(RGB, bits), **rgb, tile=(16, 16))
        tiff(f"BigTIFF RGB {bits}", whole(RGB, bits), **rgb, bigtiff=True)
        tiff(f"big-endian RGB {bits}", whole(RGB, bits), **rgb, byteorder=">")
        for compression in ("zlib", "lzw", "packbits", "zstd"):
            refused = "zstd|Zstandard" if compression == "zstd" else None
            tiff(f"RGB {bits} {compression}", whole(RGB, bits), **rgb, compression=compression, predictor=compression != "packbits", refused=refused)
        pages = np.stack([whole(RGB, bits), whole(1 - RGB, bits)])
        tiff(f"two pages {bits}", pages, **rgb)
        palette = (np.random.default_rng(5).integers(0, 256, (3, 2**bits)) * 257).astype(np.uint16)
        if bits == 8:
            tiff("palette 8", whole(GREY, 8), photometric="palette", colormap=palette)
        for kind in ("none", "cmyk"):
            cmyk = np.asarray(Image.fromarray(whole(RGB, 8)).convert("CMYK"))
            ink = cmyk if bits == 8 else cmyk.astype(np.uint16) * 257
            tiff(f"CMYK {bits} {kind}", ink, photometric="separated", profile=kind)
    tiff("YCbCr JPEG", whole(RGB, 8), **rgb, compression="jpeg", compressionargs={"level": 95}, tolerance=3)
    for bits in (1, 2, 4):
        tiff_bits(folder, bits)
    floating = {"float16": np.float16, "float32": np.float32, "float64": np.float64}
    for name, kind in floating.items():
        tiff(f"RGB {name}", RGB.astype(kind), **rgb, refused="floating")
        tiff(f"L {name}", GREY.astype(kind), **grey, refused="floating")
    for bits in (8, 16, 32):
        kind = np.dtype(f"int{bits}")
        tiff(f"L int{bits}", (GREY * np.iinfo(kind).max).astype(kind), **grey, refused="signed")
        tiff(f"RGB int{bits}", (RGB * np.iinfo(kind).max).astype(kind), **rgb, refused="signed")
    for bits in (32, 64):
        kind = np.dtype(f"uint{bits}")
        values = (RGB * float(2**53 if bits == 64 else 2**32 - 1)).astype(kind)
        tiff(f"RGB uint{bits}", values, **rgb, refused=f"{bits}-bit")
        tiff(f"L uint{bits}", values[..., 0].copy(), **grey, refused=f"{bits}-bit")
    tiff("L complex64", GREY.astype(np.complex64), **grey, refused="complex")
    lab = ImageCms.profileToProfile(Image.fromarray(whole(RGB, 8)), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    for name, photometric in (("CIELab", "cielab"), ("ICCLab", "icclab")):
        tiff(name, np.asarray(lab), photometric=photometric, refused=r"L\*a\*b\*")


def tiff_bits(folder: Path, bits: int) -> None:
    """Grey and palette of fewer bits than a byte."""
    colours = np.linspace(0, 65535, 3 * 2**bits).reshape(3, -1)[:, ::-1].astype(np.uint16)
    for name, photometric in (("L", "minisblack"), ("MinIsWhite", "miniswhite"), ("palette", "palette")):
        data = tiff_file(whole(GREY, bits), bits, photometric, colours if name == "palette" else None)
        add(folder, f"tiff {name} {bits}.tif", data)


def write_others(folder: Path) -> None:
    rgb, rgba = Image.fromarray(whole(RGB, 8)), Image.fromarray(whole(channels("RGBA"), 8))
    for profile in ("none", "srgb", "p3", "adobe", "broken"):
        icc = PROFILES[profile]
        add(folder, f"webp RGB {profile}.webp", pillow(rgb, "WEBP", lossless=True, icc_profile=icc), profile=profile)
        add(folder, f"webp RGBA {profile}.webp", pillow(rgba, "WEBP", lossless=True, exact=True, icc_profile=icc), profile=profile)
        if profile != "broken":
            options = {"quality": 100, "subsampling": "4:4:4", "icc_profile": icc}
            add(folder, f"avif RGB {profile}.avif", pillow(rgb, "AVIF", **options), profile=profile, tolerance=14 if icc else 3)
            add(folder, f"avif RGBA {profile}.avif", pillow(rgba, "AVIF", **options), profile=profile, tolerance=14 if icc else 3)
    for bits in (10, 12):
        for kind in ("RGB", "RGBA"):
            data = imagecodecs.avif_encode(whole(channels(kind), bits), level=100, bitspersample=bits, pixelformat="444")
            add(folder, f"avif {kind} {bits}.avif", data, tolerance=4)
    for primaries, transfer, refused in ((1, 13, None), (9, 16, "HDR"), (12, 13, "Display P3")):
        codes = {"primaries": primaries, "transfer": transfer, "matrix": 1}
        data = imagecodecs.avif_encode(whole(RGB, 10), level=100, bitspersample=10, pixelformat="444", **codes)
        facts = {"refused": refused, "python": "decoded"} if refused else {}
        add(folder, f"avif RGB nclx {primaries} {transfer}.avif", data, tolerance=4, **facts)
    for name, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("AVIF", {"quality": 100, "subsampling": "4:4:4"})):
        frames = [rgb, Image.fromarray(whole(1 - RGB, 8))]
        data = pillow(frames[0], name, save_all=True, append_images=frames[1:], **options)
        add(folder, f"animated.{name.lower()}", data, tolerance=4 if name == "AVIF" else 1)
    add(folder, "gif P.gif", pillow(rgb.quantize(64), "GIF"))
    palette = rgb.quantize(64)
    add(folder, "gif P transparent.gif", pillow(palette, "GIF", transparency=int(palette.getpixel((7, 7)))))
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = number
        for name, options in {"JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"lossless": True}, "TIFF": {}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}.items():
            add(folder, f"orientation {number}.{name.lower()}", pillow(rgb, name, exif=exif, **options), tolerance=3 if name in ("JPEG", "AVIF") else 1)


def write_heif(folder: Path) -> None:
    for name, data, facts in heif_cases(RGB, ALPHA, PROFILES):
        # Pillow reads no HEIC by itself.
        add(folder, name, data, python="refused", **{"tolerance": 4, **facts})


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    write_heif(folder)
    write_png(folder)
    write_jpeg(folder)
    write_tiff(folder)
    write_others(folder)
    (folder / "cases.json").write_text(json.dumps(cases, indent=1), "utf-8")
    print(f"wrote {len(cases)} pictures")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
