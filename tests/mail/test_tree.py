"""The parts of a message are found in its bytes, whatever breaks the rules around them."""

import base64
import re
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from intake.mail import parse
from intake.mail.tree import MOST_PARTS, Part, read_tree
from tests.mail.samples import mail, multipart

HEAD = b"From: kari@fjellbod.example\r\nSubject: Nede\r\nMIME-Version: 1.0\r\n"
LINES = st.sampled_from(
    [
        b"--a\n", b"--a--\n", b"--b\n", b"--b--\n", b"\n", b"hei\n", b"> hei\n", b"--ab\n",
        b"Content-Type: multipart/mixed; boundary=b\n\n", b"Content-Type: text/plain\n\n",
        b"Content-Type: text/html\n\n<p>hei</p>\n", b"X-A: b\n c\n\n", b"--a x\n",
    ]
)  # fmt: skip


def leaves(part: Message) -> list[tuple[str, bytes]]:
    inner = part.parts if isinstance(part, Part) else part.get_payload()
    if part.get_content_maintype() == "multipart" and isinstance(inner, list) and inner:
        return [leaf for one in inner for leaf in leaves(one)]
    if isinstance(part, Part):
        return told(part, part.content())
    data = part.get_payload(decode=True)
    return told(part, data if isinstance(data, bytes) else b"")


def told(part: Message, data: bytes) -> list[tuple[str, bytes]]:
    """Leave out what is empty, and a multipart without parts: here it is text, there nothing."""
    kind = part.get_content_type()
    return [] if "multipart" in kind or not data.strip() else [(kind, data.strip())]


@given(st.lists(LINES, max_size=12))
def test_the_parts_are_those_that_the_standard_library_finds(lines: list[bytes]) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" + b"".join(lines)
    # Of delimiters in a row the library takes the last for all of them, also where it closes.
    for name in (b"a", b"b"):
        assume(not re.search(b"--%s(--)?\n--%s" % (name, name), raw))
    theirs = leaves(message_from_bytes(raw, policy=compat32))
    problems: list[str] = []
    ours = leaves(read_tree(raw, problems))
    # Without the boundary that is named, another one is looked for.
    assume("StartBoundaryNotFoundDefect" not in problems)
    assert ours == theirs


def test_a_message_whose_boundary_is_another_one_is_still_read() -> None:
    raw = multipart("mixed", "Content-Type: text/plain\n\nkassen er nede\n").replace(
        b'boundary="cut"', b'boundary="tuc"'
    )
    read = parse(raw)
    assert read.text.strip() == "kassen er nede"
    assert "StartBoundaryNotFoundDefect" in read.problems


def test_a_multipart_without_any_boundary_is_shown_as_it_stands() -> None:
    read = parse(HEAD + b"Content-Type: multipart/mixed\r\n\r\nkassen er nede\r\n")
    assert read.text.strip() == "kassen er nede"


def test_a_footer_below_html_hides_no_letter() -> None:
    letter = "Content-Type: text/html\n\n<p>Kassen er nede</p>\n"
    footer = "Content-Type: text/plain\n\nliste@fjellbod.example\n"
    read = parse(multipart("mixed", letter, footer))
    assert "Kassen er nede" in read.text
    assert "liste@fjellbod.example" in read.text


def test_a_letter_that_is_there_twice_is_read_once() -> None:
    plain = "Content-Type: text/plain\n\nKassen er nede\n"
    letter = "Content-Type: text/html\n\n<p>Kassen er nede</p>\n"
    for kind in ("alternative", "mixed"):
        assert parse(multipart(kind, plain, letter)).text.count("Kassen") == 1


def test_a_plain_half_that_only_points_to_the_html_is_not_all_there_is() -> None:
    plain = "Content-Type: text/plain\n\nPlease use a program that shows HTML.\n"
    letter = "Content-Type: text/html\n\n<p>Kassen er nede</p>\n"
    text = parse(multipart("alternative", plain, letter)).text
    assert "Kassen er nede" in text
    assert "shows HTML" in text


