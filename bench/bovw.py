"""The bag of visual words that one would build with OpenCV and scikit-learn, stage by stage: python bovw.py SET.json

Reads {catalogue: [files], queries: [files], words, restarts, seed, loop_pictures} and prints one JSON object: seconds of
each stage, and for each query the catalogue positions, best first. Two forms of the histogram and of the query: the
seed's (loops over features, over centroids and over the catalogue) and a vectorised one.
"""

import json
import os
import sys
import time

import cv2
import numpy as np
import sklearn
from sklearn.cluster import KMeans

sift = cv2.SIFT_create()


def describe(path: str) -> np.ndarray:
    _, descriptors = sift.detectAndCompute(cv2.imread(path, cv2.IMREAD_GRAYSCALE), None)
    return np.zeros((0, 128), np.float32) if descriptors is None else descriptors


def loop_histogram(descriptors: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    histogram = np.zeros(len(centroids))
    for feature in descriptors:
        histogram[np.argmin([np.linalg.norm(feature - centroid) for centroid in centroids])] += 1
    return histogram


def histograms(parts: list[np.ndarray], kmeans: KMeans) -> np.ndarray:
    """Every feature of every picture at once."""
    counts = np.zeros((len(parts), len(kmeans.cluster_centers_)))
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    if len(owners) > 0:
        np.add.at(counts, (owners, kmeans.predict(np.concatenate(parts))), 1)
    return counts


def loop_search(query: np.ndarray, catalogue: np.ndarray) -> list[int]:
    scores = []
    for histogram in catalogue:
        norm = np.linalg.norm(query) * np.linalg.norm(histogram)
        scores.append(0 if norm == 0 else np.dot(query, histogram) / norm)
    return sorted(range(len(scores)), key=lambda i: -scores[i])


def unit(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norms == 0, 1, norms)


def timed(work):
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def processor(work):
    """The result, and the seconds of all threads of this process."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def main() -> None:
    with open(sys.argv[1]) as file:
        task = json.load(file)
    describe(task["catalogue"][0])
    parts, extraction = timed(lambda: [describe(path) for path in task["catalogue"]])
    points = np.concatenate(parts)
    kmeans, vocabulary = timed(
        lambda: KMeans(task["words"], n_init=task["restarts"], random_state=task["seed"]).fit(points)
    )
    catalogue, histogram = timed(lambda: histograms(parts, kmeans))
    sample = parts[: task["loop_pictures"]]
    _, loop_seconds = timed(lambda: [loop_histogram(part, kmeans.cluster_centers_) for part in sample])

    units = unit(catalogue)
    rankings, described, searched, loop_searched, loop_processor = [], [], [], [], []
    for i, path in enumerate(task["queries"]):
        (descriptors, taken), described_processor = processor(lambda: timed(lambda: describe(path)))
        described.append(taken)
        ranking, taken = timed(
            lambda: np.argsort(-(units @ unit(histograms([descriptors], kmeans)[0])), kind="stable")
        )
        rankings.append(ranking.tolist())
        searched.append(taken)
        if i < task["loop_pictures"]:
            loop, searched_processor = processor(
                lambda: timed(lambda: loop_search(loop_histogram(descriptors, kmeans.cluster_centers_), catalogue))
            )
            loop_searched.append(loop[1])
            loop_processor.append(described_processor + searched_processor)
    json.dump(
        {
            "versions": {"opencv": cv2.__version__, "sklearn": sklearn.__version__, "numpy": np.__version__},
            "threads": os.cpu_count(),
            "descriptors": len(points),
            "inertia": float(kmeans.inertia_),
            "extraction_seconds": extraction,
            "vocabulary_seconds": vocabulary,
            "histogram_seconds": histogram,
            "loop_histogram_seconds_per_picture": loop_seconds / max(1, len(sample)),
            "query_extraction_seconds": described,
            "query_search_seconds": searched,
            "loop_query_search_seconds": loop_searched,
            "loop_query_processor_seconds": loop_processor,
            "rankings": rankings,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
