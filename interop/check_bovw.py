"""OpenCV and scikit-learn judge our SIFT and k-means: python check_bovw.py FOLDER

FOLDER holds what interop/write_bovw.ts writes: `keypoints.json` (pictures, and the keypoints found in each),
`descriptors.u8` (uint8 [n, 128]) and `kmeans.json` (clusters, restarts, and the inertia of several seeds).
Keypoints: at least 95 % of OpenCV's within 1 px and with a scale within 10 %, and of those at least 90 % with an
orientation within 10° and a descriptor within 10 % of its norm. k-means: mean inertia within 1 % of scikit-learn's.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import sklearn
from sklearn.cluster import KMeans


def agreement(path: str, ours: list[dict]) -> tuple[float, float, int, int]:
    """Shares of OpenCV's keypoints that are found, and of those that are alike; how many there are on both sides."""
    keypoints, descriptors = cv2.SIFT_create().detectAndCompute(cv2.imread(path, cv2.IMREAD_GRAYSCALE), None)
    places = np.array([[point["x"], point["y"], point["size"], point["angle"]] for point in ours])
    described = np.array([point["descriptor"] for point in ours], np.float32)
    found = alike = 0
    for keypoint, descriptor in zip(keypoints, descriptors):
        x, y, size, angle = places.T
        near = np.hypot(x - keypoint.pt[0], y - keypoint.pt[1]) <= 1
        near &= abs(size / keypoint.size - 1) <= 0.1
        found += near.any()
        turn = abs((angle - keypoint.angle + 180) % 360 - 180)
        distance = np.linalg.norm(described - descriptor, axis=1)
        alike += (near & (turn <= 10) & (distance < 0.1 * np.linalg.norm(descriptor))).any()
    return found / len(keypoints), alike / max(1, found), len(keypoints), len(ours)


def main(folder: Path) -> int:
    problems = []
    for path, ours in json.loads((folder / "keypoints.json").read_text()).items():
        found, alike, theirs, count = agreement(path, ours)
        print(f"OpenCV {cv2.__version__}, {Path(path).name}: {theirs} keypoints, {count} ours; {found:.1%} found, {alike:.1%} of them alike")
        if found < 0.95 or alike < 0.9:
            problems.append(f"{path}: {found:.3f} found, {alike:.3f} alike")
    points = np.fromfile(folder / "descriptors.u8", np.uint8).reshape(-1, 128).astype(np.float32)
    task = json.loads((folder / "kmeans.json").read_text())
    theirs = [
        KMeans(task["clusters"], n_init=task["restarts"], random_state=seed).fit(points).inertia_
        for seed in range(len(task["inertias"]))
    ]
    ratio = float(np.mean(task["inertias"]) / np.mean(theirs))
    print(f"scikit-learn {sklearn.__version__}: inertia of {len(points)} descriptors in {task['clusters']} clusters, ours / its: {ratio:.4f}")
    if abs(ratio - 1) > 0.01:
        problems.append(f"inertia {ratio:.4f} times scikit-learn's")
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
