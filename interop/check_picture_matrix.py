"""The picture matrix judged by others: python check_picture_matrix.py FOLDER DECODED

Every picture of FOLDER (make_picture_matrix.py) is read by tifffile, imagecodecs or Pillow, converted to sRGB by LittleCMS where a
profile that fits its channels is embedded, laid over white, turned upright, and compared with what Neurodex made of it
(read_picture_matrix.ts): each channel of each pixel within the case's tolerance. A case with `refused` must have been
refused for that reason, and never as damaged.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from picture_reference import reference

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
    for what, got, reference_pixels in (("whole", whole, expected), ("square", square, centre)):
        difference = np.abs(got - reference_pixels)
        if difference.max() > tolerance or difference.mean() > MEAN_TOLERANCE:
            y, x = np.unravel_index(difference.max(axis=-1).argmax(), difference.shape[:2])
            pixels = f"{got[y, x]} at {x}, {y}, and the reference {reference_pixels[y, x]}"
            return f"{what} differs by up to {difference.max()} (mean {difference.mean():.2f}): {pixels}"
    return None


def main(folder: Path, decoded: Path) -> int:
    cases = json.loads((folder / "cases.json").read_text("utf-8"))
    results = {result["file"]: result for result in json.loads((decoded / "results.json").read_text("utf-8"))}
    counts, failures = Counter(), []
    for case in cases:
        wrong = judge(case, results[case["file"]], folder, decoded)
        counts["wrong" if wrong else "refused with the right reason" if "refused" in case else "equal"] += 1
        if wrong:
            failures.append(f"{case['file']}: {wrong}")
    for failure in failures:
        print(f"WRONG {failure}")
    print(f"picture matrix: {len(cases)} pictures, " + ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
