from datetime import timedelta

from app.desk import people
from app.models import Event, LedgerState, Status
from app.sla.terms import ClockKind, Severity
from intake.imap.terms import Fetched
from tests.harness.world import KARI, SUPPORT, TUESDAY_TEN, World, make_mail

OUTAGE = "Hei\n\nHele nettbutikken er nede for alle kunder, ingen får betalt.\n\nKari\n"


def test_a_mail_becomes_a_ticket_and_its_sender_is_told_at_once(world: World) -> None:
    row = world.mail(OUTAGE, subject="Nettbutikken er nede")
    assert (row.state, row.reason) == (LedgerState.OPENED, "new")
    world.process_all()
    receipt = world.postman.expect(KARI, saying="1")
    assert receipt["In-Reply-To"] == "<1@fjellbod.example>"
    assert "<1@fjellbod.example>" in receipt["References"]
    assert receipt["Auto-Submitted"] == "auto-replied"
    assert receipt["X-Auto-Response-Suppress"]
    assert world.ticket().severity is Severity.CRITICAL
    world.postman.taken.clear()  # The pages are another story's.


def test_the_clocks_start_when_the_mail_server_got_it_not_when_we_did(world: World) -> None:
    world.mail(
        OUTAGE, subject="Nettbutikken er nede", received_at=TUESDAY_TEN - timedelta(minutes=7)
    )
    clock = world.clock_of(ClockKind.FIRST_RESPONSE)
    assert clock.started_at == TUESDAY_TEN - timedelta(minutes=7)
    assert clock.limit_at == TUESDAY_TEN + timedelta(hours=1, minutes=53)


def test_a_receipt_time_ahead_of_ours_gives_us_no_time_that_we_do_not_have(world: World) -> None:
    world.mail(OUTAGE, subject="Nettbutikken er nede", received_at=TUESDAY_TEN + timedelta(hours=1))
    assert world.clock_of(ClockKind.FIRST_RESPONSE).started_at == TUESDAY_TEN


def test_the_same_message_processed_twice_changes_nothing(world: World) -> None:
    world.mail()
    again = world.put(make_mail())
    row = world.process(again)
    assert row.state is LedgerState.DUPLICATE
    assert row.ticket_id == world.ticket(1).id
    world.process_all()
    world.postman.expect(KARI)


def test_the_same_uid_is_not_taken_twice(world: World) -> None:
    world.put(make_mail(), uid=7)
    world.put(make_mail(subject="Noe annet"), uid=7)
    world.process_all()
    assert world.row(7).state is LedgerState.OPENED
    world.postman.expect(KARI, saying="Feil i butikken")


def test_a_reply_to_our_receipt_joins_its_ticket(world: World) -> None:
    world.mail()
    world.process_all()
    receipt = world.postman.expect(KARI)
    row = world.mail(
        "Det gjelder alle kunder.",
        subject="Re: noe helt annet",
        message_id="<2@fjellbod.example>",
        In_Reply_To=str(receipt["Message-ID"]),
    )
    assert (row.state, row.reason) == (LedgerState.APPENDED, "our_message_id")
    assert row.ticket_id == world.ticket(1).id
    world.process_all()


def test_a_strangers_guess_at_a_message_id_joins_nothing(world: World) -> None:
    world.mail()
    world.process_all()
    world.postman.expect(KARI)
    row = world.mail(
        "La meg inn",
        sender="mallory@evil.example",
        message_id="<3@evil.example>",
        In_Reply_To="<1.receipt.aaaaaaaaaaaaaaaa@desk.example>",
    )
    assert row.state is LedgerState.OPENED
    world.process_all()
    world.postman.expect("mallory@evil.example")


def test_a_number_in_a_subject_alone_joins_nothing_but_suggests_a_link(world: World) -> None:
    world.mail()
    world.process_all()
    world.postman.expect(KARI)
    row = world.mail(
        "La meg inn", sender="mallory@evil.example", subject="Re: [#1] Feil", message_id="<4@e>"
    )
    assert row.state is LedgerState.OPENED
    assert world.ticket(2).flags == ["suggested_link:1"]
    world.process_all()
    world.postman.expect("mallory@evil.example")


def test_an_automatic_reply_is_kept_but_never_answered(world: World) -> None:
    world.mail("Jeg er på ferie.", subject="Automatisk svar", Auto_Submitted="auto-replied")
    world.process_all()
    assert "not_acknowledged" in world.kinds()
    assert "acknowledged" not in world.kinds()


