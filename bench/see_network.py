"""The network that learns to see, in PyTorch: patches of overlapping windows, then BOS, through pre-norm blocks; the
state of BOS against a proxy of each class.

Shape letters: B batch, Y×X picture, P patches, S = P + 1 positions, D width, F feed-forward width, H heads, C classes.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from seed_network import Dropout

SMALLEST = 1e-12  # below any norm of a state


@dataclass(frozen=True)
class Geometry:
    picture: int  # Y = X, pixels
    patch: int  # edge of a patch, pixels
    width: int  # D
    feed_forward: int  # F
    heads: int  # H
    layers: int
    classes: int  # C
    windows: int  # along the edge of a patch
    stem_blocks: int  # residual convolutions over the windows: 0 or 1

    @property
    def patches(self) -> int:
        return (self.picture // self.patch) ** 2

    @property
    def stride(self) -> int:
        return self.patch // self.windows  # of a window, which is twice as long


def unit(rows: torch.Tensor) -> torch.Tensor:
    return rows / torch.sqrt(rows.square().sum(-1, keepdim=True) + SMALLEST)


def windows(x: torch.Tensor, edge: int, stride: int) -> torch.Tensor:
    """[B,C,Y,X] → [B,Y',X',C·edge·edge], in the order of a convolution's kernel."""
    cut = x.unfold(2, edge, stride).unfold(3, edge, stride)
    return cut.permute(0, 2, 3, 1, 4, 5).flatten(3)


class Convolution(nn.Conv2d):
    """A convolution, or the same product of windows that are cut out first (`windows`)."""

    def __init__(self, inputs: int, outputs: int, edge: int, stride: int, padding: int, form: str):
        super().__init__(inputs, outputs, edge, stride, padding)
        self.form = form

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.form == "convolutions":
            return super().forward(x)
        padded = F.pad(x, (self.padding[0],) * 4)
        rows = windows(padded, self.kernel_size[0], self.stride[0])
        return F.linear(rows, self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)


class Block(nn.Module):
    """Pre-norm block. Keys have no bias: a softmax over them would take it away again. The last block computes its
    output for BOS alone, over the keys and values of all positions. `attention` is `sdpa`
    (scaled_dot_product_attention) or `products` (the two products and the softmax, which a compiler can fuse)."""

    def __init__(self, geometry: Geometry, dropout: float, attention: str, last: bool):
        super().__init__()
        width = geometry.width
        self.heads, self.kind, self.last = geometry.heads, attention, last
        self.ln1 = nn.LayerNorm(width, eps=1e-5)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)
        self.ln2 = nn.LayerNorm(width, eps=1e-5)
        self.fc1 = nn.Linear(width, geometry.feed_forward)
        self.fc2 = nn.Linear(geometry.feed_forward, width)
        self.dropout = Dropout(dropout)
        S = geometry.patches + 1
        hidden = torch.zeros(S, S).bool()
        hidden[:-1, -1] = True  # patches do not see BOS
        self.register_buffer("mask", torch.zeros(S, S).masked_fill(hidden, -math.inf), persistent=False)

    def attention(self, x: torch.Tensor) -> torch.Tensor:
        """[B,S,D] → [B,S,D], or [B,1,D] in the last block."""
        B, S, D = x.shape
        width = D // self.heads
        split = (B, S, -1, self.heads, width)
        if self.last:
            q = F.linear(x[:, -1:], self.qkv.weight[:D], self.q_bias).view(B, 1, self.heads, width).transpose(1, 2)
            bias = torch.cat([torch.zeros_like(self.v_bias), self.v_bias])
            k, v = F.linear(x, self.qkv.weight[D:], bias).view(split).permute(2, 0, 3, 1, 4)
            mask = None  # BOS sees all
        else:
            bias = torch.cat([self.q_bias, torch.zeros_like(self.v_bias), self.v_bias])
            q, k, v = F.linear(x, self.qkv.weight, bias).view(split).permute(2, 0, 3, 1, 4)
            mask = self.mask
        if self.kind == "sdpa":
            out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            scores = (q * width**-0.5) @ k.transpose(-1, -2)
            out = torch.softmax(scores if mask is None else scores + mask, dim=-1) @ v
        return out.transpose(1, 2).reshape(B, -1, D)

    def forward(self, x: torch.Tensor, factors: torch.Tensor | None) -> torch.Tensor:
        residual = x[:, -1:] if self.last else x
        x = residual + self.proj(self.attention(self.ln1(x)))
        return x + self.fc2(self.dropout(F.gelu(self.fc1(self.ln2(x))), factors))


