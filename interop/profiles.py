"""ICC profiles for the picture matrix, written by hand (ICC.1:2001-04): RGB and grey with a curve, CMYK with a table."""

import struct

import numpy as np
from PIL import ImageCms

P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
D65 = (0.3127, 0.3290)
D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def xyz(values) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(fixed(value) for value in values)


def curve(gamma: float | str) -> bytes:
    """A power, or sRGB's curve as 1,024 values."""
    if gamma != "srgb":
        return struct.pack(">4sIIHH", b"curv", 0, 1, round(gamma * 256), 0)
    x = np.linspace(0, 1, 1024)
    y = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return struct.pack(">4sII", b"curv", 0, 1024) + np.round(y * 65535).astype(">u2").tobytes()


def profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    text = b"matrix"
    description = struct.pack(">4sII", b"desc", 0, len(text) + 1) + text + b"\0" + bytes(78)
    tags = {b"desc": description, b"cprt": b"text\0\0\0\0none\0", b"wtpt": xyz(D50), **tags}
    at, table, body = 132 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(data))
        body += data
    head = struct.pack(">II4s4s4s4s12s4s", at + len(body), 0, bytes([2, 0x40, 0, 0]), kind, space, connection, bytes(12), b"acsp")
    head = struct.pack(">I", at + len(body)) + b"none" + head[8:]
    head += bytes(68 - len(head)) + b"".join(fixed(value) for value in D50)
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + body


def rgb_profile(primaries, gamma: float | str) -> bytes:
    def column(xy) -> np.ndarray:
        return np.array([xy[0] / xy[1], 1, (1 - xy[0] - xy[1]) / xy[1]])

    colours, white = np.stack([column(xy) for xy in primaries], axis=1), column(D65)
    colours = colours * np.linalg.solve(colours, white)
    scale = np.diag((BRADFORD @ D50) / (BRADFORD @ white))
    adapted = np.linalg.inv(BRADFORD) @ scale @ BRADFORD @ colours
    tags = {name + b"XYZ": xyz(adapted[:, i]) for i, name in enumerate([b"r", b"g", b"b"])}
    tags |= {name + b"TRC": curve(gamma) for name in (b"r", b"g", b"b")}
    return profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    return profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve(gamma)})


def cmyk_profile() -> bytes:
    """Inks to Lab by a table of 9⁴ points (lut16): L* falls with the inks, and a little more than a naive mixture."""
    steps = np.linspace(0, 1, 9)
    c, m, y, k = np.meshgrid(steps, steps, steps, steps, indexing="ij")
    light = (100 - 25 * c - 35 * m - 8 * y) * (1 - 0.9 * k)
    a, b = (-35 * c + 60 * m) * (1 - k), (-40 * c - 5 * m + 75 * y) * (1 - k)
    lab = np.stack([light / 100 * 65280, (a + 128) * 256, (b + 128) * 256], axis=-1)
    table = np.clip(np.round(lab), 0, 65535).astype(">u2").tobytes()
    identity = b"".join(fixed(float(i == j)) for i in range(3) for j in range(3))
    ramp = np.array([0, 65535]).astype(">u2").tobytes()
    lut = struct.pack(">4sI4B", b"mft2", 0, 4, 3, 9, 0) + identity + struct.pack(">HH", 2, 2) + ramp * 4 + table + ramp * 3
    return profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut})
