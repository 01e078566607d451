"""The onnx checker and ONNX Runtime from PyPI accept every model: python check_onnx.py FOLDER

Each *.onnx under FOLDER passes onnx.checker with full_check (strict shape inference) and loads in onnxruntime; where
all its input shapes are fixed it also runs once, on zeros. Nodes of other domains than ONNX's own have no schema that
the checker knows: it passes over them, and they are named.
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

STANDARD_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
NUMPY_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint32)": np.uint32,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
}


def nodes_of(graph: onnx.GraphProto):
    """The nodes of a graph and of the graphs inside them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from nodes_of(inner)


def check(path: Path) -> str:
    """What was found, in words; raises what the checker or the runtime raises."""
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(path, load_external_data=False)
    nodes = list(nodes_of(model.graph))
    custom = Counter(f"{node.domain}.{node.op_type}" for node in nodes if node.domain not in STANDARD_DOMAINS)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    said = [f"{len(nodes)} nodes", f"opset {', '.join(str(o.version) for o in model.opset_import if o.domain == '')}"]
    if custom:
        said.append(f"not checked: {', '.join(f'{count} {name}' for name, count in sorted(custom.items()))}")
    inputs = session.get_inputs()
    if all(isinstance(size, int) for entry in inputs for size in entry.shape):
        session.run(None, {entry.name: np.zeros(entry.shape, NUMPY_TYPES[entry.type]) for entry in inputs})
        said.append("ran")
    else:
        said.append("loaded")
    return "; ".join(said)


def main(folder: Path) -> int:
    files = sorted(folder.rglob("*.onnx"))
    if not files:
        print(f"FAILED: no *.onnx under {folder}")
        return 1
    failed = 0
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    for path in files:
        try:
            print(f"{path.relative_to(folder)}: {check(path)}")
        except Exception as error:
            failed += 1
            print(f"FAILED: {path.relative_to(folder)}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
