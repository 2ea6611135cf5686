"""Templates: words that are answered with often, with names that are filled in."""

import re
from collections.abc import Mapping

from sqlmodel import Session

from app.desk.events import audit_of
from app.desk.house import House
from app.desk.work import By
from app.kit.errors import BadInput, Conflict, NotFound
from app.models import Contact, Customer, ReplyTemplate, Ticket
from app.models.base import Id
from app.store import extras

_BLANK = re.compile(r"\{\{\s*(\w*)\s*\}\}")
# What a template may ask for.
NAMES = (
    "number",
    "subject",
    "contact_name",
    "first_name",
    "customer_name",
    "agent_name",
    "desk_name",
)


def add_template(
    session: Session, by: By, *, name: str, language: str | None, text: str
) -> ReplyTemplate:
    """Keep a template; Conflict where the name is taken."""
    _check_free(session, name)
    check_text(text)
    template = ReplyTemplate(
        name=name, language=language, text=text, created_at=by.now, updated_at=by.now
    )
    session.add(template)
    _audit(session, template, by, "added")
    return template


def change_template(
    session: Session,
    template: ReplyTemplate,
    by: By,
    *,
    name: str,
    language: str | None,
    text: str,
) -> None:
    """Change all of a template."""
    if name != template.name:
        _check_free(session, name)
    check_text(text)
    template.name, template.language, template.text = name, language, text
    template.updated_at = by.now
    _audit(session, template, by, "changed")


def remove_template(session: Session, template: ReplyTemplate, by: By) -> None:
    """Forget a template."""
    _audit(session, template, by, "removed")
    session.delete(template)


def get_template(session: Session, template_id: Id) -> ReplyTemplate:
    """Return a template; NotFound when there is none."""
    found = extras.find_template(session, template_id)
    if found is None:
        raise NotFound(f"there is no template {template_id}", field="template_id")
    return found


def fill_in(session: Session, house: House, template: ReplyTemplate, ticket: Ticket, by: By) -> str:
    """Return a template's words for a ticket; a name that is not known leaves nothing behind."""
    contact = session.get(Contact, ticket.contact_id) if ticket.contact_id else None
    customer = session.get(Customer, ticket.customer_id) if ticket.customer_id else None
    name = contact.name if contact else ""
    values: Mapping[str, str] = {
        "number": str(ticket.number),
        "subject": ticket.subject,
        "contact_name": name,
        "first_name": name.split(" ", 1)[0],
        "customer_name": customer.name if customer else "",
        "agent_name": by.agent.name,
        "desk_name": house.settings.desk.name,
    }
    # Filled in once: what a customer calls themselves is never read as a name to fill in.
    return _BLANK.sub(lambda match: values[match[1]], template.text)


def check_text(text: str) -> None:
    """Refuse a template that asks for what is not known."""
    for name in _BLANK.findall(text):
        if name not in NAMES:
            raise BadInput(
                f"there is no {{{{ {name} }}}}",
                field="text",
                remedy=f"Use one of: {', '.join(NAMES)}.",
            )


def _check_free(session: Session, name: str) -> None:
    if extras.find_template_named(session, name) is not None:
        raise Conflict(f"there is a template called {name!r} already", field="name")


def _audit(session: Session, template: ReplyTemplate, by: By, what: str) -> None:
    audit_of(
        session,
        "template",
        template.id,
        f"template.{what}",
        now=by.now,
        actor=by.actor,
        after={"name": template.name, "text": template.text},
    )
