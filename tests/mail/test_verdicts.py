"""Person or machine: each header by its own grammar, and the reason is named."""

import pytest

from intake.mail import Verdict, parse
from tests.mail.samples import mail, multipart

MACHINES = [
    ({"Auto_Submitted": "auto-replied; owner-email=x@y.example"}, Verdict.AUTO_REPLY),
    ({"Auto_Submitted": "auto-generated (rejected)"}, Verdict.AUTO_REPLY),
    ({"X_Auto_Response_Suppress": "DR, OOF, AutoReply"}, Verdict.AUTO_REPLY),
    ({"X_Autoreply": "yes"}, Verdict.AUTO_REPLY),
    ({"Precedence": "auto_reply"}, Verdict.AUTO_REPLY),
    ({"Precedence": "bulk", "Return_Path": "<>"}, Verdict.AUTO_REPLY),
    ({"Return_Path": "<>"}, Verdict.AUTO_REPLY),
    ({"List_Id": "<nyheter.example>"}, Verdict.BULK),
    ({"Precedence": "list"}, Verdict.BULK),
]
PEOPLE = [
    {},
    {"Auto_Submitted": "no"},
    {"Auto_Submitted": "no (by a person)"},
    {"Auto_Submitted": ""},
    {"X_Auto_Response_Suppress": "DR, RN, NRN"},
    {"Precedence": "normal"},
    {"X_Autoreply": "no"},
    {"Return_Path": "<kari@fjellbod.example>"},
]
ABSENT = ["Autosvar: Ute", "Out of Office: ferie", "Automatisk svar: Sak 4", "[Autoreply] x"]
WRITTEN = ["Autosvar virker ikke", "Re: Out of office", "Out of office-meldinger sendes dobbelt"]


@pytest.mark.parametrize(("headers", "verdict"), MACHINES)
def test_a_machine_is_known_by_its_header(headers: dict[str, str], verdict: Verdict) -> None:
    read = parse(mail(**headers))
    assert read.verdict is verdict
    assert read.verdict_reason


@pytest.mark.parametrize("headers", PEOPLE)
def test_a_person_is_not_taken_for_a_machine(headers: dict[str, str]) -> None:
    read = parse(mail(**headers))
    assert (read.verdict, read.verdict_reason) == (Verdict.HUMAN, "")


@pytest.mark.parametrize("subject", ABSENT)
def test_an_automatic_subject_is_known(subject: str) -> None:
    assert parse(mail(subject=subject)).is_auto_reply


@pytest.mark.parametrize("subject", WRITTEN)
def test_a_person_may_write_about_automatic_answers(subject: str) -> None:
    assert parse(mail(subject=subject)).verdict is Verdict.HUMAN


def test_a_complaint_and_a_read_receipt_are_neither_answers_nor_bounces() -> None:
    complaint = parse(multipart("report; report-type=feedback-report", "\n\nspam\n"))
    assert (complaint.is_complaint, complaint.is_bounce, complaint.is_auto_reply) == (1, 0, 0)
    receipt = parse(multipart("report; report-type=disposition-notification", "\n\nread\n"))
    assert (receipt.is_read_receipt, receipt.is_bounce) == (True, False)


def test_a_refusal_by_a_mailboxes_own_rule_is_a_bounce() -> None:
    raw = multipart("report; report-type=disposition-notification", "\n\nrefused\n")
    refused = raw.replace(b"Subject:", b"Auto-Submitted: auto-replied (rejected)\nSubject:", 1)
    assert parse(refused).is_bounce
