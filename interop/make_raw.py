"""
Small camera raw files, laid out as the cameras of each maker lay theirs out (exiftool's tables, lclevy's canon_cr3), with JPEG previews
of different sizes: python make_raw.py FOLDER. cases.json lists them. Where exiftool is on the PATH it writes expected.json: the largest preview that exiftool takes
out of each file, turned by Pillow as exiftool says that the file is to be turned.
"""

import base64
import io
import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image, ImageOps

SHORT, LONG, ASCII, UNDEFINED = 3, 4, 2, 7
WIDTHS = {SHORT: 2, LONG: 4, ASCII: 1, UNDEFINED: 1}
COLOURS = [(200, 30, 30), (30, 160, 30), (40, 40, 190), (220, 210, 40)]


def scene(width: int, height: int) -> np.ndarray:
    """Four quarters of different colours, so that every orientation looks different."""
    picture = np.zeros((height, width, 3), np.uint8)
    for i, colour in enumerate(COLOURS):
        rows = slice(0, height // 2) if i < 2 else slice(height // 2, None)
        picture[rows, slice(0, width // 2) if i % 2 == 0 else slice(width // 2, None)] = colour
    return picture


def jpeg(width: int, height: int, exif: int | None = None) -> bytes:
    out, options = io.BytesIO(), {}
    if exif is not None:
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = exif
    Image.fromarray(scene(width, height)).save(out, "JPEG", quality=90, **options)
    return out.getvalue()


def lossless_jpeg(width: int, height: int) -> bytes:
    """Raw data as Canon and Adobe pack them: a JPEG of the lossless process, which is larger than any preview."""
    return imagecodecs.ljpeg_encode(np.arange(width * height, dtype=np.uint16).reshape(height, width) % 4096)


class Tiff:
    """Blobs and directories one after the other; a directory is written when all that it points to is there."""

    def __init__(self, order: str = "<", magic: bytes | None = None) -> None:
        self.order = order
        self.out = bytearray((magic or (b"II*\0" if order == "<" else b"MM\0*")) + bytes(4))

    def blob(self, data: bytes) -> int:
        self.out += bytes(len(self.out) % 2)
        at = len(self.out)
        self.out += data
        return at

    def directory(self, fields: dict[int, tuple[int, object]], following: int = 0) -> int:
        entries = b""
        for tag, (kind, value) in sorted(fields.items()):
            if isinstance(value, bytes):
                count, data = len(value), value
            else:
                values = value if isinstance(value, (list, tuple)) else [value]
                count = len(values)
                data = struct.pack(f"{self.order}{count}{'H' if kind == SHORT else 'I'}", *values)
            if len(data) > 4:
                data = struct.pack(f"{self.order}I", self.blob(data))
            entries += struct.pack(f"{self.order}HHI", tag, kind, count) + data.ljust(4, b"\0")
        count = struct.pack(f"{self.order}H", len(fields))
        return self.blob(count + entries + struct.pack(f"{self.order}I", following))

    def done(self, first: int) -> bytes:
        self.out[4:8] = struct.pack(f"{self.order}I", first)
        return bytes(self.out)


def camera(make: bytes, model: bytes, orientation: int) -> dict:
    return {271: (ASCII, make + b"\0"), 272: (ASCII, model + b"\0"), 274: (SHORT, orientation)}


def strip(tiff: Tiff, data: bytes, width: int, height: int, compression: int, photometric: int | None, **more) -> dict:
    """A picture of one strip."""
    fields = {256: (LONG, width), 257: (LONG, height), 259: (SHORT, compression)}
    fields |= {273: (LONG, tiff.blob(data)), 279: (LONG, len(data)), 278: (LONG, height)}
    return fields | ({} if photometric is None else {262: (SHORT, photometric)})


def interchange(tiff: Tiff, data: bytes) -> dict:
    """JPEGInterchangeFormat and its length."""
    return {513: (LONG, tiff.blob(data)), 514: (LONG, len(data)), 259: (SHORT, 6)}


def cr2(orientation: int) -> bytes:
    tiff = Tiff()
    raw = strip(tiff, lossless_jpeg(80, 60), 80, 60, 6, None) | {50752: (SHORT, [1, 40, 40])}
    small = strip(tiff, scene(12, 8).tobytes(), 12, 8, 1, 2) | {258: (SHORT, [8, 8, 8]), 277: (SHORT, 3)}
    third = tiff.directory(small, tiff.directory(raw))
    second = tiff.directory(interchange(tiff, jpeg(16, 12)), third)
    full = strip(tiff, jpeg(72, 48), 72, 48, 6, None) | camera(b"Canon", b"Canon EOS 5D", orientation)
    return tiff.done(tiff.directory(full, second))


def nef(orientation: int) -> bytes:
    tiff = Tiff(">")
    full = tiff.directory(interchange(tiff, jpeg(72, 48)) | {254: (LONG, 1)})
    raw = tiff.directory(strip(tiff, bytes(9000), 80, 60, 34713, 32803))
    main = strip(tiff, scene(16, 12).tobytes(), 16, 12, 1, 2) | {258: (SHORT, [8, 8, 8]), 277: (SHORT, 3)}
    main |= camera(b"NIKON CORPORATION", b"NIKON D70", orientation) | {254: (LONG, 1), 330: (LONG, [full, raw])}
    return tiff.done(tiff.directory(main))


def arw(orientation: int) -> bytes:
    tiff = Tiff()
    third = tiff.directory(interchange(tiff, jpeg(72, 48)))
    second = tiff.directory(interchange(tiff, jpeg(16, 12)), third)
    raw = tiff.directory(strip(tiff, bytes(4800), 80, 60, 32767, 32803) | {254: (LONG, 0)})
    main = interchange(tiff, jpeg(48, 32)) | {254: (LONG, 1), 330: (LONG, raw)}
    return tiff.done(tiff.directory(main | camera(b"SONY", b"ILCE-7RM4", orientation), second))


def dng(orientation: int) -> bytes:
    tiff = Tiff()
    raw = strip(tiff, lossless_jpeg(80, 60), 80, 60, 7, 32803) | {254: (LONG, 0), 258: (SHORT, 16)}
    # Lossy raw data are JPEG of 8 bits, and no preview either.
    lossy = strip(tiff, jpeg(90, 60), 90, 60, 34892, 34892) | {254: (LONG, 0)}
    large = strip(tiff, jpeg(72, 48), 72, 48, 7, 6) | {254: (LONG, 1), 277: (SHORT, 3), 258: (SHORT, [8, 8, 8])}
    small = strip(tiff, jpeg(24, 16), 24, 16, 7, 6) | {254: (LONG, 1), 277: (SHORT, 3), 258: (SHORT, [8, 8, 8])}
    inside = [tiff.directory(fields) for fields in (raw, small, large, lossy)]
    main = strip(tiff, scene(16, 12).tobytes(), 16, 12, 1, 2) | {258: (SHORT, [8, 8, 8]), 277: (SHORT, 3)}
    main |= camera(b"Google", b"Pixel 7", orientation) | {254: (LONG, 1), 330: (LONG, inside), 50706: (1, b"\1\4\0\0")}
    return tiff.done(tiff.directory(main))


def dng_without_preview(orientation: int) -> bytes:
    tiff = Tiff()
    main = strip(tiff, bytes(9600), 80, 60, 1, 32803) | camera(b"Raspberry", b"imx477", orientation)
    return tiff.done(tiff.directory(main | {50706: (1, b"\1\4\0\0"), 258: (SHORT, 16)}))


def pef(orientation: int) -> bytes:
    tiff = Tiff(">")
    third = tiff.directory(interchange(tiff, jpeg(72, 48)))
    second = tiff.directory(interchange(tiff, jpeg(16, 12)), third)
    main = strip(tiff, bytes(5000), 80, 60, 65535, 32803) | camera(b"PENTAX", b"PENTAX K-5", orientation)
    return tiff.done(tiff.directory(main, second))


def rw2(orientation: int) -> bytes:
    tiff = Tiff(magic=b"IIU\0")
    # The preview's own EXIF says another orientation, which does not count.
    main = {0x2E: (UNDEFINED, jpeg(72, 48, exif=3)), 0x118: (LONG, tiff.blob(bytes(4000)))}
    return tiff.done(tiff.directory(main | camera(b"Panasonic", b"DMC-GH4", orientation)))


def orf(orientation: int) -> bytes:
    tiff = Tiff(magic=b"IIRO")
    # Offsets within the maker's note count from its beginning; its directory, of one entry, lies right behind its header.
    head = b"OLYMPUS\0II\3\0"
    start = tiff.blob(head + bytes(18))
    picture = jpeg(72, 48)
    preview = tiff.blob(picture)
    settings = tiff.directory({0x100: (LONG, 1), 0x101: (LONG, preview - start), 0x102: (LONG, len(picture))})
    entry = struct.pack("<HHHII", 1, 0x2020, 13, 1, settings - start) + bytes(4)
    tiff.out[start + len(head) : start + len(head) + len(entry)] = entry
    end = len(tiff.out)
    exif_entry = struct.pack("<HHHII", 1, 37500, UNDEFINED, end - start, start) + bytes(4)
    exif = tiff.blob(exif_entry)
    main = strip(tiff, bytes(4000), 80, 60, 1, None) | camera(b"OLYMPUS IMAGING CORP.  ", b"E-M1", orientation)
    return tiff.done(tiff.directory(main | {34665: (LONG, exif)}))


def raf(orientation: int) -> bytes:
    picture = jpeg(72, 48, exif=orientation)
    head = b"FUJIFILMCCD-RAW 0201FF393101" + b"X-T3".ljust(32, b"\0") + b"0100" + bytes(20)
    head += struct.pack(">IIIIII", 160, len(picture), 0, 0, 160 + len(picture), 4000)
    return head.ljust(160, b"\0") + picture + bytes(4000)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def cr3(orientation: int) -> bytes:
    tiff = Tiff()
    metadata = tiff.done(tiff.directory(camera(b"Canon", b"Canon EOS R", orientation)))
    small, medium, full = jpeg(16, 12), jpeg(48, 32), jpeg(72, 48)
    thumbnail = box(b"THMB", struct.pack(">IHHII", 0, 16, 12, len(small), 0x10000), small)
    uuid = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    canon = box(b"uuid", uuid, box(b"CNCV", b"CanonCR3_001/00.09.00/00.00.00"), box(b"CMT1", metadata), thumbnail)

    def track(offset: int, length: int, codec: bytes) -> bytes:
        entry = bytes(24) + struct.pack(">HH", 72, 48) + bytes(54) + box(codec, bytes(4))
        table = box(b"stsd", struct.pack(">II", 0, 1), box(b"CRAW", entry))
        table += box(b"stsz", struct.pack(">III", 0, length, 1)) + box(b"co64", struct.pack(">IIQ", 0, 1, offset))
        table += box(b"stts", struct.pack(">IIII", 0, 1, 1, 1)) + box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1))
        handler = box(b"hdlr", bytes(8), b"vide", bytes(13))
        return box(b"trak", box(b"mdia", handler, box(b"minf", box(b"stbl", table))))

    prvw = struct.pack(">IHHHHI", 0, 1, 48, 32, 1, len(medium)) + medium
    uuid = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
    preview = box(b"uuid", uuid, struct.pack(">II", 0, 1), box(b"PRVW", prvw))
    ftyp = box(b"ftyp", b"crx ", struct.pack(">I", 1), b"crx isom")

    def file(offset: int) -> bytes:
        tracks = track(offset, len(full), b"JPEG") + track(offset + len(full), 5000, b"CMP1")
        return ftyp + box(b"moov", canon, tracks) + preview + box(b"mdat", full, bytes(5000))

    return file(file(0).index(full))


CASES = {
    "canon-6.cr2": (cr2, 6),
    "nikon-8.nef": (nef, 8),
    "sony-3.arw": (arw, 3),
    "pixel-6.dng": (dng, 6),
    "raspberry-1.dng": (dng_without_preview, 1),
    "pentax-5.pef": (pef, 5),
    "panasonic-6.rw2": (rw2, 6),
    "olympus-2.orf": (orf, 2),
    "fujifilm-8.raf": (raf, 8),
    "canon-6.cr3": (cr3, 6),
}
#: Not `OtherImage`, which is raw data where they are JPEG of 8 bits.
TAGS = ["JpgFromRaw", "PreviewImage", "ThumbnailImage"]


def by_exiftool(path: Path) -> dict:
    """Width, height and the colours of the corners of the largest preview, upright; where it is said."""
    told = subprocess.run(
        ["exiftool", "-ee", "-a", "-j", "-b", "-n", "-G1", "-Orientation", *[f"-{tag}" for tag in TAGS], str(path)],
        capture_output=True,
        check=True,
    )
    fields = json.loads(told.stdout)[0]
    found = []
    for name, value in fields.items():
        if isinstance(value, str) and value.startswith("base64:"):
            data = base64.b64decode(value[7:])
            with Image.open(io.BytesIO(data)) as picture:
                found.append((picture.width * picture.height, name, data))
    if not found:
        return {"preview": None}
    _, tag, data = max(found)
    orientation = next((int(v) for k, v in fields.items() if k in ("IFD0:Orientation",)), 1)
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture = ImageOps.exif_transpose(picture)
    width, height = picture.size
    corners = [(3, 3), (width - 4, 3), (3, height - 4), (width - 4, height - 4)]
    pixels = [[x, y, *picture.getpixel((x, y))] for x, y in corners]
    return {"preview": tag, "orientation": orientation, "width": width, "height": height, "pixels": pixels}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (make, orientation) in CASES.items():
        (folder / name).write_bytes(make(orientation))
    (folder / "cases.json").write_text(json.dumps([{"file": name} for name in CASES]))
    if shutil.which("exiftool") is not None:
        lines = [f"  {json.dumps(name)}: {json.dumps(by_exiftool(folder / name))}" for name in CASES]
        (folder / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