def test_two_documents_of_html_are_both_read() -> None:
    letter = "Content-Type: text/html\n\n<html><body><p>{}</p></body></html>\n"
    text = parse(multipart("mixed", letter.format("først"), letter.format("så"))).text
    assert text.split() == ["først", "så"]


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        (base64.b64encode("på øya".encode()).rstrip(b"="), "på øya"),
        (base64.b64encode("på".encode()) + b"\n" + base64.b64encode("øya".encode()), "påøya"),
        (base64.b64encode(b"hei") + b"\n--\nen liste", "hei--\nen liste"),
        (base64.b64encode("på øya!".encode()) + b"\n____\nen liste", "på øya!____\nen liste"),
        ("bare vanlig tekst, på øya".encode(), "bare vanlig tekst, på øya"),
        (b"", ""),
    ],
)
def test_base64_that_lies_costs_no_letter(encoded: bytes, text: str) -> None:
    kind = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert parse(HEAD + kind + encoded).text.strip() == text


@pytest.mark.parametrize("encoding", ["", "x-unknown", "7bit", "binary", "8bit; x=y", "BASE-64"])
def test_an_encoding_that_nobody_knows_is_none(encoding: str) -> None:
    kind = f"Content-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}\r\n\r\nhei"
    assert parse(HEAD + kind.encode()).text == "hei"


def test_an_attached_mail_is_kept_byte_for_byte() -> None:
    inner = mail("Hei\n", subject="Inni")
    raw = multipart("mixed", f"Content-Type: message/rfc822\n\n{inner.decode()}")
    (file,) = parse(raw).attachments
    assert file.data.strip() == inner.strip()


def test_what_comes_before_the_header_is_passed_over() -> None:
    for before in (b"\xef\xbb\xbf", b"\r\n\r\n", b"   \n", b"From kari Mon Nov 23 09:14:00 2026\n"):
        assert parse(before + mail(subject="Nede")).subject == "Nede"


def test_a_thousand_references_end_with_the_nearest_parent() -> None:
    ids = "\n ".join(f"<{number}@fjellbod.example>" for number in range(50_000))
    read = parse(mail(References=ids))
    assert (read.references[0], read.references[-1]) == (
        "0@fjellbod.example",
        "49999@fjellbod.example",
    )


def test_a_text_without_end_is_cut_and_said_so() -> None:
    read = parse(mail("kassen er nede\n" * 200_000))
    assert len(read.text) == 2_000_000
    assert read.problems == ("a text is longer than is shown",)
    assert len(read.reply_text) + len(read.quoted_text) > 1_999_000


def test_a_header_without_end_leaves_the_text_readable() -> None:
    read = parse(HEAD + b"X-A: b\r\n" * 300_000 + b"\r\nkassen er nede")
    assert (read.subject, read.text) == ("Nede", "kassen er nede")
    assert "header too long" in read.problems


def test_no_more_parts_are_read_than_the_bound() -> None:
    part = b"--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n"
    read = parse(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 10_000)
    assert len(read.attachments) == MOST_PARTS
    assert "too many parts" in read.problems


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_letters_that_nobody_encoded_are_read_in_a_files_name_too(charset: str) -> None:
    part = "Content-Type: application/pdf; name=før.pdf\r\n\r\nx"
    read = parse(HEAD.replace(b"Nede", "Nå".encode(charset)) + part.encode(charset))
    assert (read.subject, [file.name for file in read.attachments]) == ("Nå", ["før.pdf"])


def test_an_attached_mail_without_a_name_is_named_by_its_subject() -> None:
    inner = mail("Hei\n", subject="=?utf-8?q?Vedlagt_p=C3=A5?=").decode()
    (file,) = parse(multipart("mixed", f"Content-Type: message/rfc822\n\n{inner}")).attachments
    assert file.name == "Vedlagt på.eml"
