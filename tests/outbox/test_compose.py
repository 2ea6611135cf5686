"""What is written is what another program reads, and nothing more."""

import email
import email.policy
import email.utils
import re
from email.header import decode_header, make_header
from email.message import EmailMessage, Message

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.kit.errors import PermanentError
from app.outbox.compose import MOST_REFERENCES, compose, message_id
from app.outbox.headers import one_line
from tests.outbox.letters import make_letter

# Lone surrogates are left out: no text with one can be read back equal from any encoding.
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
hostile = st.one_of(
    anything,
    st.text(st.sampled_from('ab \r\n\t:;,<>@"\\=?_.æøå\x00\x0b\x85\u2028😀'), max_size=200),
    st.from_regex(r"[a-zæøå]{1,12}(\r\n|\n|\r)(Bcc|Subject|\.|From )?: ?x@y", fullmatch=True),
)


def read(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def header_of(data: bytes, name: str) -> str:
    """Read a header with the older of the two parsers, which is the more forgiving one."""
    message: Message = email.message_from_bytes(data)
    values = message.get_all(name)
    assert values is not None
    assert len(values) == 1
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", values[0])
    return str(make_header(decode_header(unfolded)))


def text_of(data: bytes, subtype: str) -> str:
    part = read(data).get_body((subtype,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def head_of(data: bytes) -> bytes:
    return data.partition(b"\r\n\r\n")[0] + b"\r\n"


def assert_well_formed(data: bytes) -> None:
    assert data.isascii()
    assert data.endswith(b"\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    # RFC 5322, section 2.1.1.
    assert max(map(len, data.split(b"\r\n"))) <= 998
    for line in head_of(data).split(b"\r\n"):
        assert line.strip() or not line, "no header line is white space only"


def test_an_acknowledgement_reads_back_as_it_was_meant() -> None:
    data = compose(make_letter())
    assert_well_formed(data)
    message = read(data)
    assert message["From"].addresses[0].display_name == "Eksempel drift"
    assert message["From"].addresses[0].addr_spec == "support@example.no"
    assert message["To"] == "kari@kunde.example"
    assert message["Subject"] == "[#198] Nettbutikken er nede på mobil"
    assert message["Message-ID"] == "<198.receipt.abcdefghijklmnop@example.no>"
    assert message["In-Reply-To"] == "<q1@kunde.example>"
    assert message["References"] == "<q0@kunde.example> <q1@kunde.example>"
    assert message["Date"].datetime == make_letter().date
    assert message["Auto-Submitted"] == "auto-replied"
    assert "OOF" in message["X-Auto-Response-Suppress"]
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert text_of(data, "plain") == make_letter().text
    assert text_of(data, "html") == make_letter().html
    assert not message.defects


def test_a_bounce_of_an_automatic_mail_is_not_asked_away() -> None:
    words = read(compose(make_letter()))["X-Auto-Response-Suppress"].split(", ")
    assert "NDR" not in words
    assert "All" not in words


def test_what_a_person_wrote_carries_no_mark_of_a_machine() -> None:
    message = read(compose(make_letter(auto_submitted=None)))
    assert "Auto-Submitted" not in message
    assert "X-Auto-Response-Suppress" not in message


def test_the_same_letter_is_the_same_bytes() -> None:
    assert compose(make_letter()) == compose(make_letter())


@given(subject=hostile)
def test_any_subject_reads_back_on_one_line(subject: str) -> None:
    data = compose(make_letter(subject=subject))
    assert_well_formed(data)
    assert header_of(data, "Subject") == one_line(subject)


@given(name=hostile)
def test_any_senders_name_reads_back_and_leaves_the_address_alone(name: str) -> None:
    data = compose(make_letter(from_name=name))
    assert_well_formed(data)
    written = email.message_from_bytes(data)["From"]
    assert written.rstrip().endswith("<support@example.no>") or written == "support@example.no"
    mailbox = read(data)["From"].addresses
    assert len(mailbox) == 1
    assert mailbox[0].addr_spec == "support@example.no"
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", written)
    # RFC 2047, section 6.2: the space between two encoded words is not part of the name. The
    # newer of the standard library's parsers keeps it in some versions, so the older one reads.
    shown = str(make_header(decode_header(email.utils.parseaddr(unfolded)[0])))
    assert one_line(shown) == one_line(name)


@given(
    values=st.fixed_dictionaries(
        {},
        optional={
            "subject": hostile,
            "from_name": hostile,
            "in_reply_to": hostile,
            "references": st.lists(hostile, max_size=40).map(tuple),
            "extra_headers": st.lists(st.tuples(st.just("X-Note"), hostile), max_size=1).map(tuple),
            "attachments": st.lists(st.tuples(hostile, hostile, st.binary(max_size=200))).map(
                tuple
            ),
        },
    )
)
def test_no_value_can_add_a_header_or_reach_the_body(values: dict[str, object]) -> None:
    data = compose(make_letter(**values))
    assert_well_formed(data)
    names = [name.lower() for name in email.message_from_bytes(data)]
    allowed = {
        *("from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references"),
        *("auto-submitted", "x-auto-response-suppress", "mime-version", "content-type", "x-note"),
    }
    assert set(names) <= allowed
    assert len(names) == len(set(names))
    assert text_of(data, "plain") == make_letter().text


@example(text="", html="\r\x1f\n")
@given(text=hostile, html=hostile)
def test_any_text_reads_back_with_its_line_ends_made_equal(text: str, html: str) -> None:
    data = compose(make_letter(text=text, html=html))
    assert_well_formed(data)
    for subtype, given_text in (("plain", text), ("html", html)):
        expected = re.sub(r"\r\n|\r", "\n", given_text)
        expected = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", expected)
        if expected and not expected.endswith("\n"):
            expected += "\n"
        assert text_of(data, subtype) == expected


@given(
    files=st.lists(
        st.tuples(st.one_of(hostile, st.just("rapport på nynorsk.pdf")), hostile, st.binary()),
        min_size=1,
        max_size=3,
    )
)
def test_any_file_reads_back_byte_for_byte(files: list[tuple[str, str, bytes]]) -> None:
    data = compose(make_letter(attachments=tuple(files)))
    assert_well_formed(data)
    parts = list(read(data).iter_attachments())
    assert [part.get_payload(decode=True) for part in parts] == [content for _, _, content in files]


@pytest.mark.parametrize(
    "name", ["logg.txt", 'ny "logg".txt', "måling æøå.pdf", "å" * 120 + ".pdf", "a" * 120 + ".pdf"]
)
def test_a_files_name_reads_back(name: str) -> None:
    data = compose(make_letter(attachments=((name, "text/csv", b"a;b\n"),)))
    assert_well_formed(data)
    (part,) = read(data).iter_attachments()
    assert part.get_filename() == name
    assert part.get_content_type() == "text/csv"


def test_a_files_name_leads_into_no_other_folder() -> None:
    data = compose(make_letter(attachments=(("../../etc/passwd", "text/plain", b""),)))
    (part,) = read(data).iter_attachments()
    assert "/" not in (part.get_filename() or "")


def test_an_attached_mail_goes_as_plain_bytes() -> None:
    data = compose(make_letter(attachments=(("mail.eml", "message/rfc822", b"Subject: a\n\nb"),)))
    (part,) = read(data).iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_payload(decode=True) == b"Subject: a\n\nb"


def test_long_references_keep_the_first_and_the_last() -> None:
    ids = tuple(f"{number}@kunde.example" for number in range(100))
    data = compose(make_letter(references=ids, in_reply_to=ids[-1]))
    assert_well_formed(data)
    written = header_of(data, "References").split()
    assert len(written) == MOST_REFERENCES
    assert written[0] == "<0@kunde.example>"
    assert written[1:] == [f"<{number}@kunde.example>" for number in range(81, 100)]


def test_a_message_id_that_could_break_out_is_left_out() -> None:
    data = compose(
        make_letter(references=("a@b> <x@y", "ok@b", "a\r\nBcc: x@y"), in_reply_to="æ@b c")
    )
    assert header_of(data, "References") == "<ok@b>"
    assert b"In-Reply-To" not in data


@pytest.mark.parametrize(
    "address",
    [
        "",
        "kari",
        "kari@",
        "@kunde.example",
        "kari@kunde.example, per@kunde.example",
        "kari@kunde.example\r\nBcc: per@kunde.example",
        "kari@kunde.example>",
        "<kari@kunde.example>",
        "kari @kunde.example",
        "kari@kunde.example\n",
        "kari@kunde..example.ø",
        "k" * 400 + "@kunde.example",
    ],
)
@pytest.mark.parametrize("field", ["to", "cc", "from_address", "reply_to"])
def test_what_is_no_single_address_is_refused_for_good(field: str, address: str) -> None:
    changes: dict[str, object] = {field: (address,) if field in {"to", "cc"} else address}
    with pytest.raises(PermanentError):
        compose(make_letter(**changes))


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ('"kari nordmann"@kunde.example', '"kari nordmann"@kunde.example'),
        ("kari@[192.0.2.1]", "kari@[192.0.2.1]"),
        ("kari@blåbær.example", "kari@xn--blbr-roah.example"),
        ("o'hara+198.abc@kunde.example", "o'hara+198.abc@kunde.example"),
    ],
)
def test_an_unusual_address_is_written_as_servers_take_it(address: str, written: str) -> None:
    assert header_of(compose(make_letter(to=(address,))), "To") == written


@pytest.mark.parametrize(
    "name", ["Bcc", "bcc", "From", "Content-Type", "X Note", "X:Note", "", "X\r\nBcc"]
)
def test_an_extra_header_may_not_take_a_name_that_matters(name: str) -> None:
    with pytest.raises(PermanentError):
        compose(make_letter(extra_headers=((name, "x@y"),)))


def test_nobody_to_write_to_is_refused_for_good() -> None:
    with pytest.raises(PermanentError):
        compose(make_letter(to=()))


def test_many_recipients_are_folded_between_addresses() -> None:
    people = tuple(f"person.number{number}@kunde.example" for number in range(60))
    data = compose(make_letter(cc=people))
    assert_well_formed(data)
    assert [each.addr_spec for each in read(data)["Cc"].addresses] == list(people)
    assert max(map(len, head_of(data).split(b"\r\n"))) <= 78


def test_norwegian_text_stays_readable_on_the_wire() -> None:
    data = compose(make_letter(text="Vi ser på det nå.\n", html=None))
    assert b"Vi ser p=C3=A5 det n=C3=A5." in data


def test_text_in_another_script_is_base64() -> None:
    data = compose(make_letter(text="пожалуйста " * 40, html=None))
    assert b"Content-Transfer-Encoding: base64" in data
    assert text_of(data, "plain") == "пожалуйста " * 40 + "\n"


def test_the_same_key_gives_the_same_message_id_and_another_key_another() -> None:
    one = message_id("canary:support:1", "example.no")
    assert one == message_id("canary:support:1", "example.no")
    assert one != message_id("canary:support:2", "example.no")
    assert re.fullmatch(r"[a-z2-7]{26}@example\.no", one)


@pytest.mark.parametrize(
    "subject",
    [
        "all words are short but there are many of them " * 6,
        "Nettbutikken på nynorsk er så treg at kundane går sin veg " * 5,
        "Магазин не отвечает уже второй час " * 6,
        "店铺无法打开" * 30,
        "😀" * 60,
        "x" * 900,
        "=?utf-8?q?not_encoded?= and more",
    ],
)
def test_a_long_subject_is_folded_and_reads_back(subject: str) -> None:
    data = compose(make_letter(subject=subject, from_name=subject))
    assert_well_formed(data)
    assert header_of(data, "Subject") == one_line(subject)
    assert max(map(len, head_of(data).split(b"\r\n"))) <= 78
    # RFC 2047, section 5 (3): none of the words splits a character, so each reads alone.
    for word in re.findall(rb"=\?utf-8\?[bq]\?[^?]*\?=", head_of(data)):
        assert len(word) <= 75
        assert "\ufffd" not in str(make_header(decode_header(word.decode())))


def test_ids_may_be_given_with_their_brackets() -> None:
    data = compose(make_letter(references=("<a@b>",), in_reply_to=" <c@d> "))
    assert header_of(data, "References") == "<a@b> <c@d>"


@pytest.mark.parametrize("value", ["", "a b@c", "a@b>\r\nBcc: x@y", "æ@b", "x" * 1000 + "@b"])
def test_a_mail_without_an_id_of_its_own_does_not_leave(value: str) -> None:
    with pytest.raises(PermanentError):
        compose(make_letter(message_id=value))
