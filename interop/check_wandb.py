"""wandb reads the runs of a training and uploads them: python check_wandb.py INDEX WANDB

Its own datastore reader and protobuf classes get every value back, and `wandb sync` sends all of it to a server that
stands on loopback in the place of theirs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import wandb
import yaml
from run_log import RunLog, compare
from wandb.proto import wandb_internal_pb2 as pb
from wandb.sdk.internal.datastore import DataStore
from wandb_server import WandbServer

TASKS = {"indexing": "ViT (Indexing)", "retrieval": "ViT (Retrieval)"}
PICTURES = {"indexing": ["catalogue"], "retrieval": ["queries", "answers"]}


def task_of(name: str) -> str:
    return "indexing" if name.startswith("validation/IA@") else "retrieval"


def records_of(folder: Path) -> list[pb.Record]:
    [file] = folder.glob("*.wandb")
    store = DataStore()
    store.open_for_scan(str(file))
    records = []
    while (data := store.scan_data()) is not None:
        records.append(pb.Record.FromString(bytes(data)))
    store.close()
    return records


def items(holder) -> dict:
    return {item.key: json.loads(item.value_json) for item in holder}


def expected_scalars(log: RunLog, task: str) -> dict[str, dict[int, float]]:
    return {name: steps for name, steps in log.scalars.items() if name.startswith("train/") or task_of(name) == task}


def history_problems(log: RunLog, task: str, rows: list[dict], where: str) -> list[str]:
    problems = []
    for name, steps in expected_scalars(log, task).items():
        actual = {row["_step"]: row[name] for row in rows if name in row}
        problems += compare(steps, actual, f"{where}, {task}, {name}")
    shown = [name for row in rows for name, value in row.items() if isinstance(value, dict)]
    if shown != PICTURES[task]:
        problems.append(f"{where}, {task}: the pictures are {shown}, not {PICTURES[task]}")
    return problems


def folder_problems(log: RunLog, task: str, folder: Path, records: list[pb.Record]) -> list[str]:
    problems = []
    kinds = [record.WhichOneof("record_type") for record in records]
    if kinds[:2] != ["header", "run"] or kinds[-1] != "exit":
        problems.append(f"{task}: the records are {kinds[:3]} … {kinds[-1]}")
    if [record.num for record in records] != list(range(1, len(records) + 1)):
        problems.append(f"{task}: the records are not numbered from 1")
    run = records[1].run
    config = items(run.config.update)
    if {key: config.get(key) for key in log.config} != log.config or config.get("seed") != log.start["seed"]:
        problems.append(f"{task}: the configuration is not that of the run log")
    if run.project != "vit-dsi-project" or run.job_type != task:
        problems.append(f"{task}: project {run.project!r}, job type {run.job_type!r}")
    rows = [items(record.history.item) for record in records if record.HasField("history")]
    problems += history_problems(log, task, rows, "datastore")
    if records[-1].exit.exit_code != 0:
        problems.append(f"{task}: it ended with {records[-1].exit.exit_code}")
    files = folder / "files"
    named = {item.path for record in records if record.HasField("files") for item in record.files.files}
    there = {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()}
    if named != there:
        problems.append(f"{task}: the log names {len(named)} files, there are {len(there)}")
    written = yaml.safe_load((files / "config.yaml").read_text())
    if {key: value["value"] for key, value in written.items()} != config:
        problems.append(f"{task}: config.yaml is not the configuration")
    summary = json.loads((files / "wandb-summary.json").read_text())
    for name, steps in expected_scalars(log, task).items():
        if summary.get(name) != steps[max(steps)]:
            problems.append(f"{task}: the summary has {name} {summary.get(name)}, not {steps[max(steps)]}")
    return problems


def sync(folders: list[Path], server: WandbServer) -> list[str]:
    command = [str(Path(sys.executable).parent / "wandb"), "sync", *map(str, folders)]
    environment = {**os.environ, "WANDB_BASE_URL": server.url, "WANDB_API_KEY": "0" * 40}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        return [f"wandb sync ended with {done.returncode}: {done.stdout}{done.stderr}"]
    return []


def synced_problems(log: RunLog, task: str, folder: Path, server: WandbServer) -> list[str]:
    run = folder.name.split("-")[-1]
    problems = history_problems(log, task, server.history.get(run, []), "wandb sync")
    known = server.runs.get(run, {})
    if known.get("displayName") != TASKS[task] or known.get("project") != "vit-dsi-project":
        problems.append(f"wandb sync, {task}: {known.get('displayName')!r} in {known.get('project')!r}")
    config = {key: value["value"] for key, value in json.loads(known.get("config", "{}")).items()}
    if {key: config.get(key) for key in log.config} != log.config:
        problems.append(f"wandb sync, {task}: the configuration is not that of the run log")
    if server.exit_codes.get(run) != 0:
        problems.append(f"wandb sync, {task}: exit code {server.exit_codes.get(run)}")
    sent = {name.removeprefix(f"{run}/") for name in server.uploads if name.startswith(f"{run}/")}
    media = {str(path.relative_to(folder / "files")) for path in (folder / "files" / "media").rglob("*.png")}
    missing = (media | {"config.yaml", "wandb-summary.json", "wandb-metadata.json"}) - sent
    if missing:
        problems.append(f"wandb sync, {task}: not uploaded: {sorted(missing)}")
    for name in media & sent:
        if server.uploads[f"{run}/{name}"] != (folder / "files" / name).read_bytes():
            problems.append(f"wandb sync, {task}: {name} arrived changed")
    return problems


def main() -> int:
    log = RunLog(Path(sys.argv[1]))
    folders = sorted(Path(sys.argv[2]).glob("offline-run-*"))
    runs = {}
    for folder in folders:
        records = records_of(folder)
        task = next((task for task, name in TASKS.items() if name == records[1].run.display_name), None)
        runs[task] = (folder, records)
    if set(runs) != set(TASKS):
        print(f"FAILED: the runs are {sorted(map(str, runs))}")
        return 1
    problems = [problem for task, (folder, records) in runs.items() for problem in folder_problems(log, task, folder, records)]
    server = WandbServer()
    problems += sync(folders, server)
    for task, (folder, _) in runs.items():
        problems += synced_problems(log, task, folder, server)
    server.close()
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    if not problems:
        rows = sum(len(lines) for lines in server.history.values())
        print(f"wandb {wandb.__version__} read {sum(len(r) for _, r in runs.values())} records and synced {rows} rows, {len(server.uploads)} files")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
