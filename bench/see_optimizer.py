"""The optimizers that train the network to see: AdamW, or Muon for matrices of linear layers and AdamW for the rest."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from see_network import SeeNetwork

QUINTIC = (3.4445, -4.775, 2.0315)  # Jordan et al. 2024
UPDATE_SIZE = 0.2  # root mean square of an update (Liu et al. 2025, section 2.2)
SMALLEST = 1e-7


@dataclass(frozen=True)
class Settings:
    name: str  # adamw or muon
    weight_decay: float
    clip: float  # largest global norm of the gradient
    momentum: float = 0.95
    iterations: int = 3


def newton_schulz(stack: torch.Tensor, iterations: int) -> torch.Tensor:
    """[k,m,n], m ≤ n: the singular values of each matrix brought near 1."""
    a, b, c = QUINTIC
    x = stack / (stack.square().sum((-2, -1), keepdim=True).sqrt() + SMALLEST)
    for _ in range(iterations):
        square = x @ x.mT
        x = a * x + torch.baddbmm(square, square, square, beta=b, alpha=c) @ x
    return x * (UPDATE_SIZE * math.sqrt(stack.shape[2]))


def muon_step(
    weights: list[torch.Tensor],
    pieces: list[int],
    gradients: list[torch.Tensor],
    momenta: list[torch.Tensor],
    rate: torch.Tensor,
    settings: Settings,
) -> None:
    """One step of the matrices. Those of one size are iterated together.
    @param pieces how many matrices a weight holds, one above the other"""
    stacks: dict[tuple[int, int], list[torch.Tensor]] = {}
    places = []
    for weight, count, gradient, momentum in zip(weights, pieces, gradients, momenta, strict=True):
        momentum.lerp_(gradient, 1 - settings.momentum)
        ahead = gradient.lerp(momentum, settings.momentum)  # Nesterov's
        matrices = ahead.reshape(count, weight.shape[0] // count, -1)
        tall = matrices.shape[1] > matrices.shape[2]
        wide = matrices.mT if tall else matrices
        stack = stacks.setdefault((wide.shape[1], wide.shape[2]), [])
        places.append((wide.shape[1:], sum(map(len, stack)), tall))
        stack.append(wide)
    done = {key: newton_schulz(torch.cat(stack), settings.iterations) for key, stack in stacks.items()}
    for weight, count, (shape, first, tall) in zip(weights, pieces, places, strict=True):
        found = done[tuple(shape)][first : first + count]
        update = (found.mT if tall else found).reshape(weight.shape)
        weight.mul_(1 - rate * settings.weight_decay).sub_(update * rate)


class Optimizer:
    """A step behind a clip by global norm. Gains and biases do not decay."""

    def __init__(self, network: SeeNetwork, settings: Settings, compiled: bool):
        self.settings, self.parameters = settings, list(network.parameters())
        linear = [module.weight for module in network.modules() if isinstance(module, (nn.Linear, nn.Conv2d))]
        chosen = {id(weight) for weight in linear} if settings.name == "muon" else set()
        self.matrices = [weight for weight in linear if id(weight) in chosen]
        queries = {id(block.qkv.weight) for block in network.blocks}
        self.pieces = [3 if id(weight) in queries else 1 for weight in self.matrices]
        decayed = {id(p) for p in [*linear, network.token, network.position, network.proxies]}
        rest = [parameter for parameter in self.parameters if id(parameter) not in chosen]
        self.groups = [
            {"params": [p for p in rest if id(p) in decayed], "weight_decay": settings.weight_decay},
            {"params": [p for p in rest if id(p) not in decayed], "weight_decay": 0.0},
        ]
        self.muon = torch.compile(muon_step, dynamic=False) if compiled else muon_step
        self.reset()

    def reset(self) -> None:
        """Forgets all moments."""
        self.momenta = [torch.zeros_like(weight) for weight in self.matrices]
        groups = [dict(group) for group in self.groups]
        self.adam = torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.999), eps=1e-8, fused=True)

    def step(self, rate: float) -> None:
        torch.nn.utils.clip_grad_norm_(self.parameters, self.settings.clip, foreach=True)
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.step()
        if self.matrices:
            gradients = [weight.grad for weight in self.matrices]
            with torch.no_grad():
                self.muon(self.matrices, self.pieces, gradients, self.momenta, torch.tensor(rate), self.settings)
        for parameter in self.parameters:
            parameter.grad = None
