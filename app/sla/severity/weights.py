"""A model's weights, packed: four numbers of a feature in one integer.

Summing up a message's features is most of what a judgement costs. Four weights side by side in one
integer are found by one look and added by one addition, and take a third of the memory of four
floats.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from struct import Struct

from typing_extensions import override

# A weight is kept in thousandths; a lane holds the sum of any message, with its sign.
_THOUSANDTHS = 1000
_LANE = 64
_LANES = 4
_SIZE = _LANE * _LANES // 8
_AS_LANES = Struct("<4Q").unpack
_SIGN = 1 << (_LANE - 1)
_ALL_SIGNS = sum(_SIGN << _LANE * at for at in range(_LANES))
# More is no weight but a mistake, and would run over into its neighbour.
_LARGEST = 1_000_000

Row = tuple[int, int, int, int]


class Weights(Mapping[str, tuple[float, ...]]):
    """Weights by feature, one for each severity; to three decimals."""

    __slots__ = ("_leanings", "_packed")

    def __init__(self, weights: Iterable[tuple[str, Sequence[float] | str]]) -> None:
        """Pack rows, or what ``to_dict`` made of them; ValueError where one is no four weights."""
        self._packed = {name: _pack(row) for name, row in weights}
        # Of those that were asked for: few beside all weights, and again and again the same.
        self._leanings: dict[str, Row] = {}

    @override
    def __getitem__(self, name: str) -> tuple[float, ...]:
        return tuple(one / _THOUSANDTHS for one in _unpack(self._packed[name]))

    @override
    def __contains__(self, name: object) -> bool:
        return name in self._packed

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    @override
    def __len__(self) -> int:
        return len(self._packed)

    def to_dict(self) -> dict[str, str]:
        """Return them as they are kept: four numbers of thousandths a feature, in one string.

        Read as a list of four floats each, a hundred thousand features would take 30 MB on the way.
        """
        return {
            name: " ".join(map(str, _unpack(packed)))
            for name, packed in sorted(self._packed.items())
        }

    def with_rows(self, rows: Iterable[tuple[str, Sequence[float]]]) -> "Weights":
        """Return these weights with some more, or with others in their place."""
        fresh = Weights(rows)
        fresh._packed = self._packed | fresh._packed
        return fresh

    def total(self, kinds: Mapping[str, Iterable[str]], times: Mapping[str, int]) -> Row:
        """Return the sum of the weights of features, in thousandths, each times its kind's number.

        What is unknown weighs nothing.
        """
        of = self._packed.get
        found = 0
        for kind, names in kinds.items():
            found += times[kind] * sum(map(of, names, repeat(0)))
        return _unpack(found)

    def leanings(self, names: Iterable[str], at: int) -> Iterator[tuple[int, str]]:
        """Give how each known feature speaks for one severity against the mean of the others.

        In thousandths, times the number of the others.
        """
        known, of = self._leanings, self._packed.get
        for name in names:
            row = known.get(name)
            if row is None:
                packed = of(name)
                if packed is None:
                    continue
                row = known[name] = _leaning(_unpack(packed))
            yield row[at], name


def _leaning(row: Row) -> Row:
    one, two, three, four = row
    total = one + two + three + four
    return (
        _LANES * one - total,
        _LANES * two - total,
        _LANES * three - total,
        _LANES * four - total,
    )


def _pack(row: Sequence[float] | str) -> int:
    try:
        # Floats are what versions before the present one kept.
        numbers = (
            [int(one) for one in row.split()]
            if isinstance(row, str)
            else [round(one * _THOUSANDTHS) for one in row]
        )
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{row} are not the weights of a feature") from error
    if len(numbers) != _LANES or max(map(abs, numbers)) > _LARGEST * _THOUSANDTHS:
        raise ValueError(f"{row} are not the weights of a feature")
    one, two, three, four = numbers
    return one + (two << _LANE) + (three << 2 * _LANE) + (four << 3 * _LANE)


def _unpack(packed: int) -> Row:
    # Made positive, no lane borrows from its neighbour.
    one, two, three, four = _AS_LANES((packed + _ALL_SIGNS).to_bytes(_SIZE, "little"))
    return one - _SIGN, two - _SIGN, three - _SIGN, four - _SIGN
