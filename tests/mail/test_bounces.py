"""What a bounce says is read, in whatever form its mail system writes it."""

import pytest

from intake.mail import Bounce, Verdict, parse
from tests.mail.samples import mail, multipart

REPORT = """Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; Per@Fjellbod.example
Original-Recipient: rfc822; post@fjellbod.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}
"""
RETURNED = """Content-Type: message/rfc822

From: support@desk.example
To: per@fjellbod.example
Message-ID: <sak-12@desk.example>
Subject: Sak 12

Hei Per
"""


def bounce_of(raw: bytes) -> Bounce:
    read = parse(raw)
    assert read.verdict is Verdict.BOUNCE
    assert read.bounce is not None
    assert not [one for one in read.problems if "not readable" in one]
    return read.bounce


def report(*, action: str = "failed", status: str = "5.0.0", said: str = "550 no") -> bytes:
    part = REPORT.format(action=action, status=status, said=said)
    return multipart('report; report-type="delivery-status"', part, RETURNED)


def test_a_machine_readable_report_names_the_recipient_and_the_mail_it_is_about() -> None:
    bounce = bounce_of(report(status="5.1.1"))
    assert bounce.final_recipients == ("per@fjellbod.example",)
    assert bounce.status == "5.1.1"
    assert bounce.is_temporary is False
    assert bounce.original_message_id == "sak-12@desk.example"


def test_the_other_servers_own_code_is_preferred_to_the_relays() -> None:
    assert bounce_of(report(said="550 5.2.2 mailbox full")).status == "5.2.2"
    assert bounce_of(report(status="5.1.0", said="550 '5.7.1 blocked'")).status == "5.7.1"
    assert bounce_of(report(status="5.1.1", said="550 5.0.0 no")).status == "5.1.1"


def test_a_delay_is_temporary_and_a_delivered_recipient_is_no_failure() -> None:
    assert bounce_of(report(action="delayed", status="4.4.1")).is_temporary is True
    assert bounce_of(report(action="failed", status="4.4.7")).is_temporary is True
    delivered = REPORT.format(action="delivered", status="2.1.5", said="250 ok")
    failed = REPORT.replace("Per@", "Ola@").format(action="failed", status="5.1.1", said="550 no")
    both = bounce_of(multipart("report; report-type=delivery-status", f"{delivered}\n{failed}"))
    assert both.final_recipients == ("ola@fjellbod.example",)


def test_a_report_that_a_bounce_brings_back_is_not_taken_for_its_own() -> None:
    inner = f"Content-Type: message/rfc822\n\n{report().decode().replace('cut', 'inner')}"
    outer = REPORT.replace("Per@", "Ola@").format(action="failed", status="5.1.1", said="550 no")
    bounce = bounce_of(multipart("report; report-type=delivery-status", outer, inner))
    assert bounce.final_recipients == ("ola@fjellbod.example",)


NOTICES = {
    "an address alone, indented, with the reason below": (
        (
            "Meldingen kunne ikke leveres til:\n\n  per@fjellbod.example\n"
            "    SMTP-feil etter RCPT TO: 550 5.1.1 ukjent bruker\n"
        ),
        {"per@fjellbod.example": "5.1.1"},
    ),
    "angle brackets with a colon and what the server said": (
        (
            "<per@fjellbod.example>: host mx.fjellbod.example said: 552 5.2.2 over quota\n"
            "<ola@fjellbod.example>: host mx.fjellbod.example said: 550 no such person\n"
        ),
        {"per@fjellbod.example": "5.2.2", "ola@fjellbod.example": "5.0.0"},
    ),
    "a transcript of the session": (
        (
            "   ----- Transcript of session -----\n>>> RCPT To:<per@fjellbod.example>\n"
            "<<< 550 5.7.1 relaying denied\n"
        ),
        {"per@fjellbod.example": "5.7.1"},
    ),
    "a field with a name": (
        "Your mail was refused.\n\nRecipient address: per@fjellbod.example\nReason: 421 busy\n",
        {"per@fjellbod.example": "4.0.0"},
    ),
    "a sentence": (
        (
            "There was an error delivering your mail to <per@fjellbod.example>.\n"
            "For help, contact hjelp@mx.example.\n"
        ),
        {"per@fjellbod.example": None},
    ),
}


@pytest.mark.parametrize("form", NOTICES)
def test_a_notice_in_words_is_read(form: str) -> None:
    text, expected = NOTICES[form]
    copy = "\n--- Below this line is a copy of the message.\n\nFrom: x@y.example\nTo: z@y.example\n"
    bounce = bounce_of(mail(text + copy, sender="Mail Delivery System <MAILER-DAEMON@mx.example>"))
    assert {one.recipient: one.status for one in bounce.failures} == expected


def test_a_daemon_without_an_address_is_a_bounce_too() -> None:
    raw = mail("Could not deliver to <per@fjellbod.example>.\n", sender="MAILER-DAEMON <>")
    assert bounce_of(raw).final_recipients == ("per@fjellbod.example",)


def test_a_notice_from_an_ordinary_address_is_known_by_what_it_brings() -> None:
    notice = "Content-Type: text/plain\n\nUndeliverable to per@fjellbod.example\n"
    bounce = bounce_of(multipart("mixed", notice, RETURNED, sender="post@mx.example"))
    assert bounce.final_recipients == ("per@fjellbod.example",)


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Mail delivery failed", "Hei, kundene våre får denne feilen. Kan dere se på det?\n"),
        ("Fwd: Undelivered Mail Returned to Sender", "Hva betyr dette? 550 5.1.1 user unknown\n"),
        ("Undeliverable: ordrebekreftelser", "Alle ordremailer blir avvist siden i dag.\n"),
    ],
)
def test_a_person_who_writes_about_bounces_stays_a_person(subject: str, body: str) -> None:
    assert parse(mail(body, subject=subject)).verdict is Verdict.HUMAN


def test_a_report_with_a_hundred_thousand_recipients_is_bounded() -> None:
    lines = "".join(f"<a{n}@b.example>: 550 5.1.1 unknown\n" for n in range(100_000))
    bounce = bounce_of(mail(lines, sender="mailer-daemon@mx.example"))
    assert len(bounce.failures) == 500
