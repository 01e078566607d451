"""NVIDIA's client of Triton searches an index that Neurodex serves: python check_triton_client.py INDEX PICTURES COMMAND…

Starts COMMAND serve INDEX, and asks it by tritonclient.http and its asyncio client as they would ask Triton: liveness, readiness and
metadata; pictures of the folder PICTURES and texts, as JSON and as bytes, with outputs as JSON and as bytes, one query and several. What
comes back must be what POST /v1/search answers, and what is wrong must come back as the client's own error, with the sentence of /v1.
"""

import asyncio
import base64
import itertools
import json
import struct
import sys
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as aio
from inference_protocol import OUTPUTS, Server, compare
from tritonclient.utils import InferenceServerException

TEXTS = ["disc", "Étoile  and\tsquare", "red triangle 三角形"]
CATALOGUE = 1000


def inputs(queries: list, binary: bool, client=triton) -> list:
    """One tensor. A picture file in JSON is base64; as bytes, it is what it is."""
    of_pictures = isinstance(queries[0], bytes)
    elements = [query if binary else base64.b64encode(query).decode() for query in queries] if of_pictures else queries
    tensor = client.InferInput("image" if of_pictures else "text", [len(queries)], "BYTES")
    tensor.set_data_from_numpy(np.array(elements, dtype=np.object_), binary_data=binary)
    return [tensor]


def metadata_promises(client: triton.InferenceServerClient, server: Server) -> None:
    assert client.is_server_live() and client.is_server_ready()
    about = client.get_server_metadata()
    assert about["name"] == "neurodex" and "binary_tensor_data" in about["extensions"], about
    for asked in ("", server.version):
        assert client.is_model_ready(server.model, asked)
        model = client.get_model_metadata(server.model, asked)
        assert model["name"] == server.model and model["versions"] == [server.version], model
        assert {(i["name"], i["datatype"], tuple(i["shape"])) for i in model["inputs"]} == {
            ("image", "BYTES", (-1,)),
            ("text", "BYTES", (-1,)),
        }, model
        described = {o["name"]: (o["datatype"], len(o["shape"])) for o in model["outputs"]}
        assert described == OUTPUTS and all(size == -1 for o in model["outputs"] for size in o["shape"]), model
    assert not client.is_model_ready("none") and not client.is_model_ready(server.model, "1")


def search_promises(client: triton.InferenceServerClient, server: Server, pictures: list[bytes]) -> int:
    """Every way in which a client sends and wants tensors."""
    compared = 0
    for queries, binary in itertools.product((pictures[:1], pictures, TEXTS[:1], TEXTS), (True, False)):
        systems = ("dsi", "pixels", "bovw") if isinstance(queries[0], bytes) else ("dsi", "bm25")
        for system, wanted in itertools.product(systems, (None, True, False)):
            k = 5 if wanted else 30
            outputs = None if wanted is None else [triton.InferRequestedOutput(name, binary_data=wanted) for name in OUTPUTS]
            result = client.infer(
                server.model, inputs(queries, binary), outputs=outputs, request_id="a/ü 1", parameters={"k": k, "system": system}
            )
            told = result.get_response()
            assert (told["id"], told["model_name"], told["model_version"]) == ("a/ü 1", server.model, server.version), told
            assert told["parameters"] == {"system": system, "partial": False}, told
            is_binary = ["binary_data_size" in output.get("parameters", {}) for output in told["outputs"]]
            assert is_binary == [wanted is not False] * len(OUTPUTS), told
            tensors = {name: result.as_numpy(name) for name in OUTPUTS}
            compared += compare(server, f"{system}, {len(queries)} queries", queries, system, k, tensors)
    # Some outputs, some as bytes, and what min_relevance leaves.
    some = [triton.InferRequestedOutput("scores"), triton.InferRequestedOutput("pictures", binary_data=False)]
    result = client.infer(
        server.model,
        inputs(pictures, True),
        server.version,
        outputs=[*some, triton.InferRequestedOutput("counts")],
        parameters={"k": 7, "system": "pixels", "min_relevance": 0.3},
        timeout=20_000_000,
    )
    assert result.as_numpy("names") is None
    tensors = {name: result.as_numpy(name) for name in ("scores", "pictures", "counts")}
    assert tensors["counts"].min() < 7, "min_relevance leaves nothing out"
    compared += compare(server, "min_relevance", pictures, "pixels", 7, tensors, "&minRelevance=0.3")
    return compared


