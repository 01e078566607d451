"""pyarrow and Pillow read the catalogue of an index: python check_parquet.py INDEX [--pictures N]

The columns have the types that Hugging Face's `datasets` expects, its features in the metadata name the same columns,
every stored picture decodes, and the rows are consistent with each other.
"""

import argparse
import io
import json
import re
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset
from PIL import Image

ROLES = {"catalogue", "train", "validation", "test"}
TYPES = {
    "image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    "labels": pa.list_(pa.string()),
    "split": pa.string(),
    "identifier": pa.string(),
    "cluster": pa.string(),
    "id": pa.int32(),
    "sha256": pa.string(),
}
# Columns of vectors, which a catalogue may have: catalogue pictures have one each, queries none.
VECTORS = {"bovw": pa.list_(pa.float32())}
# What pictures say of themselves, which a catalogue may have: all of these columns, or none.
METADATA = {
    "taken": pa.timestamp("ms"),
    "taken_offset": pa.int32(),
    **{name: pa.float64() for name in ("latitude", "longitude", "rating")},
    **{name: pa.string() for name in ("city", "state", "country", "camera")},
    "keywords": pa.list_(pa.string()),
}


def same_type(actual: pa.DataType, expected: pa.DataType) -> bool:
    """Equal but for the name of a list's element, which Parquet writers choose differently."""
    if pa.types.is_list(actual) and pa.types.is_list(expected):
        return actual.value_type == expected.value_type
    return actual == expected


def schema_problems(schema: pa.Schema) -> list[str]:
    problems = []
    for name, expected in TYPES.items():
        if name not in schema.names:
            problems.append(f"there is no column {name}")
        elif not same_type(schema.field(name).type, expected):
            problems.append(f"column {name} is {schema.field(name).type}, not {expected}")
    if 0 < len(METADATA.keys() & set(schema.names)) < len(METADATA):
        problems.append(f"some of the columns {sorted(METADATA)} are not there")
    for name, expected in (VECTORS | METADATA).items():
        if name in schema.names and not same_type(schema.field(name).type, expected):
            problems.append(f"column {name} is {schema.field(name).type}, not {expected}")
    metadata = (schema.metadata or {}).get(b"huggingface")
    if metadata is None:
        return [*problems, "the key-value metadata has no entry huggingface"]
    try:
        features = json.loads(metadata)["info"]["features"]
    except (ValueError, KeyError, TypeError) as error:
        return [*problems, f"the metadata huggingface is not JSON with info.features: {error!r}"]
    if set(features) != set(schema.names):
        problems.append(f"the features name {sorted(features)}, the columns are {sorted(schema.names)}")
    elif features["image"].get("_type") != "Image":
        problems.append(f"the feature image is {features['image']}, not an Image")
    return problems


def name_problems(row: dict) -> list[str]:
    """A catalogue picture has an identifier, or the cluster that its identifier follows from; a query has neither."""
    names = [name for name in ("identifier", "cluster") if row[name] is not None]
    if len(names) != (row["split"] == "catalogue"):
        return [f"split {row['split']}, identifier {row['identifier']!r}, cluster {row['cluster']!r}"]
    forms = {"identifier": r"[0-9]+(\.[0-9]+)*", "cluster": r"([0-9]+(\.[0-9]+)*)?"}
    return [
        f"the {name} {row[name]!r} is not made of numbers" for name in names if not re.fullmatch(forms[name], row[name])
    ]


def row_problems(rows: list[dict]) -> list[str]:
    problems = []
    for row in rows:
        path = row["image"]["path"]
        try:
            with Image.open(io.BytesIO(row["image"]["bytes"])) as picture:
                picture.load()
                if picture.width != picture.height:
                    problems.append(f"{path}: {picture.width}×{picture.height} is not square")
        except Exception as error:
            problems.append(f"{path}: Pillow cannot decode it: {error}")
        if row["split"] not in ROLES:
            problems.append(f"{path}: unknown split {row['split']!r}")
        if not isinstance(row["labels"], list):
            problems.append(f"{path}: its labels are {row['labels']!r}, not a list")
        problems += [f"{path}: {problem}" for problem in name_problems(row)]
        if not re.fullmatch(r"[0-9a-f]{64}", row["sha256"] or ""):
            problems.append(f"{path}: the digest of its file is {row['sha256']!r}")
        for name in VECTORS.keys() & row.keys():
            if (row[name] is not None) != (row["split"] == "catalogue"):
                problems.append(f"{path}: split {row['split']}, {name} {row[name]!r}")
    for what, values in (
        ("id", [row["id"] for row in rows]),
        ("path", [row["image"]["path"] for row in rows]),
        ("identifier", [row["identifier"] for row in rows if row["identifier"] is not None]),
    ):
        problems += [f"{what} {value!r} stands {n} times" for value, n in Counter(values).items() if n > 1]
    ids = [row["id"] for row in rows]
    if ids != sorted(ids):
        problems.append("the ids do not rise from row to row")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description="pyarrow and Pillow read the catalogue of an index.")
    parser.add_argument("index", type=Path)
    parser.add_argument("--pictures", type=int, help="how many rows there must be")
    arguments = parser.parse_args()
    files = sorted(arguments.index.rglob("*.parquet"))
    if not files:
        print(f"FAILED: no Parquet file under {arguments.index}")
        return 1
    data = pa.dataset.dataset(files, format="parquet")
    rows = data.to_table().to_pylist()
    problems = schema_problems(data.schema)
    problems = problems or row_problems(rows)
    if arguments.pictures is not None and len(rows) != arguments.pictures:
        problems.append(f"{len(rows)} rows, not {arguments.pictures}")
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    if not problems:
        splits = ", ".join(f"{n} {split}" for split, n in sorted(Counter(row["split"] for row in rows).items()))
        print(f"pyarrow {pa.__version__} read {len(rows)} rows ({splits}) from {len(files)} files")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
