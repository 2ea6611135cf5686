"""Whether the service lives, and whether it keeps up."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.desk.house import House
from app.desk.pulse import Patience, PulseState, pulse_of
from app.kit.clock import Clock
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


class EngineOut(BaseModel):
    """How the engine that pages people is, wherever it runs."""

    state: PulseState
    heartbeat_age_s: float | None = Field(
        None, description="Seconds since it last completed a pass; null before the first."
    )
    lag_s: float = Field(0.0, description="Seconds that the oldest step due has been waiting.")


class Ready(BaseModel):
    """Whether everything that we stand on is there."""

    ready: bool
    database: str = Field(examples=["ok"])
    loops: list[LoopOut]
    engine: EngineOut | None = Field(description="Null while the database does not answer.")


@router.get("/healthz", operation_id="get_health")
def health() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", operation_id="get_readiness", responses={503: {"model": Ready}})
def readiness(request: Request, response: Response) -> Ready:
    """Say whether the database answers, every loop here runs, and the engine keeps up."""
    db: Database = request.app.state.db
    engine = None
    try:
        check_current(db)
        engine = _engine(request)
        database = "ok"
    except SvartidError as error:
        database = str(error)
    loops = loops_of(request)
    keeps_up = engine is not None and engine.state is PulseState.OK
    ready = keeps_up and all(loop.state == "running" for loop in loops)
    if not ready:
        response.status_code = 503
    return Ready(ready=ready, database=database, loops=loops, engine=engine)


def loops_of(request: Request) -> list[LoopOut]:
    """Return how the loops of this process are."""
    told = request.app.state.loop_health()
    return [LoopOut.model_validate(one, from_attributes=True) for one in told]


def _engine(request: Request) -> EngineOut:
    db: Database = request.app.state.db
    house: House = request.app.state.house
    clock: Clock = request.app.state.clock
    with db.reading() as session:
        pulse = pulse_of(session, Patience.of(house.settings.engine, clock), now=clock.now())
    return EngineOut(state=pulse.state, heartbeat_age_s=pulse.age_s, lag_s=pulse.lag_s)
