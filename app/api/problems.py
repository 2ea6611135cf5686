"""Errors as problem details (RFC 9457): what is wrong, in which field, and what to do."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.kit.errors import SvartidError, TooMany, Unauthenticated

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One wrong field of a request."""

    field: str = Field(examples=["body.severity"])
    reason: str = Field(examples=["Input should be 'critical', 'serious', 'minor' or 'request'"])


class Problem(BaseModel):
    """What is wrong, for a person and for a program."""

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["you cannot solve ticket 198: it is solved"])
    field: str | None = Field(None, examples=["reason"])
    remedy: str | None = Field(None, examples=["Reopen it first."])
    errors: list[FieldProblem] = Field(default_factory=list)
    current: dict[str, Any] | None = Field(
        None, description="With 412: the thing as it is now.", examples=[None]
    )


def responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """Describe these errors in the OpenAPI document."""
    return {
        status: {
            "model": Problem,
            "description": DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {}},
        }
        for status in statuses
    }


DESCRIPTIONS = {
    400: "The request cannot be read.",
    401: "Nobody is signed in: no token or session, or one that counts no longer.",
    403: "Whoever asks may not do this: their role, or the token's scopes.",
    404: "There is no such thing, or none that whoever asks may see.",
    408: "The request took too long to arrive.",
    409: "The thing's state does not allow it.",
    412: "The thing is no longer as If-Match says; `current` is what it is now.",
    413: "The request is too large.",
    422: "The request is not valid; `errors` names each wrong field.",
    429: "Too many requests; Retry-After says how many seconds to wait.",
    500: "The fault is ours; nothing was changed.",
    503: "The database does not answer in time; try again after Retry-After.",
}


TOO_LARGE = Problem(
    title="The request is too large",
    status=413,
    detail="the body has more bytes than are taken here",
    remedy="Send less at once; the operator sets `api.max_body_bytes`.",
)


def install(app: FastAPI) -> None:
    """Answer every error as a problem."""
    app.add_exception_handler(SvartidError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)


def answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return a problem as a response."""
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SvartidError)  # noqa: S101 - registered for this class
    return answer(
        Problem(
            title=error.title,
            status=error.status,
            detail=error.message,
            field=error.field,
            remedy=error.remedy,
        ),
        _headers_of(error),
    )


def _headers_of(error: SvartidError) -> dict[str, str] | None:
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.wait_s)}
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": "5"} if error.status == 503 else None


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    wrong = [
        FieldProblem(field=".".join(str(part) for part in one["loc"]), reason=one["msg"])
        for one in error.errors()
    ]
    return answer(
        Problem(
            title="The request is not valid",
            status=422,
            detail="; ".join(f"{one.field}: {one.reason}" for one in wrong),
            errors=wrong,
        )
    )


async def _plain(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    if error.status_code == TOO_LARGE.status:
        return answer(TOO_LARGE)
    return answer(
        Problem(title=str(error.detail), status=error.status_code, detail=str(error.detail)),
        dict(error.headers) if error.headers else None,
    )
