"""Other programs search an exported index: python check_export.py FOLDER…

A FOLDER holds what interop/write_export.ts wrote (queries/*.png, answers.json) and the exports of the same index:
onnx-<precision>/ and triton-<precision>/ (of a catalogue that is searched by beam, or with an image encoder, onnx-float32/ alone).
The network decodes tokens or has a memory; with an image encoder it reads what image_encoder.py makes of the pictures, of all
shapes where the encoder has preprocessing. For each precision
- the models pass onnx.checker in full, use ONNX's own operators only, and take any number of pictures;
- search.py, which goes with every export, and search.onnx, in batches, give the answers that Node gives, in its order;
- config.pbtxt is a ModelConfig by Triton's own schema, and describes the model's inputs and outputs;
- client.py finds the same through a stand-in of a server that speaks the Open Inference Protocol.
Scores are sums of float32 logarithms: they may differ by TOLERANCE, and answers whose scores are no further apart may
change places. With a memory they are cosines, in float32 as well, times a temperature: they may differ by as many times
COSINES, where that is more.
"""

import hashlib
import importlib.util
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

TOLERANCE = 1e-4
COSINES = 5e-7
PRECISIONS = ("float32", "float16", "int8")
TRITON_TYPES = {"tensor(uint8)": "TYPE_UINT8", "tensor(int32)": "TYPE_INT32", "tensor(float)": "TYPE_FP32"}
NUMPY_TYPES = {"INT32": np.int32, "FP32": np.float32}