def test_a_mail_from_our_own_address_is_never_answered(world: World) -> None:
    world.mail(sender=SUPPORT)
    world.process_all()
    assert "not_acknowledged" in world.kinds()


def test_our_own_mail_coming_back_is_refused(world: World) -> None:
    world.mail()
    world.process_all()
    receipt = world.postman.expect(KARI)
    row = world.mail("ekko", sender=SUPPORT, message_id=str(receipt["Message-ID"]))
    assert (row.state, row.reason) == (LedgerState.REFUSED, "own_mail")


def test_a_mail_without_a_sender_or_an_id_still_becomes_a_ticket(world: World) -> None:
    uid = world.put(b"Subject: hjelp\r\n\r\nalt er galt\r\n")
    row = world.process(uid)
    assert row.state is LedgerState.OPENED
    assert world.ticket().subject == "hjelp"
    world.process_all()


def test_bytes_that_are_no_mail_still_become_a_ticket(world: World) -> None:
    for raw in (b"", b"\x00\xff\xfe" * 100, b"\r\n\r\n\r\n"):
        assert world.process(world.put(raw)).state in {LedgerState.OPENED, LedgerState.DUPLICATE}
    world.process_all()


def test_a_customers_answer_reopens_a_solved_ticket(world: World) -> None:
    world.mail()
    world.process_all()
    receipt = world.postman.expect(KARI)
    web = world.web()
    assert web.post("/api/v1/tickets/1/solve", json={"reason": "mendet"}).status_code == 200
    assert world.ticket().status is Status.SOLVED
    world.mail(
        "Det er fortsatt galt.",
        message_id="<5@fjellbod.example>",
        In_Reply_To=str(receipt["Message-ID"]),
    )
    assert world.ticket().status is Status.OPEN
    world.process_all()


def test_a_customers_answer_lets_the_clocks_run_on(world: World) -> None:
    world.mail()
    world.process_all()
    receipt = world.postman.expect(KARI)
    web = world.web()
    web.post("/api/v1/tickets/1/wait", json={"reason": "Hvilken nettleser?"})
    world.clock.move(timedelta(hours=1))
    world.mail(
        "Firefox.", message_id="<6@fjellbod.example>", In_Reply_To=str(receipt["Message-ID"])
    )
    assert world.ticket().status is Status.OPEN
    assert "resumed" in world.kinds()
    assert world.clock_of(ClockKind.FIRST_RESPONSE).limit_at is not None
    world.process_all()


def test_an_automatic_answer_never_reopens_and_never_moves_a_clock(world: World) -> None:
    world.mail()
    world.process_all()
    receipt = world.postman.expect(KARI)
    world.web().post("/api/v1/tickets/1/wait", json={"reason": "Hvilken nettleser?"})
    row = world.mail(
        "Jeg er på ferie.",
        message_id="<7@fjellbod.example>",
        In_Reply_To=str(receipt["Message-ID"]),
        Auto_Submitted="auto-replied",
    )
    assert row.state is LedgerState.APPENDED
    assert world.ticket().status is Status.WAITING
    world.process_all()


def test_a_customer_is_written_to_in_their_language_and_time_zone(world: World) -> None:
    with world.db.writing() as session:
        people.add_customer(
            session,
            name="Tidewater",
            domains=("tidewater.example",),
            language="en",
            time_zone="Europe/London",
            now=world.now,
        )
    for number in (1, 2):
        # A stranger the first time, a known contact the second.
        world.mail(
            "?",
            subject=f"{number}",
            sender="tom@tidewater.example",
            message_id=f"<{number}@tidewater.example>",
        )
    world.process_all()
    for number in (1, 2):
        ticket = world.ticket(number)
        assert (ticket.language, ticket.time_zone) == ("en", "Europe/London")
        world.postman.expect("tom@tidewater.example", saying="Your ticket is number")


def test_a_mail_to_two_of_our_mailboxes_is_one_ticket_that_names_both(world: World) -> None:
    raw = make_mail()
    world.process(world.put(raw))
    world.process_all()
    world.postman.expect(KARI)
    item = Fetched(uid=7, internal_date=world.now, size=len(raw), raw=b"Received: x\r\n" + raw)
    world.ledger.receive("sales", "INBOX", 1, [item])
    world.processor.pass_once()
    row = world.row(7)
    assert (row.state, row.ticket_id) == (LedgerState.DUPLICATE, world.ticket().id)
    noted = world.data_of(Event.ALSO_RECEIVED)
    assert (noted["mailbox"], noted["first"]) == ("sales", "support")
    world.postman.expect_no_more()
