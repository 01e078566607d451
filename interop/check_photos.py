"""pyarrow, DuckDB and Pillow read what pictures say of themselves: python check_photos.py PICTURES INDEX COUNTS

The columns of the catalogue have the types that are documented, their values are what Pillow reads of the files, and each filter of
COUNTS (a JSON object of filters and how many catalogue pictures Neurodex took) takes as many as DuckDB's SQL does.
"""

import json
import re
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset
from PIL import ExifTags, Image

TYPES = {
    "taken": pa.timestamp("ms"),
    "taken_offset": pa.int32(),
    "latitude": pa.float64(),
    "longitude": pa.float64(),
    "city": pa.string(),
    "state": pa.string(),
    "country": pa.string(),
    "camera": pa.string(),
    "rating": pa.float64(),
    "keywords": pa.list_(pa.string()),
}
# The same as the filters, in SQL.
SQL = {
    "year=2020": "year(taken) = 2020",
    "year>=2018 and not month=6": "year(taken) >= 2018 and not coalesce(month(taken) = 6, false)",
    "date<2017-05": "taken < timestamp '2017-05-01'",
    'city="New York" or rating>=4': "coalesce(city = 'New York', false) or coalesce(rating >= 4, false)",
    "camera~iphone": "camera ilike '%iphone%'",
    "keyword=sea": "list_contains(keywords, 'sea')",
    "latitude>0 and longitude<0": "latitude > 0 and longitude < 0",
    'label="a"': "list_contains(labels, 'a')",
}


def degrees(values: tuple, reference: str) -> float:
    whole = float(values[0]) + float(values[1]) / 60 + float(values[2]) / 3600
    return -whole if reference in ("S", "W") else whole


def said_by(path: Path) -> dict:
    """What Pillow reads of a file."""
    with Image.open(path) as picture:
        exif = picture.getexif()
        photo, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
        xmp = picture.info.get("xmp") or b""
        if not xmp and path.suffix == ".tiff":
            xmp = picture.tag_v2.get(700) or b""
    said = {"taken": photo.get(ExifTags.Base.DateTimeOriginal), "camera": exif.get(ExifTags.Base.Model)}
    said["model"] = said.pop("camera")
    offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", photo.get(ExifTags.Base.OffsetTimeOriginal) or "")
    said["taken_offset"] = offset and int(f"{offset[1]}{int(offset[2]) * 60 + int(offset[3])}")
    if ExifTags.GPS.GPSLatitude in gps:
        said["latitude"] = degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef])
        said["longitude"] = degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef])
    text = bytes(xmp).decode()
    city, rating = re.search(r'photoshop:City="([^"]*)"', text), re.search(r'xmp:Rating="(\d)"', text)
    said["city"], said["rating"] = city and city[1], rating and float(rating[1])
    said["keywords"] = re.findall(r"<rdf:li>([^<]*)</rdf:li>", text) or None
    return said


def row_problems(row: dict, said: dict) -> list[str]:
    problems = []
    taken = row["taken"].strftime("%Y:%m:%d %H:%M:%S") if row["taken"] else None
    pairs = [("taken", taken, said["taken"])]
    pairs += [(name, row[name], said[name]) for name in ("taken_offset", "city", "rating", "keywords")]
    for name in ("latitude", "longitude"):
        own, other = row[name], said.get(name)
        if (own is None) != (other is None) or (own is not None and abs(own - other) > 1e-6):
            problems.append(f"{row['path']}: {name} is {own}, Pillow reads {other}")
    if (row["camera"] is None) != (said["model"] is None) or not (row["camera"] or "").endswith(said["model"] or ""):
        problems.append(f"{row['path']}: camera is {row['camera']!r}, Pillow reads the model {said['model']!r}")
    return problems + [f"{row['path']}: {name} is {own!r}, Pillow reads {other!r}" for name, own, other in pairs if own != other]


def main() -> int:
    pictures, index, counts = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text())
    files = sorted(map(str, index.rglob("*.parquet")))
    data = pa.dataset.dataset(files, format="parquet")
    problems = [
        f"column {name} is {data.schema.field(name).type if name in data.schema.names else 'not there'}, not {expected}"
        for name, expected in TYPES.items()
        if name not in data.schema.names
        or not (data.schema.field(name).type == expected or pa.types.is_list(data.schema.field(name).type))
    ]
    rows = [] if problems else data.to_table(columns=["path", *TYPES]).to_pylist()
    for row in rows:
        problems += row_problems(row, said_by(pictures / row["path"]))
    if not problems and sum(row["taken"] is not None for row in rows) < 20:
        problems.append("fewer than 20 pictures say when they were taken")
    if set(counts) != set(SQL):
        problems.append(f"the filters are {sorted(counts)}, not {sorted(SQL)}")
    catalogue = f"read_parquet({files!r}) where split = 'catalogue'"
    for filter_, condition in SQL.items():
        ((expected,),) = duckdb.sql(f"select count(*) from {catalogue} and ({condition})").fetchall()
        if counts.get(filter_) != expected:
            problems.append(f"{filter_} takes {counts.get(filter_)} pictures, DuckDB {expected}")
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    if not problems:
        print(f"pyarrow {pa.__version__}, DuckDB {duckdb.__version__} and Pillow agree on {len(rows)} pictures and {len(SQL)} filters")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