async def concurrent_promises(server: Server, pictures: list[bytes]) -> int:
    """Requests at one time, by the asyncio client and by threads of the other one."""
    async with aio.InferenceServerClient(server.address) as client:
        assert await client.is_server_ready()
        parameters = {"k": 4, "system": "dsi"}
        sent = [inputs(pictures[i % len(pictures) :], i % 2 == 0, aio) for i in range(12)]
        results = await asyncio.gather(*(client.infer(server.model, one, parameters=parameters) for one in sent))
    compared = 0
    for i, result in enumerate(results):
        tensors = {name: result.as_numpy(name) for name in OUTPUTS}
        compared += compare(server, f"asyncio {i}", pictures[i % len(pictures) :], "dsi", 4, tensors)
    with triton.InferenceServerClient(server.address, concurrency=4) as client:
        asked = [client.async_infer(server.model, inputs([picture], True), parameters=parameters) for picture in pictures]
        for picture, one in zip(pictures, asked):
            result = one.get_result()
            compared += compare(server, "threads", [picture], "dsi", 4, {name: result.as_numpy(name) for name in OUTPUTS})
    return compared


def refused(work) -> tuple[str, str]:
    try:
        work()
    except InferenceServerException as error:
        return error.status(), error.message()
    raise AssertionError("it is not refused")


def refusals(client: triton.InferenceServerClient, server: Server, pictures: list[bytes]) -> int:
    def infer(queries, model=server.model, **wanted):
        return lambda: client.infer(model, inputs(queries, True), **wanted)

    def tensor(name: str, array: np.ndarray, datatype: str):
        sent = triton.InferInput(name, list(array.shape), datatype)
        sent.set_data_from_numpy(array)
        return lambda: client.infer(server.model, [sent])

    broken = pictures[0][:200]
    same = [
        (infer([b"no picture"]), server.ask("/v1/search", b"no picture")),
        (infer([broken]), server.ask("/v1/search", broken)),
        (infer([" "]), server.ask("/v1/search", b'{"text": " "}', "application/json")),
        (infer(pictures, "none"), server.ask("/v1/search?index=none", b"x")),
        (infer(["disc"], parameters={"system": "pixels"}), server.ask("/v1/search?system=pixels", b'{"text": "disc"}', "application/json")),
    ]
    for work, problem in same:
        status, message = refused(work)
        expected = 400 if problem["status"] == 422 else problem["status"]
        assert status == str(expected), f"{status} {message}, not {problem}"
        assert message.startswith(f"{problem['code']}: ") and problem["detail"] in message, f"{message}, not {problem}"
    others = [
        (infer([pictures[0], b"no picture"]), "400", "image[1]"),
        (infer(pictures, parameters={"k": 0}), "400", "k cannot be 0"),
        (infer(pictures, parameters={"kk": 1}), "400", '"kk"'),
        (infer(pictures, sequence_id=1, sequence_start=True), "400", "sequence_id"),
        (infer(pictures, outputs=[triton.InferRequestedOutput("labels")]), "400", '"labels"'),
        (infer(pictures, outputs=[triton.InferRequestedOutput("scores", class_count=3)]), "400", "classification"),
        (infer(pictures, model_version="1"), "404", server.version),
        (infer(pictures, request_compression_algorithm="gzip"), "415", "gzip"),
        (infer(pictures, timeout=1), "503", "too-slow"),
        (infer(["disc"] * 65), "413", "64"),
        (tensor("image", np.zeros((1, 8, 8, 3), np.uint8), "UINT8"), "400", "image is UINT8"),
        (tensor("pixels", np.array([b"x"], np.object_), "BYTES"), "400", "did you mean"),
        (tensor("text", np.array([["disc"]], np.object_), "BYTES"), "400", "[1, 1]"),
        (tensor("text", np.array([b"\xff"], np.object_), "BYTES"), "400", "UTF-8"),
        (tensor("text", np.array([], np.object_), "BYTES"), "400", "no elements"),
        (lambda: client.get_model_metadata("none"), "404", "did you mean"),
        (lambda: client.get_model_config(server.model), "404", "not-found"),
    ]
    for work, wanted, sentence in others:
        status, message = refused(work)
        assert status == wanted and sentence in message, f"{status} {message}, not {wanted} {sentence}"
    return len(same) + len(others)


