"""SIFT of OpenCV on one thread: python sift.py PICTURES.json

Reads a JSON list of files, and for each line on stdin describes all of these pictures. Prints for each line one JSON object:
processor seconds of this process for one picture, and how many keypoints all have.
"""

import json
import resource
import sys

import cv2


def seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    cv2.setNumThreads(1)
    with open(sys.argv[1]) as file:
        pictures = [cv2.imread(path, cv2.IMREAD_GRAYSCALE) for path in json.load(file)]
    sift = cv2.SIFT_create()
    for _ in sys.stdin:
        before = seconds()
        keypoints = sum(len(sift.detectAndCompute(picture, None)[0]) for picture in pictures)
        print(json.dumps({"seconds": (seconds() - before) / len(pictures), "keypoints": keypoints}), flush=True)


if __name__ == "__main__":
    main()
