"""The picture matrix judged by others: python check_picture_matrix.py FOLDER DECODED TEMPLATES

Every picture of FOLDER (make_picture_matrix.py) is read by tifffile, imagecodecs or Pillow, converted to sRGB by LittleCMS where a
profile that fits its channels is embedded, laid over white, turned upright, and compared with what Neurodex made of it
(read_picture_matrix.ts): each channel of each pixel within the case's tolerance. A case with `refused` must have been
refused for that reason, and never as damaged. The program of an export that reads pictures (pictures.py of TEMPLATES) is held to the same,
with a tolerance of its own where a case names one: Pillow keeps 8 of 16 bits.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from picture_reference import reference

SIZE = 32
#: The mean difference that is allowed, whatever the tolerance of a case.
MEAN_TOLERANCE = 0.6


def judge(case: dict, result: dict, folder: Path, decoded: Path) -> str | None:
    """What is wrong with this case; None where nothing is."""
    name, wanted = case["file"], case.get("refused")
    if "refused" in result:
        if wanted is None:
            return f"refused: {result['refused']}"
        if result["code"] != "picture-unsupported" or not re.search(wanted, result["refused"]):
            return f"refused for another reason: {result['code']}: {result['refused']}"
        return None
    if wanted is not None:
        return f"decoded, where a refusal for {wanted!r} was expected"
    expected = reference(folder / name).astype(int)
    shape = (result["height"], result["width"], 3)
    whole = np.fromfile(decoded / f"{name}.whole", np.uint8).reshape(shape).astype(int)
    if whole.shape != expected.shape:
        return f"is {whole.shape}, and the reference {expected.shape}"
    size = result["size"]
    square = np.fromfile(decoded / f"{name}.square", np.uint8).reshape(size, size, 3).astype(int)
    top, left = (shape[0] - size) // 2, (shape[1] - size) // 2
    centre = expected[top : top + size, left : left + size]
    tolerance = case["tolerance"]
    # A larger picture is scaled to its square.
    squares = [("square", square, centre)] if min(shape[:2]) == size else []
    for what, got, reference_pixels in [("whole", whole, expected), *squares]:
        difference = np.abs(got - reference_pixels)
        if difference.max() > tolerance or difference.mean() > MEAN_TOLERANCE:
            y, x = np.unravel_index(difference.max(axis=-1).argmax(), difference.shape[:2])
            pixels = f"{got[y, x]} at {x}, {y}, and the reference {reference_pixels[y, x]}"
            return f"{what} differs by up to {difference.max()} (mean {difference.mean():.2f}): {pixels}"
    return None


def judge_python(case: dict, folder: Path, read, size: int) -> str | None:
    """What is wrong with what the exported program reads; None where nothing is."""
    path = folder / case["file"]
    try:
        got = read(path, size).astype(int)
    except (ValueError, OSError) as error:
        return None if "refused" in case or case.get("python") == "refused" else f"refused: {error}"
    if "refused" in case:
        return None if case.get("python") == "decoded" else "decoded, where a refusal was expected"
    expected = reference(path).astype(int)
    top, left = (expected.shape[0] - size) // 2, (expected.shape[1] - size) // 2
    difference = np.abs(got - expected[top : top + size, left : left + size])
    tolerance = case["python"] if isinstance(case.get("python"), int) else case["tolerance"]
    if difference.max() <= tolerance:
        return None
    return f"differs by up to {difference.max()} (mean {difference.mean():.2f})"


def main(folder: Path, decoded: Path, templates: Path) -> int:
    cases = json.loads((folder / "cases.json").read_text("utf-8"))
    results = {result["file"]: result for result in json.loads((decoded / "results.json").read_text("utf-8"))}
    sys.path.insert(0, str(templates))
    from pictures import read

    failures = []
    for who in ("Neurodex", "pictures.py"):
        counts = Counter()
        for case in cases:
            result = results[case["file"]]
            wrong = judge(case, result, folder, decoded) if who == "Neurodex" else judge_python(case, folder, read, SIZE)
            refused = "refused" in case or (who != "Neurodex" and case.get("python") == "refused")
            counts["wrong" if wrong else "of a kind that is refused" if refused else "equal within the tolerance"] += 1
            if wrong:
                failures.append(f"{who}: {case['file']}: {wrong}")
        print(f"picture matrix, {who}: {len(cases)} pictures, " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    for failure in failures:
        print(f"WRONG {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*map(Path, sys.argv[1:])))
