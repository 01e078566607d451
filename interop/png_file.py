"""PNG files with what Pillow does not write: every depth, interlacing, colour keys, profiles as they are (ISO/IEC 15948)."""

import struct
import zlib

import numpy as np

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def rows(samples: np.ndarray, depth: int) -> bytes:
    """Samples [height, width, channels] as unfiltered rows."""
    lines = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        packed = lines.astype(">u2").view(np.uint8).reshape(lines.shape[0], -1)
    else:
        bits = np.unpackbits(lines.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
        packed = np.packbits(bits.reshape(lines.shape[0], -1), axis=1)
    return b"".join(b"\0" + line.tobytes() for line in packed)


def png(
    samples: np.ndarray,
    depth: int,
    colour_type: int,
    palette: np.ndarray | None = None,
    transparency: bytes | None = None,
    profile: bytes | None = None,
    interlaced: bool = False,
    extra: tuple[tuple[bytes, bytes], ...] = (),
) -> bytes:
    """Samples [height, width, channels] of that depth; `extra` are further chunks before the pixels."""
    height, width = samples.shape[:2]
    samples = samples.reshape(height, width, -1)
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced)))]
    if profile is not None:
        parts.append(chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile)))
    parts.extend(chunk(kind, data) for kind, data in extra)
    if palette is not None:
        parts.append(chunk(b"PLTE", palette.tobytes()))
    if transparency is not None:
        parts.append(chunk(b"tRNS", transparency))
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    data = b"".join(rows(samples[y::dy, x::dx], depth) for x, y, dx, dy in passes if samples[y::dy, x::dx].size)
    return b"".join([b"\x89PNG\r\n\x1a\n", *parts, chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")])
