"""Folders and files of pictures as others write and read them: python make_sources.py FOLDER

`datasets` reads the folders with its imagefolder, `pycocotools` the annotations, `webdataset` writes and reads the shards, Python's `csv`
writes and reads the tables. What they read is in FOLDER/expected.json, for read_sources.ts.
"""

import argparse
import contextlib
import csv
import hashlib
import io
import json
import random
import sys
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import webdataset
from PIL import Image
from pycocotools import mask
from pycocotools.coco import COCO

RANDOM = random.Random(7)


def picture(number: int) -> bytes:
    """No two are the same."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 6), (number % 256, number // 256, 77)).save(stream, "PNG")
    return stream.getvalue()


class Pictures:
    """Writes pictures, each with bytes of its own."""

    def __init__(self) -> None:
        self.number = 0

    def bytes(self) -> bytes:
        self.number += 1
        return picture(self.number)

    def put(self, *paths: Path) -> None:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.bytes())


def imagefolders(root: Path, pictures: Pictures) -> None:
    pictures.put(*(root / "csv" / name for name in ("a.png", "b c.png", "sub/ü.png")))
    (root / "csv/metadata.csv").write_text(
        'file_name,label,text\na.png,cat,"A cat, ""asleep""."\nb c.png,dog,"Two\nlines."\nsub/ü.png,cat,Ünicode 猫.\n', "utf-8"
    )
    pictures.put(*(root / "splits" / name for name in ("train/a.png", "train/b.png", "test/a.png")))
    for split, rows in (("train", [("a.png", 0), ("b.png", 1)]), ("test", [("a.png", 1)])):
        lines = (json.dumps({"file_name": name, "label": label, "text": f"{split} {name}"}) for name, label in rows)
        (root / "splits" / split / "metadata.jsonl").write_text("\n".join(lines) + "\n")
    pictures.put(*(root / "inside" / name for name in ("cat/a.png", "dog/b.png")))
    rows = [{"file_name": "cat/a.png", "text": "One."}, {"file_name": "dog/b.png", "text": "Two."}]
    (root / "inside/metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    pictures.put(*(root / "parquet" / name for name in ("a.png", "b.png")))
    table = pa.table({"file_name": ["a.png", "b.png"], "label": ["x", "y"], "caption": ["One.", "Two."]})
    pq.write_table(table, root / "parquet/metadata.parquet")
    pictures.put(*(root / "renamed" / name for name in ("x/a.png", "b.png")))
    (root / "renamed/metadata.csv").write_text("image_file_name,text\nx/a.png,One.\nb.png,Two.\n")
    pictures.put(*(root / "classes" / name for name in ("cat/a.png", "cat/b.png", "dog/a.png")))
    pictures.put(*(root / "split classes" / name for name in ("train/cat/a.png", "train/dog/a.png", "test/cat/a.png", "test/dog/b.png")))


def as_imagefolder(folder: Path) -> dict[str, dict]:
    """What the imagefolder of `datasets` reads, by the digest of each picture."""
    found = {}
    loaded = datasets.load_dataset("imagefolder", data_dir=str(folder))
    for split in loaded.values():
        image = "image" if "image" in split.features else "image_file"
        label = split.features.get("label")
        for row in split.cast_column(image, datasets.Image(decode=False)):
            data = row[image]["bytes"] or Path(row[image]["path"]).read_bytes()
            value = row.get("label")
            name = label.int2str(value) if isinstance(label, datasets.ClassLabel) else value
            captions = [row[key] for key in ("text", "caption") if row.get(key) is not None]
            labels = [] if name is None else [str(name)]
            found[hashlib.sha256(data).hexdigest()] = {"labels": labels, "captions": captions}
    return found


def shards(folder: Path, pictures: Pictures) -> dict[str, dict]:
    folder.mkdir(parents=True)
    with webdataset.ShardWriter(str(folder / "data-%06d.tar"), maxcount=7, verbose=0) as writer:
        for number in range(20):
            sample = {"__key__": f"{'x/' * (number % 2)}{number:05d}", "png": pictures.bytes(), "cls": number % 3}
            if number % 2:
                sample["txt"] = f"A picture, number {number}."
            if number % 5 == 0:
                sample["json"] = {"caption": f"JSON says {number}.", "url": "x"}
            writer.write(sample)
        # A name that needs an extended header.
        writer.write({"__key__": "k" * 150, "png": pictures.bytes(), "cls": 1})
    found = {}
    for sample in webdataset.WebDataset(str(folder / "data-{000000..000002}.tar"), shardshuffle=False):
        captions = [sample["txt"].decode()] if "txt" in sample else []
        if "json" in sample:
            captions.append(json.loads(sample["json"])["caption"])
        labels = [sample["cls"].decode()]
        digest = hashlib.sha256(sample["png"]).hexdigest()
        found[digest] = {"labels": labels, "captions": captions, "key": sample["__key__"]}
    return found


def annotations(root: Path, pictures: Pictures) -> dict[str, dict[str, dict]]:
    """Exports in the form of COCO under other names; pycocotools says which categories a picture has, and which of them covers most."""
    layouts = {
        "label studio": ("result.json", "images/0a1b2c3d-{}.png", "images/0a1b2c3d-{}.png"),
        "cvat": ("annotations/instances_default.json", "{}.png", "images/default/{}.png"),
        "roboflow": ("train/_annotations.coco.json", "{}.png", "train/{}.png"),
        "another machine": ("labels.json", "/home/ann/project/{}.png", "data/{}.png"),
    }
    found = {}
    for name, (file, listed, stored) in layouts.items():
        images = [{"id": i, "file_name": listed.format(f"p{i}"), "width": 64, "height": 64} for i in range(6)]
        rows = [
            {"id": i, "image_id": i % 5, "category_id": RANDOM.randrange(3), "bbox": [0, 0, i + 1, i + 1]} for i in range(12)
        ]
        regions = name != "cvat"
        for row in rows:
            side = row["bbox"][2]
            if regions:
                row["segmentation"] = [[0, 0, side, 0, side, side, 0, side]]
        path = root / name / file
        path.parent.mkdir(parents=True)
        categories = [{"id": i, "name": each} for i, each in enumerate(["cat", "dog", "sea lion"])]
        path.write_text(json.dumps({"images": images, "annotations": rows, "categories": categories}))
        for i in range(6):
            pictures.put(root / name / stored.format(f"p{i}"))
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(path)
        found[name] = {}
        # The last picture has no annotation, and is left out where others have labels.
        for i in range(5):
            areas: dict[str, float] = {}
            for row in coco.loadAnns(coco.getAnnIds(imgIds=[i])):
                area = float(mask.area(coco.annToRLE(row))) if regions else row["bbox"][2] * row["bbox"][3]
                category = coco.loadCats(row["category_id"])[0]["name"]
                areas[category] = areas.get(category, 0) + area
            data = (root / name / stored.format(f"p{i}")).read_bytes()
            labels = sorted(areas, key=lambda category: -areas[category])
            found[name][hashlib.sha256(data).hexdigest()] = {"labels": labels, "captions": []}
    return found


def tables(folder: Path, count: int) -> dict[str, list[list[str]]]:
    """Tables of random texts in several dialects, as Python's csv reads them."""
    folder.mkdir(parents=True)
    found = {}
    for number in range(count):
        delimiter = RANDOM.choice(",\t;|")
        columns = RANDOM.randint(2, 4)
        rows = [
            ["".join(RANDOM.choices('ab ü😀"\n,;|\t\'', k=RANDOM.randint(1, 8))) for _ in range(columns)]
            for _ in range(RANDOM.randint(1, 8))
        ]
        header = [f"column {i}" for i in range(columns)]
        path = folder / f"{number}.csv"
        with path.open("w", encoding=RANDOM.choice(["utf-8", "utf-8-sig"]), newline="") as file:
            quoting = RANDOM.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
            writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=RANDOM.choice(["\n", "\r\n"]))
            writer.writerows([header, *rows])
        with path.open(encoding="utf-8-sig", newline="") as file:
            found[path.name] = list(csv.reader(file, delimiter=delimiter, strict=True))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Pictures and tables as others write and read them.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    datasets.disable_progress_bars()
    datasets.config.HF_DATASETS_CACHE = folder / "cache"
    pictures = Pictures()
    imagefolders(folder / "imagefolder", pictures)
    expected = {
        f"imagefolder/{each.name}": as_imagefolder(each) for each in sorted((folder / "imagefolder").iterdir())
    }
    exports = annotations(folder / "exports", pictures)
    expected |= {f"exports/{name}": each for name, each in exports.items()}
    expected["shards"] = shards(folder / "shards", pictures)
    result = {"pictures": expected, "tables": tables(folder / "tables", 200)}
    (folder / "expected.json").write_text(json.dumps(result))
    print(f"{len(expected)} sources and {len(result['tables'])} tables")
    return 0


if __name__ == "__main__":
    sys.exit(main())
