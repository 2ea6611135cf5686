"""``POST /intake/email``: a relay provider hands a mail over by HTTP.

The mail is the body itself, or a field or file of a form as the providers post it. "200" is said
only after the ledger's commit; anything else means that the provider keeps the mail and comes
again. Who posts must know the token, or sign.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from app.config import Settings
from app.kit.clock import Clock
from app.kit.errors import BadInput
from intake.handed import Handed, HandedLedger, addressees, find_mailbox, receipt_time, with_trace
from intake.http_trust import Keys, NotKnown, check_form, check_headers

# Where the providers put the raw mail, the most telling name first: Mailgun ("body-mime"),
# SendGrid ("email"), CloudMailin ("message").
MAIL_FIELDS = ("body-mime", "email", "message", "raw")
# Where they put the envelope's recipient and sender.
TO_FIELDS = ("recipient", "rcpt_to", "envelope[to]", "to")
FROM_FIELDS = ("sender", "mail_from", "envelope[from]")
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class Taken(BaseModel):
    """The mail is in the ledger."""

    id: UUID = Field(description="Its id in the ledger.")
    mailbox: str


@dataclass(frozen=True)
class _Posted:
    """What a request carried; None and () where it does not say."""

    raw: bytes
    size: int
    sender: str | None = None
    to: tuple[str, ...] = ()


def router_for(settings: Settings) -> APIRouter:
    """Return the route; a larger mail than we keep may still be posted, and is cut."""
    router = APIRouter(tags=["intake"])
    router.add_api_route(
        "/intake/email",
        post_email,
        methods=["POST"],
        operation_id="hand_over_email",
        response_model=Taken,
        responses={401: {"description": "The token or the signature is wrong."}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"message/rfc822": {}, "multipart/form-data": {}},
            }
        },
        max_body_size=settings.intake.max_bytes * 4,
    )
    return router


async def post_email(
    request: Request,
    mailbox: Annotated[
        str | None, Query(description="Where it belongs; else its addressee.")
    ] = None,
) -> Taken | JSONResponse:
    """Take in a raw mail (RFC 5322), as the body or as a form's field."""
    settings: Settings = request.app.state.house.settings
    clock: Clock = request.app.state.clock
    now = clock.now()
    keys = Keys.of(settings.mail_http, at="mail_http")
    try:
        posted = await _read(request, keys, settings.intake.max_bytes, now=now)
    except NotKnown as error:
        return JSONResponse(
            {"title": "Not allowed", "status": 401, "detail": str(error)},
            status_code=401,
            media_type="application/problem+json",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if not posted.raw.strip():
        raise BadInput("there is no mail in this request", field="body")
    name = _mailbox_of(settings, mailbox, posted)
    if posted.to or posted.sender is not None:
        raw = with_trace(
            posted.raw, sender=posted.sender, to=posted.to, via="by the desk with HTTP", now=now
        )
    else:
        raw = posted.raw
    mail = Handed(
        mailbox=name,
        way="http",
        received_at=receipt_time(posted.raw, now=now),
        raw=raw,
        size=posted.size,
        truncated=posted.size > len(posted.raw),
    )
    ledger = HandedLedger(request.app.state.db, clock)
    (row,) = await run_in_threadpool(ledger.take, [mail])
    return Taken(id=row, mailbox=name)


async def _read(request: Request, keys: Keys, most: int, *, now: datetime) -> _Posted:
    """Read the request and make sure of who sent it; ``NotKnown`` for a stranger."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    headers = check_headers(keys, request.headers, now=now)
    if kind not in _FORMS:
        if headers.is_nobody:
            raise NotKnown("Give a token, or sign the request.")
        raw, size = await _bounded(request.stream(), most)
        headers.check_body(raw)
        return _Posted(raw, size)
    if headers.is_nobody and keys.signing is None:
        raise NotKnown("Give a token, or sign the request.")
    try:
        form = await _form(request, kind, most)
    except MultiPartException as error:
        raise BadInput(error.message, field="body") from error
    try:
        if not headers.is_token:
            check_form(keys, form, now=now)
        return await _from_form(form, most)
    finally:
        await form.close()


async def _form(request: Request, kind: str, most: int) -> FormData:
    """Read a form so that every byte of a field survives: as Latin-1, which has all of them."""
    if kind != "multipart/form-data":
        return await request.form(max_fields=500, max_part_size=most)
    given = request.headers["content-type"]
    headers = Headers({"content-type": f"{given}; charset=latin-1"})
    parser = MultiPartParser(
        headers, request.stream(), max_files=100, max_fields=500, max_part_size=most
    )
    return await parser.parse()


async def _from_form(form: FormData, most: int) -> _Posted:
    for field in MAIL_FIELDS:
        found = form.get(field)
        if isinstance(found, UploadFile):
            raw = await found.read(most)
            return _Posted(raw, found.size or len(raw), *_envelope(form))
        if isinstance(found, str) and found.strip():
            raw = _bytes(found)
            return _Posted(raw[:most], len(raw), *_envelope(form))
    raise BadInput(
        "no field of this form is a raw mail",
        field="body",
        remedy=f"Let the provider post the raw MIME message, as {', '.join(MAIL_FIELDS)}.",
    )


def _bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        # A form that is not multipart came decoded.
        return value.encode("utf-8", "replace")


def _envelope(form: FormData) -> tuple[str | None, tuple[str, ...]]:
    """Return the envelope's sender and recipients, as the provider tells them."""
    told = form.get("envelope")
    if isinstance(told, str):
        # SendGrid: {"to": ["support@example.no"], "from": "kari@kunde.example"}.
        try:
            envelope = json.loads(told)
            to = envelope.get("to", [])
            sender = envelope.get("from")
            return (sender if isinstance(sender, str) else None), tuple(map(str, to))[:100]
        except (ValueError, AttributeError, TypeError, RecursionError):
            pass
    return _text(form, FROM_FIELDS), tuple(
        one.strip() for one in (_text(form, TO_FIELDS) or "").split(",") if "@" in one
    )


def _text(form: FormData, names: tuple[str, ...]) -> str | None:
    return next((value for name in names if isinstance(value := form.get(name), str)), None)


async def _bounded(stream: AsyncIterator[bytes], most: int) -> tuple[bytes, int]:
    """Read to the end, and keep at most ``most`` bytes."""
    kept = bytearray()
    size = 0
    async for chunk in stream:
        kept += chunk[: max(0, most - len(kept))]
        size += len(chunk)
    return bytes(kept), size


def _mailbox_of(settings: Settings, named: str | None, posted: _Posted) -> str:
    """Return the mailbox that a mail is for.

    1. The one that the request names; one that is not there is refused.
    2. That of the envelope's recipient.
    3. That of an addressee in the mail itself.
    4. The only one there is.
    """
    boxes = settings.mailboxes
    if named is not None:
        if named not in boxes:
            raise BadInput(f"there is no mailbox {named!r}", field="mailbox")
        return named
    for address in (*posted.to, *addressees(posted.raw)):
        found = find_mailbox(settings, address)
        if found is not None:
            return found
    if len(boxes) == 1:
        return next(iter(boxes))
    raise BadInput(
        "the mail is for none of this desk's mailboxes",
        field="mailbox",
        remedy="Name one in the address: /intake/email?mailbox=NAME.",
    )
