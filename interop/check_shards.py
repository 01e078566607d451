"""DuckDB and pyarrow read the catalogues of shards where they lie: python check_shards.py FOLDER PICTURES COMMAND…

Plans and makes shards of PICTURES with COMMAND shards, in FOLDER/place and in a bucket of moto's server, and reads the tables of all
shards by the example of docs/scaling.md. DuckDB's extension httpfs is downloaded when it is first used; the store therefore is pyarrow's
S3FileSystem, which DuckDB is given as a file system, so that its own reader of Parquet still reads the objects.

What must come out follows from the files of PICTURES and from the records of the place: every file once, its digest, its class, and as
many rows as plan.json says.
"""

import hashlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.dataset
from PIL import Image
from pyarrow.fs import FileSelector, FileSystem, FileType, LocalFileSystem, S3FileSystem

SHARDS = 3
SAMPLE = 24
SETTINGS = [
    *("pictures.size=32", "model.patchSize=8", "model.width=16", "model.heads=2", "training.seeSteps=2"),
    *("identifiers.branching=3", "identifiers.leafSize=2"),
]
BUCKET = "indexes"
KEYS = {"access_key": "neurodextests", "secret_key": "not-a-secret"}
# Pictures of each shard that are decoded, and how far a thumbnail may be from Pillow's own, of 255 in the mean.
DECODED, FARTHEST = 4, 4.0
COLUMNS = "image.path AS path, labels, split, identifier, cluster, id, sha256, image.bytes AS bytes"


def example() -> str:
    """The code of the manual."""
    manual = Path(__file__).parent.parent / "docs" / "scaling.md"
    section = manual.read_text().split("## Read shards with other programs")[1]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]


def plan_and_run(command: list[str], pictures: str, place: str, work: Path, environment: dict) -> None:
    settings = [flag for setting in SETTINGS for flag in ("--set", setting)]
    flags = ["--shards", str(SHARDS), "--sample", str(SAMPLE), "--out", place, "--work", str(work), "--quiet", *settings]
    for step in (["plan", pictures, *flags], ["run", place, "--workers", "1", "--quiet"]):
        subprocess.run([*command, "shards", *step], check=True, env=environment, stdout=subprocess.DEVNULL)


