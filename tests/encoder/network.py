"""The encoder in PyTorch: E5's layers, and two heads for the severity and a suspected exclusion."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.encoder.source import Source


class Layer(nn.Module):
    """One layer of BERT."""

    def __init__(self, source: Source, number: int) -> None:
        super().__init__()
        self.heads = source.heads
        for name, takes, gives in (
            ("q", source.width, source.width),
            ("k", source.width, source.width),
            ("v", source.width, source.width),
            ("ao", source.width, source.width),
            ("fi", source.width, source.inner),
            ("fo", source.inner, source.width),
        ):
            part = nn.Linear(takes, gives)
            _fill(part, source, f"l{number}.{name}")
            setattr(self, name, part)
        for name in ("aln", "oln"):
            norm = nn.LayerNorm(source.width, source.epsilon)
            _fill(norm, source, f"l{number}.{name}")
            setattr(self, name, norm)

    def forward(self, seen: Tensor, there: Tensor | None, lost: float) -> Tensor:
        """Read along; ``there`` is true where there is a piece, ``lost`` the dropout."""
        width = seen.shape[2] // self.heads

        def split(all_of_it: Tensor) -> Tensor:
            return all_of_it.view(seen.shape[0], -1, self.heads, width).transpose(1, 2)

        asks, answers, tells = split(self.q(seen)), split(self.k(seen)), split(self.v(seen))
        if there is None:
            shares = torch.softmax(asks @ answers.transpose(-1, -2) / math.sqrt(width), -1)
            heard = shares @ tells
        else:
            heard = functional.scaled_dot_product_attention(asks, answers, tells, there)
        heard = heard.transpose(1, 2).reshape(seen.shape)
        seen = self.aln(seen + functional.dropout(self.ao(heard), lost, self.training))
        thought = self.fo(functional.gelu(self.fi(seen)))
        return self.oln(seen + functional.dropout(thought, lost, self.training))


class Network(nn.Module):
    """The first ``layers`` of E5 over the pieces that are kept; gives sums for both questions."""

    def __init__(
        self, source: Source, kept: Sequence[int], *, layers: int, lost: float = 0.1
    ) -> None:
        super().__init__()
        self.lost = lost
        every = torch.from_numpy(source.weights["emb.word"].reshape(-1, source.width).copy())
        self.word = nn.Embedding.from_pretrained(every[torch.tensor(list(kept))], freeze=True)
        places = source.weights["emb.pos"].reshape(-1, source.width).copy()
        self.place = nn.Embedding.from_pretrained(torch.from_numpy(places), freeze=True)
        kind = source.weights["emb.type"][: source.width].copy()
        self.register_buffer("kind", torch.from_numpy(kind))
        self.norm = nn.LayerNorm(source.width, source.epsilon)
        _fill(self.norm, source, "emb.ln")
        self.layers = nn.ModuleList([Layer(source, number) for number in range(layers)])
        self.severity = nn.Linear(source.width, 4)
        self.exclusion = nn.Linear(source.width, 5)
        for head in (self.severity, self.exclusion):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, pieces: Tensor, there: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Give the sums; ``there`` is 1 for a piece, 0 for what fills a row up."""
        seen = self.word(pieces) + self.place.weight[: pieces.shape[1]] + self.kind
        seen = functional.dropout(self.norm(seen), self.lost, self.training)
        real = None if there is None else there.bool()[:, None, None, :]
        for layer in self.layers:
            seen = layer(seen, real, self.lost)
        if there is None:
            mean = seen.mean(1)
        else:
            mean = (seen * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        mean = functional.dropout(mean, self.lost, self.training)
        return self.severity(mean), self.exclusion(mean)


class Shipped(nn.Module):
    """What is exported: one message at a time, and shares of one whole."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, pieces: Tensor) -> tuple[Tensor, Tensor]:
        """Give the shares of each severity, and of no exclusion and each of the four."""
        severity, exclusion = self.network(pieces)
        return torch.softmax(severity, -1), torch.softmax(exclusion, -1)


def _fill(part: nn.Module, source: Source, name: str) -> None:
    weight = part.weight
    assert isinstance(weight, Tensor)
    weight.data = torch.from_numpy(source.weights[f"{name}.w"].reshape(weight.shape).copy())
    bias = part.bias
    assert isinstance(bias, Tensor)
    bias.data = torch.from_numpy(source.weights[f"{name}.b"].copy())
