"""Numbers for Prometheus: how the engine, the loops and the outbox are."""

from collections.abc import Iterable, Sequence

from fastapi import APIRouter, Request, Response
from prometheus_client import REGISTRY, CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from app.api.context import Reader
from app.api.health import LoopOut, loops_of
from app.desk.pulse import Patience, Pulse, PulseState, pulse_of
from app.store import outbox

router = APIRouter(tags=["health"])


@router.get("/metrics", operation_id="get_metrics", response_class=Response)
def metrics(context: Reader, request: Request) -> Response:
    """Return the numbers in Prometheus' text format; a viewer's token is enough."""
    patience = Patience.of(context.house.settings.engine, context.clock)
    with context.reading() as session:
        pulse = pulse_of(session, patience, now=context.now)
        waiting = outbox.waiting_by_channel(session, context.now)
    # Read anew at each request; what a process counts for itself is in the library's own registry.
    registry = CollectorRegistry()
    _engine(registry, pulse)
    _loops(registry, loops_of(request))
    _outbox(registry, waiting)
    text = generate_latest(registry) + generate_latest(REGISTRY)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _engine(registry: CollectorRegistry, pulse: Pulse) -> None:
    lag = Gauge(
        "svartid_engine_lag_seconds", "How long the oldest due step waits.", registry=registry
    )
    lag.set(pulse.lag_s)
    age = Gauge(
        "svartid_engine_heartbeat_age_seconds",
        "Since the engine last completed a pass; absent before the first.",
        registry=registry if pulse.age_s is not None else None,
    )
    age.set(pulse.age_s or 0)
    state = Gauge("svartid_engine_state", "1 for the state it is in.", ["state"], registry=registry)
    for one in PulseState:
        state.labels(one.value).set(one is pulse.state)


def _loops(registry: CollectorRegistry, loops: Sequence[LoopOut]) -> None:
    running = Gauge(
        "svartid_loop_running", "1 while a loop of this process runs.", ["loop"], registry=registry
    )
    for loop in loops:
        running.labels(loop.name).set(loop.state == "running")


def _outbox(registry: CollectorRegistry, waiting: Iterable[tuple[str, int, float]]) -> None:
    count = Gauge(
        "svartid_outbox_waiting", "Messages not yet sent.", ["channel"], registry=registry
    )
    oldest = Gauge(
        "svartid_outbox_oldest_seconds",
        "How long the oldest due message waits.",
        ["channel"],
        registry=registry,
    )
    for channel, number, age_s in waiting:
        count.labels(channel).set(number)
        oldest.labels(channel).set(max(0.0, age_s))
