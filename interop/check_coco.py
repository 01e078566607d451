"""pycocotools and Neurodex read the same annotation files and must say the same of them.

    python check_coco.py INSTANCES CAPTIONS READ CATALOGUE

READ is what read_coco.ts printed, CATALOGUE the Parquet of a data set that Neurodex prepared of the same files, in which
`datasets` must find the captions and objects of every picture. Boxes, areas, crowds, categories and captions of every picture; the area of every region
as drawn from its polygons or runs; and the seed notebook's classes of each picture, by area.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

import datasets
from pycocotools import mask as masks
from pycocotools.coco import COCO


def seed_classes(coco, image):
    """The seed's rule, in its words: count and area of each class, largest area first."""
    classes = {}
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=image)):
        name = coco.cats[annotation["category_id"]]["name"]
        entry = classes.setdefault(name, {"category": name, "area": 0, "count": 0})
        entry["area"] += annotation["area"]
        entry["count"] += 1
    return sorted(classes.values(), key=lambda entry: entry["area"], reverse=True)


def main():
    instances_path, captions_path, read_path, catalogue_path = sys.argv[1:]
    with contextlib.redirect_stdout(sys.stderr):
        instances, captions = COCO(instances_path), COCO(captions_path)
    with open(read_path) as file:
        read = json.load(file)
    differences, regions = [], 0

    def same(what, ours, theirs):
        if ours != theirs:
            differences.append(f"{what}: {ours} and {theirs}")

    # What pycocotools itself makes of an annotation without an area: the pixels of its region, else its box (COCO.loadRes).
    for annotation in instances.anns.values():
        if annotation.get("area") is None:
            region = annotation["segmentation"]
            pixels = int(masks.area(instances.annToRLE(annotation))) if region else 0
            annotation["area"] = pixels or annotation["bbox"][2] * annotation["bbox"][3]

    # Zero-area boxes are left out by design; nothing else may be.
    empty = {a["id"] for a in instances.anns.values() if not (a["bbox"][2] > 0 and a["bbox"][3] > 0)}
    same("rows left out", len(read["skipped"]), len(empty))
    same("pictures", [p["id"] for p in read["pictures"]], instances.getImgIds())
    same("categories", read["categories"], {str(n): c["name"] for n, c in instances.cats.items()})
    for picture in read["pictures"]:
        number = picture["id"]
        image = instances.loadImgs(number)[0]
        for key in ("width", "height"):
            same(f"{number} {key}", picture[key], image[key])
        same(f"{number} file", picture["file"], image["file_name"])
        theirs = [a for a in instances.loadAnns(instances.getAnnIds(imgIds=number)) if a["id"] not in empty]
        same(
            f"{number} objects",
            [(o["id"], o["categoryId"], o["box"], o["area"], int(o["crowd"])) for o in picture["objects"]],
            [(a["id"], a["category_id"], a["bbox"], a["area"], a["iscrowd"]) for a in theirs],
        )
        if not empty.intersection(a["id"] for a in instances.loadAnns(instances.getAnnIds(imgIds=number))):
            same(f"{number} classes", picture["classes"], seed_classes(instances, number))
        said = [a["caption"].strip() for a in captions.loadAnns(captions.getAnnIds(imgIds=number))]
        same(f"{number} captions", picture["captions"], said)
    for number, annotation in instances.anns.items():
        if not annotation["segmentation"]:
            continue
        regions += 1
        same(f"area of region {number}", read["regions"][str(number)], int(masks.area(instances.annToRLE(annotation))))

    expected = {picture["file"]: picture for picture in read["pictures"]}
    with tempfile.TemporaryDirectory() as cache:
        stored = datasets.load_dataset(
            "parquet", data_files=str(Path(catalogue_path) / "*.parquet"), split="train", cache_dir=cache
        )
        for row in stored:
            picture = expected.pop(row["path"])
            same(f"{row['path']} captions", row["captions"], picture["captions"])
            same(f"{row['path']} labels", row["labels"], [entry["category"] for entry in picture["classes"]])
            same(
                f"{row['path']} objects",
                [(o["category"], o["bbox"], o["area"], o["crowd"]) for o in row["objects"]],
                [(o["category"], o["box"], o["area"], o["crowd"]) for o in picture["objects"]],
            )
            same(f"{row['path']} picture", row["image"].mode, "RGB")
    same("pictures that are not in the catalogue", list(expected), [])

    for difference in differences[:20]:
        print(difference)
    if differences:
        sys.exit(f"check_coco: {len(differences)} differences")
    print(f"check_coco: {len(read['pictures'])} pictures and {regions} regions, read as pycocotools does")


if __name__ == "__main__":
    main()