def load(path: Path):
    """A Python file as a module of its own, with those beside it, as `python FILE` has them."""
    sys.path.insert(0, str(path.parent))
    sys.modules.pop("image_encoder", None)  # that of another export
    spec = importlib.util.spec_from_file_location(f"{path.stem}_{path.parent.name}".replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


def compare(name: str, have: list, want: list, tolerance: float) -> str:
    """Rankings of all queries as [position, score]; raises where they are not the same ranking."""
    assert len(have) == len(want), f"{name}: {len(have)} of {len(want)} queries"
    exact, apart = 0, 0.0
    for query, (mine, theirs) in enumerate(zip(have, want)):
        assert len(mine) == len(theirs), f"{name}, query {query}: {len(mine)} answers, not {len(theirs)}"
        exact += [at for at, _ in mine] == [at for at, _ in theirs]
        for rank, ((at, score), (wanted, wanted_score)) in enumerate(zip(mine, theirs), 1):
            apart = max(apart, abs(score - wanted_score))
            # An answer in another place, or of another picture at the last rank, is a tie to within the tolerance.
            assert abs(score - wanted_score) <= tolerance, (
                f"{name}, query {query}, rank {rank}: {at} with {score}, where Node has {wanted} with {wanted_score}"
            )
            known = dict(map(tuple, theirs)).get(at, wanted_score)
            assert abs(score - known) <= tolerance, f"{name}, query {query}: {at} has {score}, in Node {known}"
    return f"{exact} of {len(want)} in the same order, scores within {apart:.1e}"


def check_model(path: Path) -> None:
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(path)
    domains = {node.domain for node in model.graph.node} | {opset.domain for opset in model.opset_import}
    assert domains <= {"", "ai.onnx"}, f"{path.name} uses operators of {domains}"
    for value in model.graph.input:
        if value.name in ("pictures", "embeddings"):
            assert value.type.tensor_type.shape.dim[0].dim_param == "batch", f"{path.name} has a fixed batch"


def check_config(folder: Path) -> ModelConfig:
    config = text_format.Parse((folder / "config.pbtxt").read_text(), ModelConfig())
    assert config.name == folder.name, f"{config.name} in {folder.name}"
    assert config.max_batch_size > 1 and config.dynamic_batching.max_queue_delay_microseconds > 0
    session = onnxruntime.InferenceSession(folder / "1/model.onnx")
    for described, real in ((config.input, session.get_inputs()), (config.output, session.get_outputs())):
        wanted = [(value.name, TRITON_TYPES[value.type], value.shape[1:]) for value in real]
        types = ModelConfig.DESCRIPTOR.fields_by_name["input"].message_type.fields_by_name["data_type"].enum_type
        found = [(v.name, types.values_by_number[v.data_type].name, list(v.dims)) for v in described]
        assert found == wanted, f"config.pbtxt says {found}, the model {wanted}"
        assert all(value.shape[0] == "batch" for value in real), "the batch is not the first dimension"
    return config


def stand_in(folder: Path) -> ThreadingHTTPServer:
    """The part of the Open Inference Protocol (version 2, JSON) that a search needs, around the model of a repository."""
    config = check_config(folder)
    session = onnxruntime.InferenceSession(folder / "1/model.onnx")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == f"/v2/models/{config.name}/infer", self.path
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            feeds = {}
            for tensor in request["inputs"]:
                assert tensor["datatype"] == "UINT8" and tensor["shape"][0] <= config.max_batch_size
                feeds[tensor["name"]] = np.array(tensor["data"], np.uint8).reshape(tensor["shape"])
            names = [output.name for output in config.output]
            outputs = [
                {"name": name, "shape": value.shape, "datatype": "INT32" if value.dtype == np.int32 else "FP32"}
                | {"data": value.ravel().tolist()}
                for name, value in zip(names, session.run(names, feeds))
            ]
            body = json.dumps({"model_name": config.name, "outputs": outputs}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def check(folder: Path, precision: str, queries: list[Path], want: list) -> None:
    exported, repository = folder / f"onnx-{precision}", folder / f"triton-{precision}"
    for path in sorted([*exported.glob("*.onnx"), *repository.rglob("*.onnx")]):
        if path.name == "image_encoder.onnx":  # as it was found
            continue
        check_model(path)
        print(f"{precision}: {path.relative_to(folder)}: {path.stat().st_size} bytes, standard ONNX, any batch")
    k = len(want[0])
    description = json.loads((exported / "description.json").read_text())
    exhaustive = description["search"]["exhaustive"]
    encoder = description.get("encoder")
    tolerance = max(TOLERANCE, COSINES * description.get("memory", {"temperature": 0})["temperature"])
    assert exhaustive == (exported / "search.onnx").exists(), "search.onnx without exhaustive search"
    assert (exhaustive and encoder is None) == repository.exists(), "a repository of what it cannot hold"
    if encoder is not None:
        content = (exported / encoder["file"]).read_bytes()
        assert len(content) == encoder["bytes"] and hashlib.sha256(content).hexdigest() == encoder["sha256"], encoder["file"]

    program = load(exported / "search.py")
    pictures = np.stack([program.read(path, program.size) for path in queries])
    print(f"{precision}: search.py: {compare('search.py', [program.search(each, k) for each in pictures], want, tolerance)}")

    if not exhaustive:
        return
    session = onnxruntime.InferenceSession(exported / "search.onnx")
    batched = []
    for start in range(0, len(pictures), 32):
        answers, scores = session.run(["answers", "scores"], {session.get_inputs()[0].name: pictures[start : start + 32]})
        batched += [list(zip(a.tolist(), s.tolist()))[:k] for a, s in zip(answers, scores)]
    print(f"{precision}: search.onnx: {compare('search.onnx', batched, want, tolerance)}")
    if encoder is not None:
        return

    server = stand_in(repository / "neurodex")
    try:
        client = load(repository / "client.py")
        names = [picture["name"] for picture in client.index["pictures"]]
        asked = []
        for start in range(0, len(pictures), 20):
            asked += client.search(f"http://127.0.0.1:{server.server_port}/", pictures[start : start + 20])
        found = [[[names.index(name), score] for name, score in answers[:k]] for answers in asked]
        print(f"{precision}: client.py: {compare('client.py', found, want, tolerance)}; config.pbtxt is a ModelConfig")
    finally:
        server.shutdown()
        server.server_close()


def main(folder: Path) -> int:
    queries = sorted((folder / "queries").glob("*.png"))
    answers = json.loads((folder / "answers.json").read_text())
    if len(queries) < 20:
        print(f"FAILED: {len(queries)} queries in {folder}")
        return 1
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, {len(queries)} queries")
    failed = 0
    wanted = PRECISIONS if (folder / "onnx-int8").exists() else PRECISIONS[:1]
    for precision in wanted:
        try:
            check(folder, precision, queries, answers[precision])
        except Exception as error:
            failed += 1
            print(f"FAILED: {precision}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(max(main(Path(folder)) for folder in sys.argv[1:]))
