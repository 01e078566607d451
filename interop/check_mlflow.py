"""A real MLflow server gets a run while it trains: python check_mlflow.py FOLDER COMMAND…

Starts `mlflow server` on loopback with its files in FOLDER, runs COMMAND --out FOLDER/index --track mlflow, and reads the
run back with MLflow's own client.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import mlflow
from mlflow.tracking import MlflowClient
from run_log import RunLog, compare

EXPERIMENT = "interop"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(folder: Path, url: str) -> subprocess.Popen:
    port = url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "artifacts")]
    log = (folder / "server.log").open("w")
    # A process group of its own, so that its workers end with it; its helpers for jobs are not needed.
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=environment)


def wait_for(url: str, server: subprocess.Popen, log: Path, seconds: int = 120) -> None:
    for _ in range(seconds * 2):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"mlflow server did not start:\n{log.read_text()[-2000:]}")


def flat(config: dict) -> dict[str, str]:
    def text(value) -> str:
        return str(value).lower() if isinstance(value, bool) else str(value)

    return {f"{section}.{key}": text(value) for section, keys in config.items() for key, value in keys.items()}


def same(expected: str, actual: str | None) -> bool:
    try:
        return actual is not None and float(expected) == float(actual)
    except ValueError:
        return expected == actual


def run_problems(log: RunLog, client: MlflowClient, folder: Path) -> list[str]:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        return [f"there is no experiment {EXPERIMENT}"]
    [run] = client.search_runs([experiment.experiment_id])
    problems = []
    if run.info.status != "FINISHED" or run.info.run_name != "index":
        problems.append(f"the run {run.info.run_name!r} is {run.info.status}")
    for key, value in {**flat(log.config), "seed": str(log.start["seed"])}.items():
        if not same(value, run.data.params.get(key)):
            problems.append(f"parameter {key} is {run.data.params.get(key)!r}, not {value!r}")
    for name, steps in log.scalars.items():
        history = client.get_metric_history(run.info.run_id, name.replace("@", "_at_"))
        problems += compare(steps, {metric.step: metric.value for metric in history}, name)
    for name, pictures in log.pictures.items():
        found = client.list_artifacts(run.info.run_id, name)
        if len(found) != len(pictures):
            problems.append(f"{len(found)} pictures in {name}, not {len(pictures)}")
        for artifact in found[:1]:
            kept = Path(client.download_artifacts(run.info.run_id, artifact.path, str(folder)))
            if kept.read_bytes()[:8] != b"\x89PNG\r\n\x1a\n":
                problems.append(f"{artifact.path} is no PNG")
    return problems


def main() -> int:
    folder, command = Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir()
    url = f"http://127.0.0.1:{free_port()}"
    server = serve(folder, url)
    try:
        wait_for(url, server, folder / "server.log")
        environment = {**os.environ, "MLFLOW_TRACKING_URI": url, "MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
        index = folder / "index"
        subprocess.run([*command, "--out", str(index), "--track", "mlflow"], env=environment, check=True, stdout=subprocess.DEVNULL)
        log = RunLog(index)
        mlflow.set_tracking_uri(url)
        problems = run_problems(log, MlflowClient(url), folder)
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    if not problems:
        values = sum(len(steps) for steps in log.scalars.values())
        print(f"mlflow {mlflow.__version__} has {values} values of {len(log.scalars)} metrics, the parameters and the pictures")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
