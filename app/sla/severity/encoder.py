"""What a message means: a small transformer that reads it, beside the model that weighs its words.

Words do not tell an outage from a story about one; the order they stand in does. The encoder is
multilingual E5 small without the pieces of words that our languages do not use, trained further on
labelled messages (``tests/encoder``; docs/decisions/009-encoder.md says why). It runs by ONNX
Runtime on one core, in eight bits, and no text leaves the machine.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from threading import Lock
from typing import Any, Final

from app.kit.errors import BadConfig
from app.sla.severity.features import LONGEST_SUBJECT
from app.sla.severity.shares import CLASSES
from app.sla.terms import Exclusion, Severity

# Of a message's pieces of words so many are read: time grows with them, 8 ms for 64.
MOST_PIECES: Final = 256
# Of a longer one the beginning, and so many of the end, where a postscript may stand.
_OF_THE_END: Final = 64
# More letters than ever make that many pieces.
_LONGEST: Final = 6_000
# A word in capitals from this length on is read as if it were not: loud is not worse.
_LOUD: Final = 4
_BEGINS, _ENDS = 1, 2
_LOCK = Lock()

# The order in which the encoder has its numbers; None is no exclusion.
EXCLUSIONS: Final = (
    None,
    Exclusion.CUSTOMER_CAUSED,
    Exclusion.THIRD_PARTY_APP,
    Exclusion.FORCE_MAJEURE,
    Exclusion.PLANNED_MAINTENANCE,
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """How likely each severity is, and each exclusion or none; shares of one whole."""

    severities: Mapping[Severity, float]
    exclusions: Mapping[Exclusion | None, float]


# Of a channel, a subject and the newest text.
Encode = Callable[[str, str | None, str], Encoded]


def encode(channel: str, subject: str | None, text: str) -> Encoded:
    """Read a message by its subject and newest text.

    BadConfig where the encoder cannot run on this machine.
    """
    with _LOCK:
        network, cutter = _loaded()
    numpy: Any = import_module("numpy")
    pieces = cut(cutter.encode(as_read(channel, subject, text)))
    severity, exclusion = network.run(None, {"pieces": numpy.array([pieces], dtype=numpy.int64)})
    return Encoded(
        dict(zip(CLASSES, map(float, severity[0]), strict=True)),
        dict(zip(EXCLUSIONS, map(float, exclusion[0]), strict=True)),
    )


def as_read(channel: str, subject: str | None, text: str) -> str:
    """Return a message as the encoder reads it; it was trained on the same."""
    kind = "mail" if channel == "email" else "phone"
    # E5 was made for texts that begin with their purpose.
    whole = f"query: {kind}: {(subject or '')[:LONGEST_SUBJECT]} | {text}"
    if len(whole) > _LONGEST:
        whole = f"{whole[: _LONGEST * 3 // 4]} {whole[-_LONGEST // 4 :]}"
    # Half of a surrogate pair is no letter.
    clean = whole.encode("utf-8", "replace").decode("utf-8")
    words = unicodedata.normalize("NFKC", clean).split()
    return " ".join(one.lower() if len(one) >= _LOUD and one.isupper() else one for one in words)


def cut(pieces: list[int]) -> list[int]:
    """Return what is read of a message's pieces: all, or the beginning and the end."""
    if len(pieces) > MOST_PIECES - 2:
        pieces = [*pieces[: MOST_PIECES - 2 - _OF_THE_END], *pieces[-_OF_THE_END:]]
    return [_BEGINS, *pieces, _ENDS]


@cache
def _loaded() -> tuple[Any, Any]:
    """Load the network, and what cuts words into pieces; they take 80 MB and are loaded once."""
    data = files("app.sla.severity").joinpath("data")
    try:
        runtime: Any = import_module("onnxruntime")
        cutter: Any = import_module("sentencepiece")
        # Its warnings are about graphics cards that are not there.
        runtime.set_default_logger_severity(3)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False
        # By its path: its weights lie in a file beside it, which is mapped into memory.
        network = runtime.InferenceSession(
            str(data.joinpath("encoder.onnx")), options, providers=["CPUExecutionProvider"]
        )
        pieces = cutter.SentencePieceProcessor(
            model_proto=data.joinpath("encoder.pieces").read_bytes()
        )
    except (ImportError, OSError, RuntimeError) as error:
        raise BadConfig(
            f"the encoder cannot run on this machine: {error}.",
            field="severity.encoder",
            remedy="Install svartid anew, or set it to false.",
        ) from error
    return network, pieces
