"""A small data set exactly as COCO publishes its own: annotations/{instances,captions}_val2014.json and val2014/*.jpg.

    python make_coco.py OUT [--pictures N]

Objects have polygons (one or several, some beyond the border, some with corners that repeat), compressed runs or, for
crowds, uncompressed ones. pycocotools gives areas and boxes. Some annotations have no area, and some of those no region.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as masks

CATEGORIES = [(1, "person"), (2, "bicycle"), (17, "cat"), (18, "dog"), (90, "toothbrush")]


def polygon(random, width, height):
    corners = int(random.integers(3, 12))
    scale = random.choice([1.0, 0.3, 0.05])
    x = random.uniform(-0.1, 1.1) * width + random.normal(size=corners) * width * scale / 2
    y = random.uniform(-0.1, 1.1) * height + random.normal(size=corners) * height * scale / 2
    points = np.stack([np.clip(x, 0, width), np.clip(y, 0, height)], 1).round(2)
    if random.random() < 0.3:
        points = np.repeat(points, 1 + (np.arange(corners) % 3 == 0), axis=0)
    if random.random() < 0.2:
        points = points.round()
    return points.ravel().tolist()


def uncompressed(mask):
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return {"counts": ([0] if flat[0] else []) + runs, "size": list(mask.shape)}


def segmentation(random, kind, width, height):
    if kind == "polygons":
        return [polygon(random, width, height) for _ in range(int(random.integers(1, 4)))]
    blobs = masks.decode(masks.merge(masks.frPyObjects([polygon(random, width, height) for _ in range(4)], height, width)))
    noise = random.random((height, width)) < 0.02
    region = np.asfortranarray((blobs | noise).astype(np.uint8))
    if kind == "crowd":
        return uncompressed(region)
    runs = masks.encode(region)
    return {"counts": runs["counts"].decode("ascii"), "size": runs["size"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=int, default=40)
    arguments = parser.parse_args()
    random = np.random.default_rng(1)
    (arguments.out / "annotations").mkdir(parents=True)
    (arguments.out / "val2014").mkdir()

    images, objects, captions = [], [], []
    for i in range(arguments.pictures):
        width, height = (int(n) for n in random.integers(24, 90, size=2))
        if i % 3 == 0:
            height = width
        number = 1000 + 7 * i
        name = f"COCO_val2014_{number:012d}.jpg"
        pixels = random.integers(0, 255, size=(height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(arguments.out / "val2014" / name, quality=80)
        images.append({
            "license": 1 + i % 8, "file_name": name, "coco_url": f"http://images.cocodataset.org/val2014/{name}",
            "height": height, "width": width, "date_captured": "2013-11-14 17:02:52",
            "flickr_url": f"http://farm7.staticflickr.com/6116/{number}_z.jpg", "id": number,
        })
        for j in range(int(random.integers(0, 5)) if i % 5 else 3):
            kind = random.choice(["polygons", "polygons", "polygons", "runs", "crowd"])
            region = segmentation(random, kind, width, height)
            runs = masks.frPyObjects(region, height, width) if not isinstance(region, dict) or isinstance(region["counts"], list) else region
            runs = masks.merge(runs) if isinstance(runs, list) else runs
            objects.append({
                "segmentation": region, "area": float(masks.area(runs)), "iscrowd": int(kind == "crowd"),
                "image_id": number, "bbox": masks.toBbox(runs).tolist(),
                "category_id": CATEGORIES[int(random.integers(len(CATEGORIES)))][0],
                "id": 5000 + len(objects),
            })
            # Other tools leave the area out, or write null; and objects that were only boxed have no region.
            if len(objects) % 5 == 0:
                del objects[-1]["area"]
            elif len(objects) % 5 == 1:
                objects[-1]["area"] = None
            if len(objects) % 10 == 0:
                objects[-1]["segmentation"] = []
        for j in range(4 + i % 3):
            captions.append({"image_id": number, "id": 9000 + len(captions), "caption": f" A picture of noise, number {i}, sentence {j}.\n"})
    info = {"description": "Made to be like COCO", "url": "http://cocodataset.org", "version": "1.0", "year": 2014, "contributor": "COCO Consortium", "date_created": "2017/09/01"}
    licences = [{"url": "http://creativecommons.org/licenses/by/2.0/", "id": n, "name": f"Licence {n}"} for n in range(1, 9)]
    head = {"info": info, "images": images, "licenses": licences}
    categories = [{"supercategory": "thing", "id": n, "name": name} for n, name in CATEGORIES]
    write = lambda what, value: (arguments.out / "annotations" / f"{what}_val2014.json").write_text(json.dumps(value))
    write("instances", {**head, "annotations": objects, "categories": categories})
    write("captions", {**head, "annotations": captions})


if __name__ == "__main__":
    main()
