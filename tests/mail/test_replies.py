"""The newest text is told from what it answers, and nothing is thrown away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.mail import parse
from intake.mail.quote import split
from tests.mail.samples import mail

ANSWERED = {
    "Gmail in Norwegian": (
        "Kassen er nede igjen.\n\nMvh\nKari\n\n"
        "man. 23. nov. 2026 kl. 09:14 skrev Support <support@desk.example>:\n\n> Vi ser på det\n"
    ),
    "Gmail's line broken in two": (
        "Kassen er nede igjen.\n\nMvh\nKari\n\n"
        "On Mon, Nov 23, 2026 at 9:14 AM Nordheim Drift Support <\n"
        "support@desk.example> wrote:\n\n> Vi ser på det\n"
    ),
    "Outlook in Norwegian": (
        "Kassen er nede igjen.\n\nMvh\nKari\n\n________________________________\n"
        "Fra: Support <support@desk.example>\nSendt: mandag 23. november 2026 09:14\n"
        "Til: Kari\nEmne: SV: Sak 4\n\nVi ser på det\n"
    ),
    "Outlook in German": (
        "Kassen er nede igjen.\n\nMvh\nKari\n\n-----Ursprüngliche Nachricht-----\n"
        "Von: Support\nGesendet: Montag\nAn: Kari\nBetreff: AW: Sak 4\n\nVi ser på det\n"
    ),
    "bold field names": (
        "Kassen er nede igjen.\n\nMvh\nKari\n\n*Från:* Support\n*Skickat:* den 23 november\n"
        "*Till:* Kari\n*Ämne:* Sak 4\n\nVi ser på det\n"
    ),
    "no verb": (
        "Kassen er nede igjen.\n\nMvh\nKari\n\n"
        '23.11.2026, 09:14, "Support" <support@desk.example>:\n\nVi ser på det\n'
    ),
    "quoted lines alone": "Kassen er nede igjen.\n\nMvh\nKari\n\n> Vi ser på det\n> Mvh\n",
    "a telephone's own line": "Kassen er nede igjen.\n\nMvh\nKari\n\nSendt fra min iPhone\n",
    "a signature below its delimiter": "Kassen er nede igjen.\n\nMvh\nKari\n-- \nFjellbod AS\n",
}


@pytest.mark.parametrize("program", ANSWERED)
def test_what_stands_below_the_answer_is_told_apart(program: str) -> None:
    text = ANSWERED[program]
    newest, below = split(text)
    assert newest == "Kassen er nede igjen.\n\nMvh\nKari"
    assert below
    assert words(newest) + words(below) == words(text)


WHOLE = {
    "answers between the quoted lines": "Se under.\n\n> Når?\nI går.\n\n> Alle?\nJa.",
    "somebody else's words": "Utvikleren vår skrev:\nkassen feiler for alle fra kl. 09:14.\nSjekk?",
    "a sentence with a date": "Den 23. nov. 2026 kl. 09:14 var alt nede. Kunden skrev: hjelp.",
    "fields of a log": "Feil:\nDate: 2026-11-23\nStatus: 500\nPath: /checkout",
    "a table": "Ordren:\n----------------\nVare 1\n----------------\nSum 200",
    "a rule above a log": "Hei,\nlogg:\n________________________________\n500 error\n500 error",
    "one field that looks like a header": "From: mangler i mailene våre.\n\nKan dere se?",
    "nothing but a quotation": "> Vi ser på det\n> Mvh",
    "nothing but a forwarded mail": "---------- Forwarded message ---------\nFrom: a\nTo: b\n\nHei",
}


@pytest.mark.parametrize("what", WHOLE)
def test_in_doubt_everything_is_kept(what: str) -> None:
    assert split(WHOLE[what]) == (WHOLE[what], "")


def test_an_answer_below_the_quotation_is_the_newest_text() -> None:
    text = "On Mon, Nov 23, 2026 at 9:14 AM Support wrote:\n> Gjelder det alle?\n\nJa, alle."
    assert split(text)[0] == "Ja, alle."


@pytest.mark.parametrize(
    "quotation",
    [
        '<div class="gmail_quote">{}</div>',
        '<blockquote type="cite">{}</blockquote>',
        '<div id="divRplyFwdMsg">{}</div>',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt">{}</div>',
    ],
)
def test_html_is_cut_where_the_program_marked_its_quotation(quotation: str) -> None:
    body = f"<html><body><p>Kassen er nede.</p>{quotation.format('<p>Vi ser</p>')}</body></html>"
    read = parse(mail(body, MIME_Version="1.0", Content_Type="text/html; charset=utf-8"))
    assert read.reply_text.strip() == "Kassen er nede."
    assert read.quoted_text.strip() == "Vi ser"
    assert words(read.text) == ["Kassen", "er", "nede.", "Vi", "ser"]


@given(st.text(alphabet="ab\n>: -_@.0123OnwroteFraDato<", max_size=400))
def test_no_word_is_lost(text: str) -> None:
    newest, below = split(text)
    assert sorted(words(newest) + words(below)) == sorted(words(text))


def words(text: str) -> list[str]:
    return text.split()
