"""Manifests against the schema of the API of Kubernetes, in every version from 1.29 on: python check_kubernetes.py FOLDER

1.29 is the first where backoffLimitPerIndex is on without being asked for.
"""

import json
import sys
from pathlib import Path

import kubernetes_validate

FIRST = (1, 29)


def main() -> int:
    versions = [
        version
        for version in kubernetes_validate.utils.all_versions()
        if tuple(int(part) for part in version.split(".")[:2]) >= FIRST
    ]
    problems = [] if len(versions) > 3 else [f"only the versions {versions} are there"]
    count = 0
    for path in sorted(Path(sys.argv[1]).glob("*.json")):
        for item in json.loads(path.read_text())["items"]:
            for version in versions:
                count += 1
                try:
                    kubernetes_validate.validate(item, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    problems.append(f"{path.name}, {item['metadata']['name']}, {version}: {error.message}")
    # What is wrong must be found, or nothing was looked at.
    broken = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"completions": "many"}}
    try:
        kubernetes_validate.validate(broken, versions[-1], strict=True)
        problems.append("a job with a word for a number passes")
    except kubernetes_validate.ValidationError:
        pass
    for problem in problems:
        print(problem)
    print(f"kubernetes: {count} objects in {len(versions)} versions of the schema, {len(problems)} problems")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    raise SystemExit(main())
