"""Pictures with captions and objects exactly as COCO publishes them: annotations/{instances,captions}_val2017.json, val2017/*.jpg.

    python make_captions.py OUT [--pictures N]

Annotations stand in no order of their pictures. Some captions are of several pictures, differ in nothing but letter case
and white space, are empty, or say no more than a category; some pictures have no object, a single caption, or none.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

CATEGORIES = [(1, "person", "person"), (3, "car", "vehicle"), (10, "traffic light", "outdoor"), (17, "cat", "animal"), (18, "dog", "animal"), (90, "toothbrush", "indoor")]
WHO = ["A man", "A woman", "Two children", "A brown dog", "The cat", "Several people", "A red car", "Someone"]
DOES = ["waits", "is standing", "plays", "lies", "is shown", "rests", "moves slowly", "can be seen"]
WHERE = ["on the grass", "near a traffic light", "in the snow", "at a table", "beside the sea", "in a bathroom", "under a tree", "on a busy street"]


def sentence(random):
    return f"{random.choice(WHO)} {random.choice(DOES)} {random.choice(WHERE)}."


def captions_of(random, i):
    if i % 17 == 5:
        return []
    said = [f"{sentence(random)[:-1]} with {random.integers(2, 9)} things and the number {i}." for _ in range(1 if i % 13 == 4 else 3)]
    # Of several pictures: there are few sentences, and one that half of the pictures have.
    said += [sentence(random), "A picture of noise."] if i % 2 else [sentence(random)]
    if i % 7 == 0:
        said.append(f"  {said[0].upper().replace(' ', '  ')} ")
    if i % 11 == 3:
        said += ["", " \n"]
    if i % 5 == 0:
        said.append("dog")
    if i % 19 == 1:
        said.append("Um café à beira-mar – número " + str(i))
    return [said[j] for j in random.permutation(len(said))]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=int, default=120)
    arguments = parser.parse_args()
    random = np.random.default_rng(2)
    (arguments.out / "annotations").mkdir(parents=True)
    (arguments.out / "val2017").mkdir()

    images, objects, captions = [], [], []
    for i in range(arguments.pictures):
        width, height = (int(n) for n in random.integers(24, 64, size=2))
        number = 139 + 7 * i
        name = f"{number:012d}.jpg"
        pixels = random.integers(0, 255, size=(height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(arguments.out / "val2017" / name, quality=80)
        images.append({
            "license": 1 + i % 8, "file_name": name, "coco_url": f"http://images.cocodataset.org/val2017/{name}",
            "height": height, "width": width, "date_captured": "2013-11-14 17:02:52",
            "flickr_url": f"http://farm7.staticflickr.com/6116/{number}_z.jpg", "id": number,
        })
        for _ in range(0 if i % 23 == 7 else int(random.integers(1, 4))):
            x, y = int(random.integers(0, width - 12)), int(random.integers(0, height - 12))
            w, h = (int(n) for n in random.integers(2, 12, size=2))
            objects.append({
                "segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]], "area": float(w * h), "iscrowd": 0,
                "image_id": number, "bbox": [x, y, w, h], "category_id": CATEGORIES[int(random.integers(len(CATEGORIES)))][0],
            })
        captions += [{"image_id": number, "caption": caption} for caption in captions_of(random, i)]
    objects = [{**objects[j], "id": 5000 + k} for k, j in enumerate(random.permutation(len(objects)))]
    captions = [{**captions[j], "id": 9000 + k} for k, j in enumerate(random.permutation(len(captions)))]

    info = {"description": "COCO 2017 Dataset", "url": "http://cocodataset.org", "version": "1.0", "year": 2017, "contributor": "COCO Consortium", "date_created": "2017/09/01"}
    licences = [{"url": "http://creativecommons.org/licenses/by/2.0/", "id": n, "name": f"Licence {n}"} for n in range(1, 9)]
    head = {"info": info, "licenses": licences, "images": [images[j] for j in random.permutation(len(images))]}
    categories = [{"supercategory": above, "id": n, "name": name} for n, name, above in CATEGORIES]
    write = lambda what, value: (arguments.out / "annotations" / f"{what}_val2017.json").write_text(json.dumps(value))
    write("instances", {**head, "annotations": objects, "categories": categories})
    write("captions", {**head, "annotations": captions})


if __name__ == "__main__":
    main()