def start_moto() -> tuple[subprocess.Popen, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Path(sys.executable).parent / "moto_server"
    process = subprocess.Popen([server, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"127.0.0.1:{port}"
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    raise RuntimeError("moto_server did not start")


class Place:
    """What the manual's example finds, and what the records of the place say of it."""

    def __init__(self, store: FileSystem, place: str):
        self.store, self.place = store, place
        self.found: dict = {"store": store, "place": place}
        exec(compile(example(), "docs/scaling.md", "exec"), self.found)
        self.plan = json.loads(self.read("plan.json"))
        self.shards = self.found["shards"]
        self.connection: duckdb.DuckDBPyConnection = self.found["connection"]

    def read(self, key: str) -> bytes:
        with self.store.open_input_stream(f"{self.place}/{key}") as stream:
            return stream.read()

    def object(self, shard: dict, suffix: str) -> list[bytes]:
        """The files of a shard whose names end so."""
        return [self.read(f"objects/{file['sha256']}") for file in shard["files"] if file["file"].endswith(suffix)]

    def by_pyarrow(self, names: list[str]) -> list[dict]:
        rows = pa.dataset.dataset(names, filesystem=self.store, format="parquet").to_table().to_pylist()
        return [{**row.pop("image"), **row} for row in rows]

    def by_duckdb(self, names: list[str]) -> list[dict]:
        relation = self.connection.read_parquet([self.found["scheme"] + name for name in names])
        return self.connection.sql(f"SELECT {COLUMNS} FROM relation").to_arrow_table().to_pylist()

    def queries(self) -> list[str]:
        """Paths of the sample's pictures that are queries, and in no shard."""
        names = [f"{self.place}/objects/{file['sha256']}" for file in self.plan["base"] if file["file"].endswith(".parquet")]
        return [row["path"] for row in self.by_pyarrow(names) if row["split"] != "catalogue"]

    def digest_problems(self) -> list[str]:
        listed = self.store.get_file_info(FileSelector(f"{self.place}/objects", recursive=True))
        names = [info.base_name for info in listed if info.type == FileType.File]
        problems = [] if len(names) > 3 * SHARDS else [f"{len(names)} objects"]
        return problems + [
            f"object {name} has other bytes" for name in names if hashlib.sha256(self.read(f"objects/{name}")).hexdigest() != name
        ]


def thumbnail_problems(rows: list[dict], source: Path) -> list[str]:
    problems = []
    known = [row for row in rows if (source / row["path"]).is_file()]
    for row in known[:: max(1, len(known) // DECODED)]:
        with Image.open(source / row["path"]) as original:
            theirs = original.convert("RGB")
        try:
            with Image.open(io.BytesIO(row["bytes"])) as stored:
                ours = stored.convert("RGB")
        except OSError as error:
            problems.append(f"the thumbnail of {row['path']}: Pillow cannot decode it: {error}")
            continue
        far = np.abs(np.subtract(ours, theirs.resize(ours.size, Image.Resampling.LANCZOS), dtype=np.float32)).mean()
        if ours.width != ours.height or far > FARTHEST:
            problems.append(f"the thumbnail of {row['path']}: {ours.size}, {far:.1f} of 255 from Pillow's")
    return problems


def identifier_problems(rows: list[dict], layout: dict) -> list[str]:
    """Identifiers are unique if no cluster is the beginning of another: the pictures of one are numbered."""
    branching, leaf = layout["branching"], layout["leafSize"]
    clusters = Counter(row["cluster"] for row in rows)
    paths = {tuple(map(int, name.split("."))) if name else () for name in clusters}
    problems = [f"the identifier {row['identifier']!r} beside a cluster" for row in rows if row["identifier"] is not None]
    problems += [f"cluster {path}: a token of {branching} or more" for path in paths if any(t >= branching for t in path)]
    problems += [f"cluster {path} lies in another" for path in paths if any(path[:n] in paths for n in range(len(path)))]
    return problems + [f"cluster {name!r} has {n} pictures" for name, n in clusters.items() if n > leaf]


def state_problems(place: Place, shard: dict, rows: int) -> list[str]:
    width = place.plan["width"]
    states = np.frombuffer(b"".join(place.object(shard, ".states.f32")), "<f4")
    if states.size != rows * width:
        return [f"{states.size} numbers are no states of width {width} of {rows} pictures"]
    lengths = np.linalg.norm(states.reshape(rows, width), axis=1)
    return [] if np.allclose(lengths, 1, atol=1e-5) else [f"states of lengths {lengths.min()} to {lengths.max()}"]


def shard_problems(place: Place, number: int, source: Path, files: dict[str, str]) -> tuple[list[str], list[dict]]:
    shard, names = place.shards[number], place.found["tables"][number]
    rows, theirs = place.by_pyarrow(names), place.by_duckdb(names)
    planned = place.plan["shards"][number]["pictures"]
    [manifest] = place.object(shard, "catalogue/catalogue.json")
    problems = thumbnail_problems(rows, source)
    problems += identifier_problems(rows, json.loads(manifest)["clusters"]) + state_problems(place, shard, len(rows))
    if [{key: row[key] for key in theirs[0]} for row in rows] != theirs:
        problems.append("DuckDB and pyarrow read different rows")
    if not planned == shard["pictures"] == len(rows) == place.found["rows"][number]:
        problems.append(f"{len(rows)} rows; the plan says {planned}, the shard {shard['pictures']}")
    if (ids := [row["id"] for row in rows]) != sorted(set(ids)):
        problems.append("the ids do not rise from row to row")
    problems += [f"{row['path']}: split {row['split']}" for row in rows if row["split"] != "catalogue"]
    for row in rows:
        if files.get(row["path"]) != row["sha256"]:
            problems.append(f"{row['path']}: not the digest of the file")
        if row["labels"] != [Path(row["path"]).parts[0]]:
            problems.append(f"{row['path']}: the labels {row['labels']}")
    return [f"shard {number}: {problem}" for problem in problems], rows


def place_problems(place: Place, source: Path) -> tuple[list[str], int]:
    files = {
        path.relative_to(source).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in source.rglob("*")
        if path.is_file()
    }
    problems, rows = place.digest_problems(), []
    if not (len(place.shards) == len(place.plan["shards"]) == SHARDS):
        problems.append(f"{len(place.shards)} shards")
    for number in range(len(place.shards)):
        own, found = shard_problems(place, number, source, files)
        problems += own
        rows += found
    paths = [row["path"] for row in rows]
    if sorted([*paths, *place.queries()]) != sorted(files):
        problems.append(f"{len(paths)} pictures of shards and {len(place.queries())} queries are not the {len(files)} files once each")
    if len({row["id"] for row in rows}) != len(rows):
        problems.append("two pictures have one id")
    if dict(place.found["labels"].fetchall()) != Counter(label for row in rows for label in row["labels"]):
        problems.append(f"the example counts {place.found['labels'].fetchall()}")
    return problems, len(rows)


def is_damage_found(folder: Path, place: Place) -> bool:
    """Whether the check sees one other byte in a table."""
    table = Path(place.found["tables"][0][0])
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    table.write_bytes(content)
    return place.digest_problems() == [f"object {table.name} has other bytes"]


def main() -> int:
    folder, source, command = Path(sys.argv[1]).absolute(), Path(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    process, endpoint = start_moto()
    problems, counts = [], []
    try:
        store = S3FileSystem(**KEYS, endpoint_override=endpoint, scheme="http", region="us-east-1", allow_bucket_creation=True)
        store.create_dir(BUCKET)
        named = {"AWS_ACCESS_KEY_ID": KEYS["access_key"], "AWS_SECRET_ACCESS_KEY": KEYS["secret_key"], "AWS_REGION": "us-east-1"}
        environment = {**os.environ, **named, "AWS_ENDPOINT_URL": f"http://{endpoint}"}
        plan_and_run(command, str(source), f"s3://{BUCKET}/photos", folder / "s3.plan", environment)
        plan_and_run(command, str(source), str(folder / "place"), folder / "place.plan", environment)
        places = {"S3": Place(store, f"{BUCKET}/photos"), "a folder": Place(LocalFileSystem(), str(folder / "place"))}
        for name, place in places.items():
            own, count = place_problems(place, source)
            counts.append(count)
            problems += [f"{name}: {problem}" for problem in own]
        if not is_damage_found(folder, places["a folder"]):
            problems.append("a byte of a table was changed, and its digest is said to be right")
    finally:
        process.terminate()
        process.wait()
    if min(counts) < SAMPLE:
        problems.append(f"only {counts} pictures in shards")
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    if not problems:
        print(f"DuckDB {duckdb.__version__} and pyarrow {pa.__version__} read {counts} pictures in {SHARDS} shards, on S3 and in a folder")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