class SeeNetwork(nn.Module):
    """The states of pictures, and the loss of their classes (Zhai & Wu 2019, with smoothed targets)."""

    def __init__(self, geometry: Geometry, dropout: float, temperature: float, smoothing: float,
                 attention: str, stem: str):  # fmt: skip
        super().__init__()
        self.geometry, self.temperature, self.smoothing = geometry, temperature, smoothing
        width, stride = geometry.width, geometry.stride
        self.stem = Convolution(3, width // 2, 2 * stride, stride, 0, stem)
        if geometry.stem_blocks > 0:
            self.stem_block = Convolution(width // 2, width // 2, 3, 1, 1, stem)
        self.patch = Convolution(width // 2, width, geometry.windows, geometry.windows, 0, stem)
        self.token = nn.Parameter(torch.zeros(1, width))
        self.position = nn.Parameter(torch.zeros(geometry.patches + 1, width))
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(geometry, dropout, attention, last=i == geometry.layers - 1) for i in range(geometry.layers)
        )
        self.final = nn.LayerNorm(width, eps=1e-5)
        self.proxies = nn.Parameter(torch.zeros(geometry.classes, width))

    def dropped_elements(self, batch: int) -> list[int]:
        """How many elements each dropout of a step sees, in order."""
        g = self.geometry
        positions = [g.patches + 1] * (g.layers - 1) + [1]
        return [batch * (g.patches + 1) * g.width, *(batch * each * g.feed_forward for each in positions)]

    def states(self, pictures: torch.Tensor, factors: torch.Tensor | None = None) -> torch.Tensor:
        """pictures uint8 [B,Y,X,3] → unit vectors [B,D]; factors float32 [sum of dropped_elements] or None."""
        B = pictures.shape[0]
        parts = [None] * (len(self.blocks) + 1) if factors is None else factors.split(self.dropped_elements(B))
        scaled = pictures.permute(0, 3, 1, 2).to(self.token.dtype) * (2 / 255) - 1
        # Black about the picture, half a step of the windows wide on each side.
        x = F.gelu(self.stem(F.pad(scaled, (self.geometry.stride // 2,) * 4, value=-1.0)))
        if self.geometry.stem_blocks > 0:
            x = x + F.gelu(self.stem_block(x))
        x = self.patch(x).flatten(2).transpose(1, 2)  # [B,P,D]
        x = torch.cat([x, self.token.expand(B, 1, -1)], dim=1) + self.position
        x = self.dropout(x, parts[0])
        for block, part in zip(self.blocks, parts[1:], strict=True):
            x = block(x, part)
        return unit(self.final(x[:, -1]))

    def forward(self, pictures: torch.Tensor, classes: torch.Tensor, factors: torch.Tensor | None) -> torch.Tensor:
        """Mean cross-entropy; classes float32 [B,C], the weight of each class as a target."""
        logits = self.states(pictures, factors) @ unit(self.proxies).t() / self.temperature
        spread = classes.sum(-1, keepdim=True) * (self.smoothing / self.geometry.classes)
        targets = classes * (1 - self.smoothing) + spread
        return -(F.log_softmax(logits, dim=-1) * targets).sum() / classes.sum().clamp(min=1e-9)

    @torch.no_grad()
    def load(self, flat: torch.Tensor, layout: list[tuple[str, list[int]]]) -> None:
        """Takes the parameters of the other side, one behind the other, weights [in, out]."""
        own = dict(self.named_parameters())
        left, start = set(own), 0
        for name, shape in layout:
            count = math.prod(shape)
            for key, tensor in self.converted(name, flat[start : start + count].view(shape)):
                own[key].copy_(tensor)  # refuses other shapes
                left.remove(key)
            start += count
        if left or start != len(flat):
            raise ValueError(f"parameters that were not given: {sorted(left)}; {start} of {len(flat)} numbers read")

    def converted(self, name: str, given: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
        """A parameter of the other side under the names and in the shapes of this one."""
        half, edge, windows = self.geometry.width // 2, self.geometry.stride, self.geometry.windows
        if name == "stem.weight":  # rows: two by two tiles, then channel, row, column within a tile
            kernel = given.view(2, 2, 3, edge, edge, half).permute(5, 2, 0, 3, 1, 4)
            return [(name, kernel.reshape_as(self.stem.weight))]
        if name == "stem.block0.weight":  # rows: three by three neighbours, then channel
            return [("stem_block.weight", given.view(3, 3, half, half).permute(3, 2, 0, 1))]
        if name == "patch.weight":  # rows: windows by windows, then channel
            return [(name, given.view(windows, windows, half, -1).permute(3, 2, 0, 1))]
        key = RENAMED.get(name, name.replace("block", "blocks.", 1) if name.startswith("block") else name)
        if name.endswith("qkv.bias"):
            stem, (q, _, v) = key.removesuffix("qkv.bias"), given.chunk(3)
            return [(f"{stem}q_bias", q), (f"{stem}v_bias", v)]
        return [(key, given.t() if name.startswith("block") and given.dim() == 2 else given)]


RENAMED = {
    "stem.block0.bias": "stem_block.bias",
    "token.embedding": "token",
    "class.proxies": "proxies",
}
