"""For handlers that answer many rows, each in a transaction of its own."""

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])


def each_alone(handler: F) -> F:
    """Let the blocks of this handler commit one by one, so that none holds others up for long.

    With an Idempotency-Key they are one transaction all the same: the answer covers all of them.
    """
    handler.each_alone = True  # type: ignore[attr-defined]
    return handler
