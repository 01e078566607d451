"""The seed's network in PyTorch: one pass over patches and identifier tokens under a causal mask.

Shape letters: B batch, C channels, Y×X picture height×width, P patches, D embedding width, F feed-forward width,
H heads, L layers, M identifier length with BOS, S = P + M sequence length, V token vocabulary.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Shape:
    """The seed's numbers; PAD and V belong to the `numeric` scheme."""

    batch: int = 32  # B
    channels: int = 3  # C
    picture: int = 160  # Y = X, pixels
    patch: int = 16  # edge of a patch, pixels
    width: int = 128  # D
    feed_forward: int = 256  # F
    heads: int = 4  # H
    layers: int = 6  # L
    vocabulary: int = 13  # V: ten digits, BOS, PAD, EOS
    tokens: int = 4  # M: identifiers of three digits behind BOS
    pad: int = 11

    @property
    def patches(self) -> int:
        return (self.picture // self.patch) ** 2

    @property
    def sequence(self) -> int:
        return self.patches + self.tokens


def sinusoidal_positions(length: int, width: int) -> torch.Tensor:
    """[length, width]; base 10000, even columns sine, odd columns cosine (Vaswani et al. 2017, section 3.5)."""
    position = torch.arange(length, dtype=torch.float64)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (-math.log(10000.0) / width))
    table = torch.zeros(length, width, dtype=torch.float64)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)
    return table


