"""Subscriptions to the feed: add, change, replay; and telling who made one of its end."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from app.desk.events import audit_of
from app.desk.house import House
from app.desk.staff_notices import ToStaff, notify
from app.desk.work import By
from app.kit.errors import BadInput, Conflict, NotFound, PermanentError
from app.kit.net import Outside
from app.models import Event, Subscription
from app.models.base import Id
from app.outbox.events import type_of
from app.sla.ladder import PageChannel
from app.store import feed, people, subscriptions

TYPES = frozenset(type_of(kind.value) for kind in Event)
_SUBJECTS = {
    "nb": "Webhooken {name} er slått av",
    "nn": "Webhooken {name} er slått av",
    "en": "The webhook {name} is disabled",
}
_TEXTS = {
    "nb": """{url} har ikke tatt imot det vi sender: {reason}

Ingenting er tapt: det som gjenstår, sendes når webhooken slås på igjen.""",
    "nn": """{url} har ikkje teke imot det vi sender: {reason}

Ingenting er tapt: det som står att, blir sendt når webhooken blir slått på att.""",
    "en": """{url} has not taken what we send: {reason}

Nothing is lost: what is left is sent when the webhook is enabled again.""",
}


def new_secret() -> str:
    """Return a secret as receivers' libraries of Standard Webhooks take it, of 256 bits."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def get_subscription(session: Session, subscription_id: Id, *, lock: bool = False) -> Subscription:
    """Return a subscription; NotFound when there is none."""
    found = subscriptions.find(session, subscription_id, lock=lock)
    if found is None:
        raise NotFound(f"there is no webhook {subscription_id}", field="webhook_id")
    return found


def check_target(outside: Outside, url: str) -> None:
    """Refuse an address that must not be called, as the sender would."""
    try:
        outside.check(url)
    except PermanentError as error:
        raise BadInput(error.message, field="url", remedy=error.remedy) from error


def add_subscription(
    session: Session, by: By, *, name: str, url: str, kinds: Sequence[str], after: int | None
) -> Subscription:
    """Let a program be told of events after a place in the feed; None for those from now on."""
    subscription = Subscription(
        name=name,
        url=url,
        secret=new_secret(),
        kinds=_checked(kinds),
        place=feed.newest(session) if after is None else after,
        created_by=by.agent.id,
        created_at=by.now,
    )
    session.add(subscription)
    _audit(session, subscription, by, "added", {"url": url, "kinds": subscription.kinds})
    return subscription


def change_subscription(
    session: Session,
    subscription: Subscription,
    by: By,
    *,
    name: str | None = None,
    url: str | None = None,
    kinds: Sequence[str] | None = None,
) -> None:
    """Change what is given; None leaves it as it is."""
    if name is not None:
        subscription.name = name
    if url is not None:
        subscription.url = url
    if kinds is not None:
        subscription.kinds = _checked(kinds)
    after: dict[str, object] = {"url": subscription.url, "kinds": subscription.kinds}
    _audit(session, subscription, by, "changed", after)


def rotate_secret(session: Session, subscription: Subscription, by: By) -> None:
    """Sign with a new secret from now on."""
    subscription.secret = new_secret()
    _audit(session, subscription, by, "secret_rotated", {})


def disable(session: Session, subscription: Subscription, by: By, *, reason: str) -> None:
    """Tell it nothing more until it is enabled; nothing is lost meanwhile."""
    if subscription.disabled_at is not None:
        raise Conflict(f"the webhook {subscription.name} is disabled already")
    subscription.disabled_at, subscription.disabled_reason = by.now, reason
    _audit(session, subscription, by, "disabled", {"reason": reason})


def enable(session: Session, subscription: Subscription, by: By) -> None:
    """Tell it again, beginning with what it has missed."""
    if subscription.disabled_at is None:
        raise Conflict(f"the webhook {subscription.name} is not disabled")
    subscription.disabled_at, subscription.disabled_reason = None, ""
    subscriptions.try_at_once(session, subscription.id, by.now)
    _audit(session, subscription, by, "enabled", {})


def replay(session: Session, subscription: Subscription, by: By, *, after: int) -> None:
    """Tell everything after a place once more, in order; ``webhook-id`` is what it was."""
    if after > feed.newest(session):
        raise BadInput("nothing has happened at this place yet", field="after")
    subscriptions.cancel_pending(session, subscription.id, after=after)
    before = subscription.place
    subscription.place = after
    _audit(session, subscription, by, "replayed", {"after": after, "was_at": before})


def remove(session: Session, subscription: Subscription, by: By) -> None:
    """End a subscription and forget its deliveries."""
    _audit(session, subscription, by, "removed", {"name": subscription.name})
    subscriptions.remove(session, subscription)


def tell_of_disabling(
    session: Session, house: House, subscription: Subscription, *, now: datetime
) -> None:
    """Mail whoever made a subscription that it was disabled, and the catch-all."""
    maker = people.find_agent(session, subscription.created_by)
    desk = house.settings.desk.language.value
    readers = {maker.email: maker.language} if maker is not None and maker.active else {}
    if house.settings.policy.catch_all is not None:
        readers.setdefault(house.settings.policy.catch_all, desk)
    for address, language in readers.items():
        known = language if language in _TEXTS else "en"
        subject, text = (
            words[known].format(
                name=subscription.name,
                url=subscription.url,
                reason=subscription.disabled_reason,
            )
            for words in (_SUBJECTS, _TEXTS)
        )
        what = ToStaff(
            key=f"webhook:{subscription.id}:{now.isoformat()}:{address}",
            channel=PageChannel.MAIL,
            address=address,
            subject=subject,
            text=text,
            language=language,
        )
        notify(session, house, what, now=now)


def _checked(kinds: Sequence[str]) -> list[str]:
    unknown = sorted(set(kinds) - TYPES)
    if unknown:
        raise BadInput(f"there is no event {unknown[0]!r}", field="kinds")
    return sorted(set(kinds))


def _audit(
    session: Session, subscription: Subscription, by: By, what: str, after: dict[str, object]
) -> None:
    audit_of(
        session,
        "webhook",
        subscription.id,
        f"webhook.{what}",
        now=by.now,
        actor=by.actor,
        after=after,
    )
