"""The seed's algorithm in PyTorch, around the network of seed_network.py: one full forward pass for every digit.

What it does is known from the seed's published facts and figures, not from its text:
    a step      every digit is a forward pass of its own over all patches and all slots; the losses of the digits are
                added up and one backward pass follows; AdamW, learning rate 5·10⁻⁴
    generation  every digit of every sequence that is kept is a forward pass of its own, of a batch of one

Two forms:
    written     pixels are 0…255; the row of the position table is the number of the picture in the batch, one vector for
                all its slots; slots that hold no token yet are the constant 11.0, and a digit is read from the first
    mended      pixels are −1…1, slots have their own positions, and a digit is read from the token before it. But for the
                draws of dropout this is the one-pass network of seed_network.py, computed once for every digit.

Shape letters as in seed_network.py.
"""

import dataclasses

import torch
from torch import nn
from torch.nn import functional as F

from seed_network import SeedNetwork, Shape, sinusoidal_positions

FORMS = ("written", "mended")
BOS, PAD, EOS = 10, 11, 12
LEARNING_RATE = 5e-4
BATCH = 32


class SeedAlgorithm(nn.Module):
    """`slots` = M + 1: BOS, the digits, and EOS or the slot it is read from."""

    def __init__(self, shape: Shape, dropout: float, form: str):
        super().__init__()
        if form not in FORMS:
            raise ValueError(f"unknown form {form!r}; known: {', '.join(FORMS)}")
        self.form = form
        self.slots = shape.tokens + 1
        # One more slot than M, so that the last digit has an empty slot to be read from.
        self.network = SeedNetwork(dataclasses.replace(shape, tokens=self.slots), dropout, "sdpa", False)
        rows = sinusoidal_positions(max(shape.batch, shape.patches + self.slots), shape.width).to(torch.float32)
        self.register_buffer("table", rows, persistent=False)

    def digit(self, pictures: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Logits of the token after `known`: pictures uint8 [B,Y,X,C], known int64 [B,K] → [B,V]. One forward pass."""
        network, B, K = self.network, pictures.shape[0], known.shape[1]
        empty = self.slots - K
        vectors = network.patch_vectors(pictures)
        tokens = network.token(F.pad(known, (0, empty), value=PAD))
        if self.form == "written":
            vectors = (vectors + 1) * 127.5
            tokens = torch.cat([tokens[:, :K], torch.full_like(tokens[:, K:], float(PAD))], dim=1)
            positions = self.table[:B, None]
            read = network.shape.patches + K
        else:
            positions = self.table[: network.shape.sequence]
            read = network.shape.patches + K - 1
        x = network.dropout(torch.cat([network.patch(vectors), tokens], dim=1) + positions, None)
        for i in range(network.shape.layers):
            x = network.get_submodule(f"block{i}")(x, None)
        return network.head(network.final(x[:, read]))

    def forward(self, pictures: torch.Tensor, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The mean over the digits of their cross-entropies. tokens, targets int64 [B,M]; PAD does not count."""
        losses = [
            F.cross_entropy(self.digit(pictures, tokens[:, : i + 1]), targets[:, i], ignore_index=PAD)
            for i in range(tokens.shape[1])
            if bool((targets[:, i] != PAD).any())
        ]
        return torch.stack(losses).mean()

    def one_pass(self, pictures: torch.Tensor, tokens: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The loss of the mended form from a single forward pass, for counting steps in less time."""
        if self.form != "mended":
            raise ValueError("only the mended form can be computed in one pass")
        empty = self.slots - tokens.shape[1]
        logits = self.network.logits(pictures, F.pad(tokens, (0, empty), value=PAD), None)[:, : tokens.shape[1]]
        losses = F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=PAD, reduction="none")
        known = targets != PAD
        return (losses.sum(0) / known.sum(0).clamp(min=1))[known.any(0)].mean()

    @torch.no_grad()
    def greedy(self, pictures: torch.Tensor) -> torch.Tensor:
        """The likeliest token after each, int64 [B,M]: every digit one forward pass of the whole batch."""
        known = torch.full((pictures.shape[0], 1), BOS)
        for _ in range(self.slots - 1):
            known = torch.cat([known, self.digit(pictures, known).argmax(-1, keepdim=True)], dim=1)
        return known[:, 1:]

    @torch.no_grad()
    def generate(self, picture: torch.Tensor, k: int, batched: bool) -> list[list[int]]:
        """k sequences for one picture uint8 [1,Y,X,C], best first, those that are kept extended digit by digit.
        `batched` computes a digit of all of them in one forward pass, which the seed does not."""
        kept: list[tuple[float, list[int]]] = [(0.0, [BOS])]
        for _ in range(self.slots - 1):
            open_ones = [tokens for _, tokens in kept if tokens[-1] != EOS]
            if not open_ones:
                break
            if batched:
                known = torch.tensor(open_ones)
                logits = self.digit(picture.expand(len(open_ones), -1, -1, -1), known)
            else:
                logits = torch.cat([self.digit(picture, torch.tensor([tokens])) for tokens in open_ones])
            scores = torch.log_softmax(logits, -1).tolist()
            longer = [entry for entry in kept if entry[1][-1] == EOS]
            starts = [entry for entry in kept if entry[1][-1] != EOS]
            for (score, tokens), row in zip(starts, scores):
                longer += [(score + row[v], [*tokens, v]) for v in range(len(row)) if v not in (BOS, PAD)]
            kept = sorted(longer, reverse=True)[:k]
        return [tokens[1:] for _, tokens in kept]


def optimiser_of(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01, fused=True)


def encode(identifiers: list[str], tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens BOS d … and targets d … EOS, PAD behind, int64 [N,M]."""
    pad = lambda row: row + [PAD] * (tokens - len(row))  # noqa: E731
    digits = [[int(digit) for digit in identifier] for identifier in identifiers]
    return torch.tensor([pad([BOS, *d]) for d in digits]), torch.tensor([pad([*d, EOS]) for d in digits])
