"""Whether an answer says thanks, and nothing else."""

import re

MOST_WORDS = 20
_THANKS = re.compile(
    r"^\W*(?:hei|hi|hello|hej|hallo)?[\s,.!]*(?:[\w-]+[\s,.!]+)?"
    r"(?:(?:tusen |mange |veldig )?takk\b|thank(?:s| you)\b|many thanks|tack\b|(?:mange )?tak\b|"
    r"(?:vielen )?dank\w*|perfekt|perfect|supert?|super\b|flott|great|kjempebra|topp|strålende|"
    r"excellent)",
    re.IGNORECASE,
)
# Words that say that it is not over.
_NOT_OVER = re.compile(
    r"\?|\b(?:men|but|aber|dog|fortsatt|framleis|fremdeles|still|igjen|att|again|ikke|ikkje|inte|"
    r"not|nicht|kan (?:dere|de|du|i|ni)|could|can you|please|også|also|feil|error|nede|down|når|"
    r"when|hva|kva|what|hvorfor|why|virker|verkar|fungerer|works?|mangler|nytt|ny|new|et |ett |"
    r"eit )\b|n't\b",
    re.IGNORECASE,
)


def is_bare_thanks(text: str) -> bool:
    """Tell whether a person only says thanks: that reopens nothing, and nobody has to answer it.

    In doubt it is not: a thank-you that reopens a ticket costs a look, a fault that does not costs
    the promise.
    """
    words = text.split()
    return (
        0 < len(words) <= MOST_WORDS
        and bool(_THANKS.match(text))
        and not _NOT_OVER.search(text)
        and not any(letter.isdigit() for letter in text)
    )
