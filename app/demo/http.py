"""One call to the API, as any program would make it."""

import json
import urllib.request


def call(method: str, url: str, *, token: str, body: dict[str, object] | None = None) -> object:
    """Send JSON and return the JSON of the answer; ``urllib.error.HTTPError`` on a refusal."""
    request = urllib.request.Request(  # noqa: S310 - the demo's own address
        url,
        method=method,
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read())
