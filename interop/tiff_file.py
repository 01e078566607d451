"""TIFF files of fewer bits a sample than a byte: one strip, no compression (TIFF 6.0)."""

import struct

import numpy as np

PHOTOMETRIC = {"miniswhite": 0, "minisblack": 1, "palette": 3}


def tiff(indices: np.ndarray, bits: int, photometric: str, colours: np.ndarray | None = None) -> bytes:
    """Indices [height, width] of that many bits; `colours` uint16 [3, 2^bits]."""
    height, width = indices.shape
    unpacked = np.unpackbits(indices.astype(np.uint8)[..., None], axis=-1)[..., 8 - bits :]
    strip = np.packbits(unpacked.reshape(height, -1), axis=1).tobytes()
    table = b"" if colours is None else colours.astype("<u2").tobytes()
    tags = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, 1, bits),
        (259, 3, 1, 1),
        (262, 3, 1, PHOTOMETRIC[photometric]),
        (273, 4, 1, 8 + len(table)),
        (277, 3, 1, 1),
        (278, 3, 1, height),
        (279, 4, 1, len(strip)),
    ]
    if colours is not None:
        tags.append((320, 3, colours.size, 8))
    body = table + strip
    body += bytes(len(body) % 2)
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return struct.pack("<2sHI", b"II", 42, 8 + len(body)) + body + directory