def lies(server: Server, picture: bytes) -> int:
    """A body of the client whose sizes contradict each other, each by one byte."""
    body, header = triton.InferenceServerClient.generate_request_body(inputs([picture, picture], True))
    told = json.loads(body[:header])
    size = told["inputs"][0]["parameters"]["binary_data_size"]

    def with_size(given: int) -> tuple[bytes, int]:
        told["inputs"][0]["parameters"]["binary_data_size"] = given
        changed = json.dumps(told).encode()
        return changed + body[header:], len(changed)

    def with_length(at: int, length: int) -> tuple[bytes, int]:
        return body[: header + at] + struct.pack("<I", length) + body[header + at + 4 :], header

    second = 4 + len(picture)
    bodies = [(body[:-1], header), (body + b"\0", header), (body, header - 1), (body, header + 1), (body, len(body) + 1)]
    bodies += [with_size(size - 1), with_size(size + 1), with_size(-1)]
    bodies += [with_length(at, length) for at in (0, second) for length in (len(picture) - 1, len(picture) + 1, 2**32 - 1)]
    for sent, length in bodies:
        headers = {"Inference-Header-Content-Length": str(length)}
        request = urllib.request.Request(f"{server.url}/v2/models/{server.model}/infer", sent, headers)
        try:
            urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            assert error.code == 400 and json.load(error)["error"].startswith("body-malformed: "), error
        else:
            raise AssertionError(f"a body of {len(sent)} bytes and JSON of {length} is read")
    return len(bodies)


def token_promises(command: list[str], index: Path, picture: bytes) -> None:
    with Server(command, index, token="secret") as server, triton.InferenceServerClient(server.address) as client:
        assert client.is_server_live() and client.is_server_ready() and client.get_server_metadata()["name"] == "neurodex"
        assert not client.is_model_ready(server.model) and client.is_model_ready(server.model, headers=dict(server.headers))
        status, message = refused(lambda: client.infer(server.model, inputs([picture], True)))
        assert status == "401" and message.startswith("token-wrong: "), message
        result = client.infer(server.model, inputs([picture], True), headers=dict(server.headers), parameters={"k": 3})
        compare(server, "with a token", [picture], "dsi", 3, {name: result.as_numpy(name) for name in OUTPUTS})


def main(index: Path, folder: Path, command: list[str]) -> int:
    files = sorted(folder.rglob("*.*"))
    pictures = [files[i].read_bytes() for i in range(0, len(files), 9)][:5]
    with Server(command, index) as server, triton.InferenceServerClient(server.address) as client:
        metadata_promises(client, server)
        compared = search_promises(client, server, pictures)
        compared += asyncio.run(concurrent_promises(server, pictures))
        wrong = refusals(client, server, pictures)
        lying = lies(server, pictures[0])
    token_promises(command, index, pictures[0])
    refused_in_words = f"{wrong + lying} wrong requests are refused in words"
    print(f"tritonclient {version('tritonclient')}: {compared} answers are those of /v1/search; {refused_in_words}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
