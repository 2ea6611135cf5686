"""Whoever is asking."""

from typing import Self

from fastapi import APIRouter
from pydantic import Field

from app.api.agents import AgentOut
from app.api.context import Context, Reader
from app.api.problems import responses
from app.api.tokens import TokenOut

router = APIRouter(prefix="/me", tags=["me"], responses=responses(401, 403, 503))


class MeOut(AgentOut):
    """Who you are, and what the token in your hand may do."""

    token: TokenOut | None = Field(description="Null where you are signed in with a browser.")

    @classmethod
    def asking(cls, context: Context) -> Self:
        """Return whoever asks."""
        token = TokenOut.of(context.token) if context.token else None
        return cls(**AgentOut.of(context.agent).model_dump(), token=token)


@router.get("", operation_id="get_me")
def get_me(context: Reader) -> MeOut:
    """Say who is asking, and by which token."""
    return MeOut.asking(context)
