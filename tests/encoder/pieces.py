"""Which pieces of words the encoder keeps, and the SentencePiece file that cuts words into them.

E5 knows a quarter of a million pieces in a hundred languages. Kept are those that the examples and
the words of our six languages' dictionaries (Hunspell's, five words or more to a piece) are cut
into, and whatever is short: a seventh. What is left out is still read, in smaller pieces.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as form

from tests.encoder.source import Source

_WORDS_FOR_A_PIECE = 5
_SHORT = 2
_LATIN, _SIGNS = range(0x250), range(0x2000, 0x2100)
_NORMAL, _UNKNOWN, _CONTROL = 1, 2, 3


def choose(source: Source, texts: Iterable[str], dictionaries: Sequence[Path]) -> list[int]:
    """Return the numbers of the pieces to keep, unknown, begin and end first."""
    unknown, begins, ends, _ = source.special
    every = [unknown, begins, ends, *range(len(source.pieces))]
    cut = sentencepiece.SentencePieceProcessor(model_proto=model_of(source, every))
    kept = {number for text in texts for number in cut.encode(text)}
    words: Counter[int] = Counter()
    for path in dictionaries:
        for line in _text(path).splitlines()[1:]:
            word = line.split("/")[0].split("\t")[0].strip()
            for form_of_it in {word, word.capitalize()}:
                words.update(cut.encode(form_of_it))
    kept |= {number for number, times in words.items() if times >= _WORDS_FOR_A_PIECE}
    # The first three are the special ones, so that the others stand three further on.
    numbers = {number - 3 for number in kept if number > _CONTROL - 1}
    numbers |= {number for number, piece in enumerate(source.pieces) if _is_short(piece)}
    return [unknown, begins, ends, *sorted(numbers - set(source.special))]


def _text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _is_short(piece: str) -> bool:
    bare = piece.lstrip("▁")
    return len(bare) <= _SHORT and all(ord(one) in _LATIN or ord(one) in _SIGNS for one in bare)


def model_of(source: Source, kept: Sequence[int]) -> bytes:
    """Return the SentencePiece file of the kept pieces; texts are normalized before it."""
    model = form.ModelProto()
    for name, kind in (("<unk>", _UNKNOWN), ("<s>", _CONTROL), ("</s>", _CONTROL)):
        model.pieces.add(piece=name, score=0.0, type=kind)
    known = {"<unk>", "<s>", "</s>"}
    for number in kept[3:]:
        piece = source.pieces[number]
        # An empty one, or one that stands there twice, only keeps its place.
        usable = bool(piece) and piece not in known
        known.add(piece)
        model.pieces.add(
            piece=piece if usable else f"<unused{number}>",
            score=float(source.scores[number]),
            type=_NORMAL if usable else _CONTROL,
        )
    model.trainer_spec.model_type = 1  # unigram
    model.trainer_spec.unk_id, model.trainer_spec.bos_id, model.trainer_spec.eos_id = 0, 1, 2
    model.trainer_spec.pad_id = -1
    model.trainer_spec.vocab_size = len(kept)
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = True
    model.normalizer_spec.escape_whitespaces = True
    return bytes(model.SerializeToString())


def kept_by(source: Source, path: Path) -> list[int]:
    """Return the numbers in the source of the pieces that a SentencePiece file holds."""
    cut = sentencepiece.SentencePieceProcessor(model_proto=path.read_bytes())
    unknown, begins, ends, _ = source.special
    numbers = {piece: number for number, piece in enumerate(source.pieces)}
    rest = [numbers[cut.id_to_piece(number)] for number in range(3, cut.get_piece_size())]
    return [unknown, begins, ends, *rest]
