"""The web edge: one FastAPI application, put together here."""

from collections.abc import Callable

from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from app import __version__
from app.api import (
    access,
    agents,
    audit,
    bulk,
    calendars,
    calls,
    canaries,
    contacts,
    customers,
    deliveries,
    describe,
    events,
    exclusions,
    health,
    incidents,
    intake_mails,
    ladders,
    mailboxes,
    maintenance,
    me,
    merging,
    metrics,
    policies,
    problems,
    reaching,
    reports,
    schedules,
    search,
    sign_in,
    sign_in_oidc,
    take,
    teams,
    templates,
    ticket_clocks,
    ticket_extras,
    ticket_lists,
    tickets,
    tokens,
    twilio,
    webhooks,
)
from app.api.edge import Edge
from app.api.guard import guarded
from app.desk.house import House
from app.kit.clock import Clock
from app.kit.db import Database
from app.outbox.twilio.webhook import Door
from app.worker import LoopHealth
from escalation import answer
from intake import mail_http, sms_twilio
from intake.http_trust import Taken
from intake.phone import generic as phone_generic
from intake.phone import twilio as phone_line

PREFIX = "/api/v1"


def create_app(
    db: Database,
    house: House,
    clock: Clock,
    *,
    loop_health: Callable[[], list[LoopHealth]] = list,
) -> FastAPI:
    """Return the application, ready to be served.

    Whoever serves it puts into ``state.stopping`` what tells that it is about to stop: an open
    stream would hold that up.
    """
    app = FastAPI(
        title="Svartid",
        version=__version__,
    )
    app.include_router(mail_http.router_for(house.settings))
    app.include_router(phone_generic.router())
    app.state.calls_taken = Taken()
    app.state.db = db
    app.state.house = house
    app.state.clock = clock
    app.state.twilio = Door(house.settings)
    app.state.loop_health = loop_health
    app.state.stopping = lambda: False
    problems.install(app)
    # Inside the edge, so that a refusal goes out by it; a route may have a limit of its own.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=house.settings.api.max_body_bytes)
    app.add_middleware(Edge, settings=house.settings.api, clock=clock)
    app.include_router(health.router)
    app.include_router(guarded(metrics.router))
    app.include_router(take.router)
    app.include_router(schedules.feeds)
    if house.settings.twilio.account_sid:
        app.include_router(twilio.router)
        app.include_router(answer.router)
        app.include_router(sms_twilio.router)
        app.include_router(phone_line.router)
    for part in (
        ticket_lists,
        search,
        tickets,
        ticket_extras,
        templates,
        bulk,
        calls,
        contacts,
        ticket_clocks,
        exclusions,
        customers,
        policies,
        calendars,
        maintenance,
        merging,
        intake_mails,
        canaries,
        agents,
        teams,
        me,
        tokens,
        audit,
        schedules,
        ladders,
        reaching,
        incidents,
        events,
        webhooks,
        deliveries,
        mailboxes,
        reports,
    ):
        app.include_router(guarded(part.router, prefix=PREFIX), prefix=PREFIX)
    for router in (sign_in.router, sign_in_oidc.router, sign_in.out):
        app.include_router(guarded(router, prefix=PREFIX), prefix=PREFIX)
    access.check_every_route(app)
    app.state.resources = access.resources(app)
    app.state.scopes = access.scopes(app)
    describe.install(app)
    return app
