"""One example of every body that a request can carry, as the OpenAPI document shows it.

Each is a whole body that the schema takes; the ids are made up. A test holds the table and the
document together, so that no body is left without one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_AGENT = "0198c2a4-7d10-7c3e-9f61-2b8e5a40d1c7"
_CUSTOMER = "0198c2a4-8e21-7f05-8a3c-91d2c67be004"
_OTHER = "0198c2a4-9f32-7a16-b7d8-04e6f1a25c93"
_FILE = {"name": "logg.txt", "content_type": "text/plain", "data": "RmVpbCA0MDI6IGF2dmlzdAo="}
_MAIL = """\
From: Kari Nordmann <kari@fjellbod.example>
To: support@desk.example
Subject: Feil i kassen
Date: Tue, 24 Nov 2026 10:12:00 +0100
Message-ID: <20261124101200.1@fjellbod.example>

Hei, ingen får betalt.
"""
# What a desk starts with.
_DATA = Path(__file__).parents[1] / "data"
_CALL = {
    "external_id": "1732439520.117",
    "direction": "inbound",
    "from": "+4791234567",
    "to": "+4722000000",
    "started": "2026-11-24T09:12:00Z",
    "answered": "2026-11-24T09:12:08Z",
    "ended": "2026-11-24T09:15:40Z",
    "outcome": "answered",
    "agent": "ola@desk.example",
}

# By the name of the body's model.
OF_MODELS: Mapping[str, Any] = {
    "AgentIn": {
        "name": "Ingrid Berg",
        "email": "ingrid@desk.example",
        "role": "agent",
        "phone": "+4791234567",
        "language": "nb",
    },
    "AgentPatch": {"role": "lead", "team": "butikk"},
    "AgreementIn": {
        "valid_from": "2027-01-01T00:00:00+01:00",
        "policy": "standard",
        "ladder": "default",
        "monthly_fee": 4900,
        "currency": "NOK",
    },
    "AssigneeIn": {"agent_id": _AGENT},
    "BulkIn": {
        "tickets": [{"number": 198, "version": 17}, {"number": 201}],
        "action": {"verb": "tag", "tags": ["faktura"]},
    },
    "CallIn": {
        "number": "912 34 567",
        "direction": "inbound",
        "outcome": "answered",
        "note": "Ingen får betalt. Gjelder alle kort.",
        "severity": "critical",
    },
    "CallOffIn": {"reason": "The customer has heard it by telephone."},
    "CallingIn": {"number": "912 34 567"},
    "CancelIn": {"reason": "The new version is not ready."},
    "CodeIn": {"code": "042917"},
    "ConfirmIn": {"title": "Betaling er nede"},
    "ContactChangeIn": {
        "name": "Kari Nordmann",
        "email": "kari@fjellbod.example",
        "language": "nb",
        "customer_id": _CUSTOMER,
    },
    "ContactIn": {
        "name": "Kari Nordmann",
        "email": "kari@fjellbod.example",
        "phone": "912 34 567",
        "language": "nb",
    },
    "CorrectionIn": {
        "at": "2026-11-24T10:12:00+01:00",
        "reason": "She answered by telephone before she wrote it down.",
    },
    "CustomerChangeIn": {
        "name": "Fjellbod AS",
        "language": "nb",
        "time_zone": "Europe/Oslo",
    },
    "CustomerIn": {"name": "Fjellbod AS", "domains": ["fjellbod.example"], "language": "nb"},
    "DisableIn": {"reason": "The receiver moves to another host."},
    "DomainIn": {"domain": "fjellbod.example"},
    "DraftIn": {"text": "Hei Kari, vi har funnet"},
    "DropIn": {"reason": "The credit was given by hand."},
    "EndAgreementIn": {
        "reason": "The customer has given notice.",
        "at": "2027-06-30T23:59:59+02:00",
    },
    "EndIn": {"at": "2026-11-24T14:30:00+01:00"},
    "ExclusionIn": {
        "kind": "third_party_app",
        "reason": "Frakttillegget svarer ikke.",
        "evidence": "Leverandørens driftsmelding 24.11. kl. 10.12.",
        "attachments": [_FILE],
        "starts_at": "2026-11-24T10:12:00+01:00",
    },
    "HandOnIn": {"agent_id": _AGENT, "reason": "She knows the payment provider."},
    "IncidentIn": {"title": "Betaling er nede hos leverandøren", "tickets": [198, 201]},
    "LadderIn": {
        "toml": (_DATA / "ladder.toml").read_text("utf-8"),
        "starts_at": "2027-01-01T00:00:00+01:00",
    },
    "LeaveIn": {
        "start": "2026-12-21T08:00:00+01:00",
        "end": "2027-01-04T08:00:00+01:00",
        "note": "Juleferie",
    },
    "LeaveIncidentIn": {"reason": "It is a fault of its own."},
    "LinkIn": {"to": 197, "kind": "caused_by"},
    "MergeContactIn": {"into": _OTHER},
    "MergeIn": {"into": 197, "reason": "The same fault, reported twice."},
    "MethodIn": {"channel": "sms", "address": "+4791234567", "urgencies": ["high"]},
    "MoveIn": {"policy_id": _OTHER, "reason": "The new terms hold from the order on."},
    "NoteIn": {"text": "Ring Kari. @ola har loggen.", "mentions": [_AGENT]},
    "OrderIn": {"ids": [_OTHER, _AGENT]},
    "OverrideIn": {
        "start": "2026-12-24T16:00:00+01:00",
        "end": "2026-12-25T08:00:00+01:00",
        "person": "ingrid@desk.example",
        "instead_of": "ola@desk.example",
        "note": "Byttet kveld",
    },
    "PasswordIn": {"current": "gammel fjelltopp 41", "password": "ny fjelltopp og sjø 42"},
    "PhoneIn": {"phone": "912 34 567"},
    "PolicyIn": {
        "toml": (_DATA / "policy.toml").read_text("utf-8"),
        "starts_at": "2027-01-01T00:00:00+01:00",
    },
    "ProofIn": {"password": "ny fjelltopp og sjø 42"},
    "QuietIn": {"start": "22:00", "end": "07:00", "time_zone": "Europe/Oslo"},
    "ReasonIn": {"reason": "Rettet i versjon 3.4."},
    "RefuseIn": {"reason": "The outage was our own."},
    "ReplayIn": {"after": 4711},
    "ReplyIn": {
        "text": "Hei! Vi har funnet feilen og retter den nå. Se loggen.",
        "cc": ["per@revisor.example"],
        "attachments": [_FILE],
        "then": "wait",
    },
    "SeverityIn": {"severity": "critical", "reason": "Nobody can pay, see the log."},
    "SignInIn": {"email": "ola@desk.example", "password": "ny fjelltopp og sjø 42"},
    "SiteIn": {"host": "butikk.example", "name": "Nettbutikken"},
    "SnoozeIn": {
        "until": "2026-11-25T02:15:00+01:00",
        "reason": "The provider restarts at two.",
    },
    "SplitIn": {"messages": [_OTHER], "subject": "Skjev logo"},
    "SwapIn": {
        "first": "2026-12-24T20:00:00+01:00",
        "second": "2026-12-31T20:00:00+01:00",
        "note": "Jul mot nyttår",
    },
    "TagsIn": {"tags": ["faktura", "nettbutikk"]},
    "TeamIn": {"mailboxes": ["support"], "customers": [_CUSTOMER]},
    "TemplateIn": {
        "name": "Mottatt",
        "language": "nb",
        "text": "Hei {{ first_name }}! Vi ser på sak {{ number }}.",
    },
    "TicketsIn": {"tickets": [198, 201]},
    "TimeIn": {"minutes": 45, "billable": True, "note": "Feilsøking i kassen"},
    "TokenIn": {
        "name": "Export to the data warehouse",
        "scopes": ["tickets:read"],
        "expires_at": "2027-11-24T00:00:00+01:00",
    },
    "TotpCodeIn": {"code": "042917"},
    "UndoIn": {"what": "merge", "reason": "It was another shop."},
    "ViewIn": {
        "name": "Mitt lag",
        "shared": True,
        "query": {"status": ["open"], "whose": ["team"]},
    },
    "WaitIn": {"reason": "Which browser?"},
    "WebhookChangeIn": {"kinds": ["ticket.opened", "ticket.solved"]},
    "WebhookIn": {
        "name": "Data warehouse",
        "url": "https://example.com/svartid",
        "kinds": ["ticket.opened"],
    },
    "WhoseIn": {"customer_id": _CUSTOMER},
    "WhyIn": {"reason": "The invoice has not been paid."},
    "WindowIn": {
        "title": "Oppgradering av databasen",
        "starts_at": "2026-12-06T02:00:00+01:00",
        "ends_at": "2026-12-06T04:00:00+01:00",
        "everyone": True,
    },
    "WithdrawIn": {"reason": "It was our own fault after all."},
    "WordIn": {"texts": {"nb": "Vi er på saken.", "en": "We are on it."}},
}

# By operation and media type, where the body has no model.
OF_OPERATIONS: Mapping[tuple[str, str], Any] = {
    ("hand_over_email", "message/rfc822"): _MAIL,
    ("hand_over_email", "multipart/form-data"): {
        "recipient": "support@desk.example",
        "sender": "kari@fjellbod.example",
        "body-mime": _MAIL,
    },
    ("report_call", "application/json"): _CALL,
    ("report_call", "application/x-www-form-urlencoded"): _CALL,
    ("save_schedule", "application/json"): {
        "tz": "Europe/Oslo",
        "layers": [
            {
                "name": "uke",
                "people": ["ola@desk.example", "ingrid@desk.example"],
                "starts": "2027-01-04T08:00:00",
                "every": "week",
            }
        ],
    },
}


def add_examples(operation: str, body: dict[str, Any]) -> None:
    """Put into an operation's ``requestBody`` the example of each media type."""
    for media_type, content in body["content"].items():
        model = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        example = OF_MODELS.get(model, OF_OPERATIONS.get((operation, media_type)))
        if example is not None:
            content["example"] = example
