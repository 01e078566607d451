"""Previews of camera raw files judged by exiftool: python check_raw.py FOLDER DECODED TEMPLATES

Of every file of FOLDER (make_raw.py) Neurodex must have read the largest preview that exiftool takes out of it, turned as exiftool says
(DECODED, by read_picture_matrix.ts): its width, its height, and its corners within 3 of 255. A file without a preview must have been refused
for that reason. pictures.py of TEMPLATES must refuse all of them: Pillow would read a thumbnail.
"""

import json
import sys
from pathlib import Path

import numpy as np

TOLERANCE = 3


def judge(expected: dict, result: dict, decoded: Path) -> str | None:
    """What is wrong; None where nothing is."""
    if expected["preview"] is None:
        known = result.get("code") == "picture-unsupported" and "without an embedded JPEG preview" in result["refused"]
        return None if known else f"read, where a refusal was expected: {result}"
    if "refused" in result:
        return f"refused: {result['refused']}"
    if [result["width"], result["height"]] != [expected["width"], expected["height"]]:
        return f"is {result['width']} × {result['height']}, and {expected['preview']} of exiftool {expected['width']} × {expected['height']}"
    shape = (result["height"], result["width"], 3)
    pixels = np.fromfile(decoded / f"{result['file']}.whole", np.uint8).reshape(shape).astype(int)
    for x, y, *colour in expected["pixels"]:
        if np.abs(pixels[y, x] - colour).max() > TOLERANCE:
            return f"has {pixels[y, x]} at {x}, {y}, and {expected['preview']} of exiftool {colour}"
    return None


def refused_by_python(path: Path, read) -> bool:
    try:
        read(path, 16)
    except (ValueError, OSError):
        return True
    return False


def main(folder: Path, decoded: Path, templates: Path) -> int:
    if not (folder / "expected.json").exists():
        print("raw previews LEFT OUT: there is no exiftool on the PATH (Debian: libimage-exiftool-perl)")
        return 0
    cases = json.loads((folder / "expected.json").read_text("utf-8"))
    results = {result["file"]: result for result in json.loads((decoded / "results.json").read_text("utf-8"))}
    sys.path.insert(0, str(templates))
    from pictures import read

    wrong = {name: judge(expected, results[name], decoded) for name, expected in cases.items()}
    wrong |= {f"pictures.py: {name}": None if refused_by_python(folder / name, read) else "was read" for name in cases}
    failures = {name: what for name, what in wrong.items() if what is not None}
    print(f"raw previews: {len(cases)} files, {len(failures)} wrong")
    for name, what in failures.items():
        print(f"WRONG {name}: {what}")
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*map(Path, sys.argv[1:])))
