"""Manifests against the schema of the API of Kubernetes, in every version from 1.29 on: python check_kubernetes.py FOLDER FILE…

FOLDER holds lists of objects as JSON, as `shards manifest` prints them; each FILE holds documents in YAML. 1.29 is the first
version where backoffLimitPerIndex is on by default.
"""

import copy
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import kubernetes_validate
import yaml

FIRST = (1, 29)


def objects(folder: Path, files: list[Path]) -> list[tuple[str, dict]]:
    found = [(path.name, item) for path in sorted(folder.glob("*.json")) for item in json.loads(path.read_text())["items"]]
    return found + [(path.name, item) for path in files for item in yaml.safe_load_all(path.read_text())]


def is_refused(item: dict, version: str) -> str | None:
    """The reason; None where the object is valid."""
    try:
        kubernetes_validate.validate(item, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return error.message
    return None


def numbers_of(value: object, path: tuple = ()) -> Iterator[tuple]:
    """The paths of all numbers in an object."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from numbers_of(child, (*path, key))


def broken_copies(item: dict) -> Iterator[tuple[str, dict]]:
    """Copies with one fault each: a list in place of a number, a key that no schema has."""
    for path in numbers_of(item):
        broken = copy.deepcopy(item)
        target = broken
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = []
        yield f"a list at {'.'.join(map(str, path))}", broken
    yield "an unknown key", {**item, "spec": {**item["spec"], "replicaCount": 2}}


def main() -> int:
    versions = [
        version
        for version in kubernetes_validate.utils.all_versions()
        if tuple(int(part) for part in version.split(".")[:2]) >= FIRST
    ]
    problems = [] if len(versions) > 3 else [f"only the versions {versions} are there"]
    found = objects(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
    copies = 0
    for source, item in found:
        name = f"{source}, {item['kind']} {item['metadata']['name']}"
        for version in versions:
            reason = is_refused(item, version)
            if reason is not None:
                problems.append(f"{name}, {version}: {reason}")
        # The schema must find a fault in each kind of object, or it says nothing about them.
        for fault, broken in broken_copies(item):
            copies += 1
            if is_refused(broken, versions[-1]) is None:
                problems.append(f"{name} passes with {fault}")
    if not found:
        problems.append("there is no object")
    for problem in problems:
        print(f"FAILED: {problem}")
    kinds = sorted({item["kind"] for _, item in found})
    print(
        f"kubernetes: {len(found)} objects ({', '.join(kinds)}) in {len(versions)} versions of the schema, "
        f"{copies} broken copies, {len(problems)} problems"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
