"""What the checks of the Open Inference Protocol share: a server of ours on loopback, and what its own search route answers.

The tensors of an inference are judged by POST /v1/search for the same query. Queries that go through a network together give scores
that differ in the last bits of float32 from those of a query alone, so scores may differ by TOLERANCE, and answers whose scores are no
further apart may change places.
"""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np

TOLERANCE = 1e-4
LOWEST = np.finfo(np.float32).min
WHOLE_CATALOGUE = 1000
OUTPUTS = {
    "pictures": ("BYTES", 2),
    "names": ("BYTES", 2),
    "identifiers": ("BYTES", 2),
    "scores": ("FP32", 2),
    "relevance": ("FP32", 2),
    "counts": ("INT32", 1),
    "none": ("FP32", 1),
    "nothing_found": ("BOOL", 1),
}
DTYPES = {"FP32": np.float32, "INT32": np.int32, "BOOL": np.bool_, "BYTES": np.object_}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`neurodex serve INDEX` for as long as the block lasts."""

    def __init__(self, command: list[str], index: Path, token: str | None = None):
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        environment = {**os.environ, **({} if token is None else {"NEURODEX_TOKEN": token})}
        port = self.address.rsplit(":", 1)[1]
        self.process = subprocess.Popen([*command, "serve", str(index), "--port", port, "--quiet"], env=environment, stdout=subprocess.DEVNULL)

    def __enter__(self) -> "Server":
        for _ in range(240):
            if self.process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=5).close()
                [card] = self.ask("/v1/indexes")["indexes"]
                self.model, self.version = card["id"], card["version"]
                return self
            except OSError:
                time.sleep(0.5)
        self.__exit__()
        raise RuntimeError("the server did not start")

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait(60)

    def ask(self, path: str, body: bytes | None = None, content_type: str = "image/png") -> dict:
        """What the server answers, refusals too."""
        headers = self.headers if body is None else {**self.headers, "Content-Type": content_type}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            return json.load(refusal)

    def search(self, query: bytes | str, parameters: str) -> dict:
        """One system's result. @param query a picture file, or words"""
        if isinstance(query, bytes):
            answer = self.ask(f"/v1/search?{parameters}", query)
        else:
            answer = self.ask(f"/v1/search?{parameters}", json.dumps({"text": query}).encode(), "application/json")
        [result] = answer["results"]
        return result


def close(have: float, want: float) -> bool:
    return abs(have - want) <= TOLERANCE * max(1.0, abs(want))


def text(value) -> str:
    """An element of BYTES: clients give bytes where they were sent as such, and strings where they were in JSON."""
    return value.decode() if isinstance(value, bytes) else value


def compare(server: Server, name: str, queries: list, system: str, k: int, tensors: dict[str, np.ndarray], more: str = "") -> int:
    """Raises where tensors are not the answers of /v1/search. @returns the answers that were compared"""
    compared = 0
    for output, array in tensors.items():
        datatype, dimensions = OUTPUTS[output]
        assert array.dtype == DTYPES[datatype], f"{name}: {output} is {array.dtype}"
        assert array.shape == (len(queries), k)[:dimensions], f"{name}: {output} has the shape {array.shape}"
    for row, query in enumerate(queries):
        want = server.search(query, f"system={system}&k={k}{more}")
        every = server.search(query, f"system={system}&k={WHOLE_CATALOGUE}")["answers"]
        known = {answer["picture"]["id"]: answer for answer in every}
        have = {output: array[row] for output, array in tensors.items()}
        count = len(want["answers"])
        for output, expected in (("counts", count), ("nothing_found", want["nothingFound"])):
            assert output not in have or have[output] == expected, f"{name}, query {row}: {output} is {have[output]}, not {expected}"
        none = -1 if want["none"] is None else want["none"]
        assert "none" not in have or close(have["none"], none), f"{name}, query {row}: none is {have['none']}, not {none}"
        for rank, answer in enumerate(want["answers"]):
            where = f"{name}, query {row}, rank {rank + 1}"
            if "scores" in have:
                assert close(have["scores"][rank], answer["score"]), f"{where}: {have['scores'][rank]}, not {answer['score']}"
            if "pictures" not in have:
                continue
            found = known[text(have["pictures"][rank])]
            assert close(found["score"], answer["score"]), f"{where}: {found['picture']['id']} is not the answer"
            if "names" in have:
                assert text(have["names"][rank]) == found["picture"]["name"], f"{where}: another name"
            if "identifiers" in have:
                assert text(have["identifiers"][rank]) == (found["picture"]["identifier"] or ""), f"{where}: another identifier"
            if "relevance" in have:
                relevance = -1 if found["relevance"] is None else found["relevance"]
                assert abs(have["relevance"][rank] - relevance) < 1e-3, f"{where}: {have['relevance'][rank]}, not {relevance}"
            compared += 1
        for output, padding in (("scores", LOWEST), ("relevance", -1), ("pictures", ""), ("names", ""), ("identifiers", "")):
            rest = [text(value) for value in have.get(output, [])][count:]
            assert rest == [padding] * len(rest), f"{name}, query {row}: {output} is padded with {rest}"
    return compared
