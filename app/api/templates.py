"""Templates of replies: words that are answered with often."""

from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.api.context import Lead, Reader, ticket_of
from app.api.customers import Named, Word
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Body, Said
from app.desk import templates as desk
from app.desk.work import By
from app.models import ReplyTemplate
from app.store import extras

router = APIRouter(tags=["templates"], responses=responses(401, 403, 404, 422, 503))
_CONFLICT = responses(409)


class TemplateOut(BaseModel):
    """A template."""

    id: UUID
    name: str
    language: str | None = Field(description="Null where it fits any.")
    text: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, template: ReplyTemplate) -> Self:
        """Return the template."""
        return cls(**{name: getattr(template, name) for name in cls.model_fields})


class TemplatePage(Page[TemplateOut]):
    """A page of templates, by name."""


class TemplateIn(Body):
    """A template; `{{ contact_name }}` and its like are filled in."""

    name: Named
    language: Word | None = None
    text: Said = Field(examples=["Hei {{ first_name }}! Vi ser på sak {{ number }}."])


class FilledOut(BaseModel):
    """A template's words for one ticket."""

    text: str


@router.get("/templates", operation_id="list_templates")
def list_templates(context: Reader, wanted: Paged) -> TemplatePage:
    """List the templates, by name."""
    with context.reading() as session:
        rows = extras.templates(session)
    page, cursor = cut_all(rows, wanted, str, key=lambda row: (row.name,))
    return TemplatePage(items=[TemplateOut.of(row) for row in page], next=cursor)


@router.post("/templates", operation_id="add_template", status_code=201, responses=_CONFLICT)
def post_template(context: Lead, body: TemplateIn) -> TemplateOut:
    """Keep a template; what it asks to be filled in is checked."""
    with context.db.writing() as session:
        by = By(context.agent, context.now)
        made = desk.add_template(
            session, by, name=body.name, language=body.language, text=body.text
        )
        return TemplateOut.of(made)


@router.get("/templates/{template_id}", operation_id="get_template")
def get_template(context: Reader, template_id: UUID) -> TemplateOut:
    """Read a template."""
    with context.reading() as session:
        return TemplateOut.of(desk.get_template(session, template_id))


@router.put("/templates/{template_id}", operation_id="change_template", responses=_CONFLICT)
def put_template(context: Lead, template_id: UUID, body: TemplateIn) -> TemplateOut:
    """Change a template."""
    with context.db.writing() as session:
        template = desk.get_template(session, template_id)
        desk.change_template(
            session,
            template,
            By(context.agent, context.now),
            name=body.name,
            language=body.language,
            text=body.text,
        )
        return TemplateOut.of(template)


@router.delete("/templates/{template_id}", operation_id="remove_template", status_code=204)
def delete_template(context: Lead, template_id: UUID) -> Response:
    """Forget a template."""
    with context.db.writing() as session:
        template = desk.get_template(session, template_id)
        desk.remove_template(session, template, By(context.agent, context.now))
    return Response(status_code=204)


@router.get("/tickets/{number}/templates/{template_id}", operation_id="fill_in_template")
def get_filled(context: Reader, number: int, template_id: UUID) -> FilledOut:
    """Read a template's words for a ticket, to be changed before they are sent."""
    with context.reading() as session:
        ticket = ticket_of(session, context.agent, number)
        template = desk.get_template(session, template_id)
        by = By(context.agent, context.now)
        return FilledOut(text=desk.fill_in(session, context.house, template, ticket, by))
