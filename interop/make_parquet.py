"""Write data sets of pictures as Parquet with the owners' own programs, and what they hold as JSON.

    python interop/make_parquet.py OUT

`datasets` writes the files that Hugging Face's hub serves (an Image, a ClassLabel, a sequence of them, captions); pyarrow
writes the same rows with every codec, with and without dictionaries and page indexes, in one and in many row groups.
OUT/expected.json lists for each file its rows in order, as `datasets` or pyarrow read them back: the class names, the
captions and the SHA-256 of the picture's bytes.
"""

import hashlib
import io
import json
import random
import sys
from pathlib import Path

import datasets
import pyarrow.parquet as pq
from datasets import ClassLabel, Dataset, Features, Image, Sequence, Value
from PIL import Image as Pillow

ROWS = 40
NAMES = ["tench", "English springer", "crane", "church", "größer, grüner Fisch"]
CODECS = ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]


def picture(seed: int, kind: str = "JPEG") -> bytes:
    """A coloured field with a few dots: small, and no two alike."""
    draw = random.Random(seed)
    image = Pillow.new("RGB", (24 + draw.randrange(8), 24), tuple(draw.randrange(256) for _ in range(3)))
    for _ in range(20):
        image.putpixel((draw.randrange(24), draw.randrange(24)), tuple(draw.randrange(256) for _ in range(3)))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def rows(count: int) -> dict:
    return {
        "image": [
            {"bytes": picture(i, "PNG" if i % 5 == 0 else "JPEG"), "path": f"n0{i % 5}/{i}.jpg"} for i in range(count)
        ],
        "label": [i % len(NAMES) for i in range(count)],
        "labels": [[(i + k) % len(NAMES) for k in range(i % 3 + 1)] for i in range(count)],
        "captions": [[f"caption {k} of {i}" for k in range(i % 4)] for i in range(count)],
        "name": ["apple" if i % 2 else "pear" for i in range(count)],
    }


FEATURES = {
    "image": Image(),
    "label": ClassLabel(names=NAMES),
    "labels": Sequence(ClassLabel(names=NAMES)),
    "captions": Sequence(Value("string")),
    "name": Value("string"),
}


def dataset(columns: list[str], count: int = ROWS) -> Dataset:
    data = rows(count)
    return Dataset.from_dict({c: data[c] for c in columns}, features=Features({c: FEATURES[c] for c in columns}))


def expected(path: Path) -> list[dict]:
    """The file as `datasets` reads it back, pictures not decoded."""
    read = Dataset.from_parquet(str(path), keep_in_memory=True, cache_dir=str(path.parent / ".cache"))
    listed = []
    for row in read.data.to_pylist():
        image = row["image"]
        found = image if isinstance(image, bytes) else image["bytes"]
        if "labels" in row:
            names = read.features["labels"].feature.names
            labels = list(dict.fromkeys(names[v] for v in row["labels"]))
        elif "label" in row and isinstance(row["label"], int):
            names = getattr(read.features["label"], "names", None)
            labels = [names[row["label"]] if names else str(row["label"])]
        else:
            labels = [row["label"]] if "label" in row else []
        listed.append(
            {"labels": labels, "captions": row.get("captions") or [], "sha256": hashlib.sha256(found).hexdigest()}
        )
    return listed


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    datasets.disable_progress_bars()
    files = []

    def keep(name: str) -> Path:
        files.append(name)
        return out / name

    dataset(["image", "label"]).to_parquet(keep("datasets-label.parquet"), batch_size=7)
    dataset(["image", "labels", "captions"]).to_parquet(keep("datasets-labels.parquet"), batch_size=16)
    dataset(["image"]).to_parquet(keep("datasets-image.parquet"))
    dataset(["image", "name"]).rename_column("name", "label").to_parquet(keep("datasets-text-label.parquet"))

    table = dataset(["image", "label", "captions"]).data.table
    for codec in CODECS:
        for dictionary in (False, True):
            name = f"pyarrow-{codec}-{'dictionary' if dictionary else 'plain'}.parquet"
            pq.write_table(table, keep(name), compression=codec, use_dictionary=dictionary, row_group_size=11)
    pq.write_table(table, keep("pyarrow-v2-pages.parquet"), data_page_version="2.0", compression="zstd")
    pages = {"write_page_index": True, "data_page_size": 1024, "write_batch_size": 2, "use_dictionary": False}
    pq.write_table(table, keep("pyarrow-page-index.parquet"), **pages)
    pq.write_table(
        table,
        keep("pyarrow-delta.parquet"),
        use_dictionary=False,
        column_encoding={"label": "DELTA_BINARY_PACKED", "image.path": "DELTA_BYTE_ARRAY"},
        version="2.6",
    )
    flat = table.set_column(0, "image", table.column("image").combine_chunks().field("bytes"))
    pq.write_table(flat.replace_schema_metadata(None), keep("pyarrow-bytes-number.parquet"))

    (out / "expected.json").write_text(json.dumps({name: expected(out / name) for name in files}))
    print(f"{len(files)} Parquet files in {out}")


if __name__ == "__main__":
    main()
