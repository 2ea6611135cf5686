"""Errors as problem details (RFC 9457): what is wrong, in which field, and what to do."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.kit.errors import SvartidError
from app.kit.log import logger

log = logger("api")
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


def responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """Describe these errors in the OpenAPI document."""
    return {
        status: {
            "model": Problem,
            "description": _DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {}},
        }
        for status in statuses
    }


_DESCRIPTIONS = {
    401: "No valid token was given.",
    403: "The token's agent may not do this.",
    404: "There is no such thing.",
    409: "The ticket's state does not allow it.",
    422: "The request is not valid.",
    503: "The database does not answer; try again.",
}


def install(app: FastAPI) -> None:
    """Answer every error as a problem."""
    app.add_exception_handler(SvartidError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unforeseen)


def _answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SvartidError)  # noqa: S101 - registered for this class
    return _answer(
        Problem(
            title=error.title,
            status=error.status,
            detail=error.message,
            field=error.field,
            remedy=error.remedy,
        ),
        {"Retry-After": "5"} if error.status == 503 else None,
    )


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    wrong = [
        FieldProblem(field=".".join(str(part) for part in one["loc"]), reason=one["msg"])
        for one in error.errors()
    ]
    return _answer(
        Problem(
            title="The request is not valid",
            status=422,
            detail="; ".join(f"{one.field}: {one.reason}" for one in wrong),
            errors=wrong,
        )
    )


async def _plain(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    return _answer(
        Problem(title=str(error.detail), status=error.status_code, detail=str(error.detail)),
        dict(error.headers) if error.headers else None,
    )


async def _unforeseen(_request: Request, error: Exception) -> JSONResponse:
    log.error("unforeseen", exc_info=error)
    return _answer(
        Problem(
            title="Something went wrong",
            status=500,
            detail="The fault is ours and has been written down. Nothing was changed.",
        )
    )
