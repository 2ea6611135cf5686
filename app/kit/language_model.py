"""The one door to language models: a question, and an answer of a given shape.

Any server that speaks ``POST …/chat/completions`` as OpenAI's API describes it. The shape is asked
for as ``response_format`` of type ``json_schema``; a server that refuses that is asked for any JSON
object, and one that refuses that too is asked for JSON in words alone. What a server can do is
remembered. The answer is somebody else's word: whoever asks must check what it says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.kit.errors import PermanentError, TemporaryError
from app.kit.net import Outside

# An answer of ours is two hundred bytes; a model that thinks aloud needs more.
_LARGEST_ANSWER = 200_000
_MOST_TRIES = 100
# What a server says to a request that it does not understand; to a wrong key it says 401 or 403.
_NOT_UNDERSTOOD = frozenset({400, 415, 422, 501})
_SCHEMA, _OBJECT, _WORDS = "json_schema", "json_object", "words alone"
_WAYS: Final = (_SCHEMA, _OBJECT, _WORDS)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the rules of the answer, the text it is about, and the answer's shape."""

    system: str
    text: str
    # A JSON Schema of an object, and its name.
    schema: Mapping[str, Any]
    name: str


@dataclass
class LanguageModel:
    """A model at a server; ``url`` ends with the API's version."""

    way: Outside
    url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    # Which of the ways to ask for a shape this server knows; found out by asking.
    shape: str = _SCHEMA

    async def ask(self, question: Question, *, timeout_s: float) -> dict[str, Any]:
        """Return the object that is answered.

        TemporaryError when nobody answers in time, or not now; PermanentError where the server
        refuses us, or answers with something that is no such answer.
        """
        answer = None
        for shape in _WAYS[_WAYS.index(self.shape) :]:
            answer = await self.way.post(
                f"{self.url.rstrip('/')}/chat/completions",
                json.dumps(self._body(question, shape), ensure_ascii=False).encode(),
                self._headers(),
                timeout_s=timeout_s,
                keep=_LARGEST_ANSWER,
            )
            if answer.status not in _NOT_UNDERSTOOD:
                self.shape = shape
                break
        assert answer is not None  # noqa: S101 - there is always a way
        if not answer.taken:
            told = f"the language model's server answers {answer.status}: {answer.text[:200]}"
            if answer.status in {408, 425, 429} or answer.status >= 500:
                raise TemporaryError(told)
            raise PermanentError(told)
        return _object_in(_content_of(answer.text))

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return headers | ({"Authorization": f"Bearer {self.api_key}"} if self.api_key else {})

    def _body(self, question: Question, shape: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": question.system},
                {"role": "user", "content": question.text},
            ],
        }
        if shape == _SCHEMA:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": question.name, "strict": True, "schema": question.schema},
            }
        elif shape == _OBJECT:
            body["response_format"] = {"type": "json_object"}
        # Some models refuse to be told how freely to speak; the last way leaves it to them.
        return body if shape == _WORDS else body | {"temperature": 0}


def _content_of(text: str) -> str:
    try:
        content = json.loads(text)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise PermanentError("the language model's server answers with no completion.") from None
    if not isinstance(content, str):
        raise PermanentError("the language model declines to answer.")
    return content


def _object_in(content: str) -> dict[str, Any]:
    """Return the last JSON object in an answer; some models think aloud before it."""
    decoder = json.JSONDecoder()
    found: dict[str, Any] | None = None
    at, tries = content.find("{"), 0
    # Braces without end are nobody's answer, and cost time.
    while at != -1 and tries < _MOST_TRIES:
        tries += 1
        try:
            found, end = decoder.raw_decode(content, at)
        except (ValueError, RecursionError):
            end = at + 1
        at = content.find("{", end)
    if found is None:
        raise PermanentError("the language model answers with no object.")
    return found