class Dropout(nn.Module):
    """torch's dropout, or a product with factors that were drawn once for the whole step."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, x: torch.Tensor, factors: torch.Tensor | None) -> torch.Tensor:
        if self.rate == 0 or not self.training:
            return x
        return F.dropout(x, self.rate) if factors is None else x * factors.view(x.shape)


def draw_factors(count: int, rate: float) -> torch.Tensor:
    """float32 [count], 0 or what keeps the mean, from one random byte each, eight bytes to a draw of the generator.

    A byte keeps its element when it is at least round(256 · rate), and the kept ones are scaled by exactly the share
    that is kept: 0.1 becomes 26/256 = 0.1016, and the mean is untouched. (In torch.compile's own code this is slower.)
    """
    threshold = round(256 * rate)
    words = torch.empty(-(-count // 8), dtype=torch.int64)
    drawn = words.random_(torch.iinfo(torch.int64).min, None).view(torch.uint8)[:count]
    return (drawn >= threshold).to(torch.float32).mul_(256 / (256 - threshold))


class Block(nn.Module):
    """Pre-norm transformer block. `only_last` = M computes the block's output for the last M positions alone: their
    queries, projections and feed-forward, over the keys and values of every position. `attention` is `sdpa`
    (scaled_dot_product_attention) or `products` (the two products and the softmax, which a compiler can fuse)."""

    def __init__(self, shape: Shape, dropout: float, attention: str, only_last: int | None = None):
        super().__init__()
        self.heads, self.kind, self.only_last = shape.heads, attention, only_last
        self.ln1 = nn.LayerNorm(shape.width, eps=1e-5)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.proj = nn.Linear(shape.width, shape.width)
        self.ln2 = nn.LayerNorm(shape.width, eps=1e-5)
        self.fc1 = nn.Linear(shape.width, shape.feed_forward)
        self.fc2 = nn.Linear(shape.feed_forward, shape.width)
        self.dropout = Dropout(dropout)
        # [queries, S]: 0 where a position may look, −∞ where it may not.
        hidden = torch.ones(shape.sequence, shape.sequence).triu(1).bool()[-(only_last or shape.sequence) :]
        self.register_buffer("mask", torch.zeros(hidden.shape).masked_fill(hidden, -math.inf), persistent=False)

    def attention(self, x: torch.Tensor) -> torch.Tensor:
        """[B,S,D] → [B,S,D], or [B,M,D] with `only_last`."""
        B, S, D = x.shape
        Q, width = self.only_last or S, D // self.heads
        if self.only_last is None:
            q, k, v = self.qkv(x).view(B, S, 3, self.heads, width).permute(2, 0, 3, 1, 4)  # [B,H,S,D/H] each
        else:
            weight, bias = self.qkv.weight, self.qkv.bias
            q = F.linear(x[:, -Q:], weight[:D], bias[:D]).view(B, Q, self.heads, width).transpose(1, 2)
            k, v = F.linear(x, weight[D:], bias[D:]).view(B, S, 2, self.heads, width).permute(2, 0, 3, 1, 4)
        if self.kind == "products":
            out = torch.softmax((q * width**-0.5) @ k.transpose(-1, -2) + self.mask, dim=-1) @ v
        elif self.only_last is None:
            out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            out = F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask)
        return out.transpose(1, 2).reshape(B, Q, D)

    def forward(self, x: torch.Tensor, factors: torch.Tensor | None) -> torch.Tensor:
        residual = x if self.only_last is None else x[:, -self.only_last :]
        x = residual + self.proj(self.attention(self.ln1(x)))
        return x + self.fc2(self.dropout(F.gelu(self.fc1(self.ln2(x))), factors))


class SeedNetwork(nn.Module):
    """Parameter names are those of the golden data: patch, token, block0 … , final, head."""

    def __init__(self, shape: Shape, dropout: float, attention: str, last_block_at_tokens: bool):
        super().__init__()
        self.shape, self.last_block_at_tokens = shape, last_block_at_tokens
        self.patch = nn.Linear(shape.channels * shape.patch**2, shape.width)
        self.token = nn.Embedding(shape.vocabulary, shape.width)
        self.dropout = Dropout(dropout)
        for i in range(shape.layers):
            last = last_block_at_tokens and i == shape.layers - 1
            self.add_module(f"block{i}", Block(shape, dropout, attention, shape.tokens if last else None))
        self.final = nn.LayerNorm(shape.width, eps=1e-5)
        self.head = nn.Linear(shape.width, shape.vocabulary)
        positions = sinusoidal_positions(shape.sequence, shape.width).to(torch.float32)
        self.register_buffer("positions", positions, persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    @property
    def dropped_elements(self) -> list[int]:
        """How many elements each dropout of a step sees, in order."""
        s = self.shape
        full = [s.batch * s.sequence * s.feed_forward] * s.layers
        if self.last_block_at_tokens:
            full[-1] = s.batch * s.tokens * s.feed_forward
        return [s.batch * s.sequence * s.width, *full]

    def patch_vectors(self, pictures: torch.Tensor) -> torch.Tensor:
        """uint8 [B,Y,X,C] → [B,P,C·p·p] in [−1, 1], a vector in the order channel, row, column."""
        B, n, p = pictures.shape[0], self.shape.picture // self.shape.patch, self.shape.patch
        grid = pictures.view(B, n, p, n, p, self.shape.channels).permute(0, 1, 3, 5, 2, 4)
        # (x / 255 − 0.5) / 0.5 in two operations.
        return grid.reshape(B, n * n, -1).to(self.positions.dtype).mul_(2 / 255).sub_(1)

    def logits(self, pictures: torch.Tensor, tokens: torch.Tensor, factors: torch.Tensor | None) -> torch.Tensor:
        """pictures uint8 [B,Y,X,C], tokens int64 [B,M] → [B,M,V]; factors float32 [sum of dropped_elements] or None."""
        parts = [None] * (self.shape.layers + 1) if factors is None else factors.split(self.dropped_elements)
        x = torch.cat([self.patch(self.patch_vectors(pictures)), self.token(tokens)], dim=1) + self.positions
        x = self.dropout(x, parts[0])
        for i in range(self.shape.layers):
            x = self.get_submodule(f"block{i}")(x, parts[i + 1])
        return self.head(self.final(x[:, -self.shape.tokens :]))

    def forward(
        self, pictures: torch.Tensor, tokens: torch.Tensor, targets: torch.Tensor, factors: torch.Tensor | None
    ) -> torch.Tensor:
        """Mean cross-entropy over the targets int64 [B,M] that are not PAD."""
        logits = self.logits(pictures, tokens, factors)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=self.shape.pad)
