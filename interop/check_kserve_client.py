"""KServe's client searches an index that Neurodex serves: python check_kserve_client.py INDEX PICTURES COMMAND…

Starts COMMAND serve INDEX, and asks it by kserve.InferenceRESTClient: liveness and readiness; pictures of the folder PICTURES and texts, as
JSON and as bytes, with outputs as JSON and as bytes. What comes back must be what POST /v1/search answers, and the client must read the
sentences of what is refused. In an environment of its own (requirements-kserve.txt): KServe needs an older pandas.
"""

import asyncio
import base64
import itertools
import sys
from importlib.metadata import version
from pathlib import Path

import httpx
import numpy as np
from inference_protocol import OUTPUTS, Server, compare
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

TEXTS = ["disc", "Étoile  and\tsquare", "red triangle 三角形"]


def request(model: str, queries: list, binary: bool, parameters: dict, outputs: bool | None) -> InferRequest:
    of_pictures = isinstance(queries[0], bytes)
    name = "image" if of_pictures else "text"
    if binary:
        tensor = InferInput(name, [len(queries)], "BYTES")
        tensor.set_data_from_numpy(np.array(queries, dtype=np.object_))
    else:
        elements = [base64.b64encode(query).decode() for query in queries] if of_pictures else queries
        tensor = InferInput(name, [len(queries)], "BYTES", data=elements)
    wanted = None if outputs is None else [RequestedOutput(each, {"binary_data": outputs}) for each in OUTPUTS]
    return InferRequest(model, [tensor], request_id="42", parameters=parameters, request_outputs=wanted)


async def promises(server: Server, pictures: list[bytes]) -> tuple[int, int]:
    compared = 0
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        assert await client.is_server_live(server.url) is True
        assert await client.is_server_ready(server.url) is True
        assert await client.is_model_ready(server.url, server.model) is True
        assert await client.is_model_ready(server.url, "none") is False
        for queries, binary, outputs in itertools.product((pictures[:1], pictures, TEXTS), (True, False), (None, True, False)):
            # Without wanted outputs, the parameter says how all of them come.
            parameters = {"k": 6, "system": "dsi", "binary_data_output": binary}
            asked = request(server.model, queries, binary, parameters, outputs)
            response = await client.infer(server.url, asked, server.model)
            assert (response.id, response.model_name) == ("42", server.model), response
            assert response.parameters == {"system": "dsi", "partial": False}, response
            assert [output.name for output in response.outputs] == list(OUTPUTS), response
            tensors = {output.name: output.as_numpy() for output in response.outputs}
            compared += compare(server, f"{len(queries)} queries", queries, "dsi", 6, tensors)
        # As people write them by hand.
        by_hand = {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["disc"]}]}
        response = await client.infer(server.url, by_hand, server.model)
        tensors = {output.name: output.as_numpy() for output in response.outputs}
        compared += compare(server, "a dictionary", ["disc"], "dsi", 10, tensors)
        return compared, await refusals(client, server)


async def refusals(client: InferenceRESTClient, server: Server) -> int:
    def of(queries: list, **parameters) -> InferRequest:
        return request(server.model, queries, True, parameters, None)

    problem = server.ask("/v1/search", b"no picture")
    asked = [
        (of([b"no picture"]), server.model, 400, problem["detail"]),
        (of(["disc"], k=0), server.model, 400, "k cannot be 0"),
        (of(["disc"], system="pixels"), server.model, 400, "pixels takes no text"),
        (of(["disc"]), "none", 404, "did you mean"),
        ({"inputs": []}, server.model, 400, "no inputs"),
    ]
    for data, model, status, sentence in asked:
        try:
            await client.infer(server.url, data, model)
        except httpx.HTTPStatusError as error:
            assert error.response.status_code == status and sentence in str(error), f"{error}, not {status} {sentence}"
        else:
            raise AssertionError(f"it is not refused: {sentence}")
    return len(asked)


def main(index: Path, folder: Path, command: list[str]) -> int:
    files = sorted(folder.rglob("*.*"))
    pictures = [files[i].read_bytes() for i in range(0, len(files), 9)][:5]
    with Server(command, index) as server:
        compared, refused = asyncio.run(promises(server, pictures))
    print(f"kserve {version('kserve')}: {compared} answers are those of /v1/search; {refused} wrong requests are refused in words")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
