"""bm25s judges our BM25: python check_bm25.py FOLDER

FOLDER holds what interop/write_bm25.ts writes: `bm25.json` with k1 and b, the terms of documents and queries, and for each
query the documents that share a term with it and their scores.
bm25s with method="lucene" has the same formula (no factor k1 + 1): the same documents must be found, each score within 1e-12
of its value (absolute, or relative above 1).
"""

import json
import sys
from pathlib import Path

import bm25s
import numpy as np

TOLERANCE = 1e-12


def main(folder: Path) -> int:
    task = json.loads((folder / "bm25.json").read_text())
    judge = bm25s.BM25(method="lucene", k1=task["k1"], b=task["b"], dtype="float64")
    judge.index(task["documents"], show_progress=False)
    problems = []
    worst = 0.0
    found = 0
    for number, (query, ours) in enumerate(zip(task["queries"], task["scores"], strict=True)):
        theirs = judge.get_scores(query)
        dense = np.zeros(len(task["documents"]))
        dense[ours["documents"]] = ours["scores"]
        found += len(ours["documents"])
        error = float(np.max(np.abs(dense - theirs) / np.maximum(theirs, 1)))
        worst = max(worst, error)
        if not error <= TOLERANCE or not np.array_equal(np.flatnonzero(theirs), ours["documents"]):
            problems.append(f"query {number}, {' '.join(query)}: off by {error:.3g}")
    count = len(task["queries"])
    print(f"bm25s {bm25s.__version__}: {len(task['documents'])} documents, {count} queries, {found} scores; largest difference {worst:.2g}")
    if found == 0:
        problems.append("nothing was compared")
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
