"""Which language a text is in, by its commonest words."""

import re

_WORDS = re.compile(r"[a-zæøåäöüß]+")
_COMMON = {
    "nb": {"ikke", "jeg", "det", "er", "og", "vi", "har", "på", "hei", "dere", "noe", "fra", "mvh"},
    "nn": {"ikkje", "eg", "det", "er", "og", "vi", "har", "på", "hei", "de", "noko", "frå", "dykk"},
    "en": {"the", "is", "and", "not", "we", "have", "to", "hi", "you", "our", "it", "from", "a"},
    "sv": {"inte", "jag", "det", "är", "och", "vi", "har", "på", "hej", "ni", "något", "från"},
    "da": {"ikke", "jeg", "det", "er", "og", "vi", "har", "på", "hej", "i", "noget", "fra", "af"},
    "de": {
        "nicht",
        "ich",
        "das",
        "ist",
        "und",
        "wir",
        "haben",
        "auf",
        "hallo",
        "sie",
        "der",
        "die",
    },
}


def language_of(text: str) -> str | None:
    """Return nb, nn, en, sv, da or de; None where the words do not tell."""
    words = _WORDS.findall(text[:3000].lower())
    if len(words) < 3:
        return None
    scores = {name: sum(map(common.__contains__, words)) for name, common in _COMMON.items()}
    ranked = sorted(scores.items(), key=lambda one: -one[1])
    (best, most), (_, next_most) = ranked[0], ranked[1]
    return best if most >= 2 and most > next_most else None
