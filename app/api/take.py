"""The page behind a page's link: one press takes the ticket."""

from html import escape
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.api.context import ticket_of
from app.desk import taking
from app.desk.house import House
from app.desk.links import is_take_link
from app.desk.work import By
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import Conflict, NotFound
from app.models import Agent
from app.store import people

router = APIRouter(tags=["take"], include_in_schema=False)

_PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title}</title>
<style>body{{font:1.1rem/1.5 system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem}}
button{{font:inherit;padding:.7rem 1.4rem;cursor:pointer}}</style>
<h1>{title}</h1><p>{text}</p>{form}</html>"""

_WORDS = {
    "nb": {
        "ask": "{name}, vil du ta saken?",
        "button": "Jeg tar saken",
        "done": "Saken er din. Ingen flere blir varslet; klokkene går til kunden har fått svar.",
        "late": "Saken er ikke åpen lenger, så det er ingenting å ta.",
    },
    "en": {
        "ask": "{name}, will you take this ticket?",
        "button": "I take it",
        "done": "The ticket is yours. The ladder stops; the clocks run until you have answered.",
        "late": "The ticket is no longer open, so there is nothing to take.",
    },
}


@router.get("/take/{number}/{agent_id}/{mark}")
def ask(request: Request, number: int, agent_id: UUID, mark: str) -> HTMLResponse:
    """Show the ticket and ask for one press; looking takes nothing (RFC 9110, section 9.2.1)."""
    db: Database = request.app.state.db
    with db.reading() as session:
        agent = _whose(request, number, people.find_agent(session, agent_id), mark)
        ticket = ticket_of(session, agent, number)
    words = _words(agent)
    form = f'<form method="post"><button>{words["button"]}</button></form>'
    text = words["ask"].format(name=agent.name)
    return _page(agent, f"#{number}: {ticket.subject}", text, form)


@router.post("/take/{number}/{agent_id}/{mark}")
def take(request: Request, number: int, agent_id: UUID, mark: str) -> HTMLResponse:
    """Take the ticket; pressing twice changes nothing."""
    db: Database = request.app.state.db
    clock: Clock = request.app.state.clock
    house: House = request.app.state.house
    with db.writing() as session:
        agent = _whose(request, number, people.find_agent(session, agent_id), mark)
        ticket = ticket_of(session, agent, number, lock=True)
        try:
            taking.take(session, house, ticket, By(agent, clock.now()))
            said = "done"
        except Conflict:
            said = "late"
    return _page(agent, f"#{number}: {ticket.subject}", _words(agent)[said])


def _whose(request: Request, number: int, agent: Agent | None, mark: str) -> Agent:
    house: House = request.app.state.house
    if agent is None or not agent.active or not is_take_link(house, number, agent.id, mark):
        raise NotFound("this link is not one of ours, or it is not yours any more")
    return agent


def _words(agent: Agent) -> dict[str, str]:
    return _WORDS["en" if agent.language == "en" else "nb"]


def _page(agent: Agent, title: str, text: str, form: str = "") -> HTMLResponse:
    body = _PAGE.format(
        language=escape(agent.language), title=escape(title), text=escape(text), form=form
    )
    # The address is a key: it is told to no other site.
    return HTMLResponse(
        body, headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    )
