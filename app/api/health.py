"""Whether the service lives, and whether it keeps up."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.kit.db import Database
from app.kit.errors import SvartidError
from app.kit.schema import check_current

router = APIRouter(tags=["health"])


class LoopOut(BaseModel):
    """How one loop is."""

    name: str = Field(examples=["engine"])
    state: Literal["starting", "running", "failing", "stopped"]
    last_pass_s: float | None = Field(
        None, description="Seconds since its last completed pass; null before the first."
    )
    error: str | None = None


class Ready(BaseModel):
    """Whether everything that we stand on is there."""

    ready: bool
    database: str = Field(examples=["ok"])
    loops: list[LoopOut]


@router.get("/healthz", operation_id="get_health")
def health() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", operation_id="get_readiness", responses={503: {"model": Ready}})
def readiness(request: Request, response: Response) -> Ready:
    """Say whether the database answers and every loop of this process keeps up."""
    db: Database = request.app.state.db
    try:
        check_current(db)
        database = "ok"
    except SvartidError as error:
        database = str(error)
    loops = [
        LoopOut.model_validate(one, from_attributes=True) for one in request.app.state.loop_health()
    ]
    ready = database == "ok" and all(loop.state == "running" for loop in loops)
    if not ready:
        response.status_code = 503
    return Ready(ready=ready, database=database, loops=loops)
