"""What customers and staff read."""

import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from app.desk.letters import (
    LETTERS,
    SHIPPED,
    Acknowledgement,
    Change,
    Context,
    Delay,
    Mail,
    Page,
    Promise,
    Rendered,
    Reply,
    StatusChange,
    Undelivered,
    render,
)
from app.desk.letters.samples import NOW, SAMPLES
from app.kit.i18n import LANGUAGES
from app.sla.terms import ClockKind, Severity

C = TypeVar("C", bound=Context)


def sample(kind: type[C]) -> C:
    """Return the sample of one kind of letter."""
    (found,) = [each for each in SAMPLES.values() if isinstance(each, kind)]
    return found


ACKNOWLEDGEMENT = sample(Acknowledgement)


def acknowledge(language: str = "nb", **changes: Any) -> Rendered:
    return render("acknowledgement", language, replace(ACKNOWLEDGEMENT, **changes))


def variations() -> list[tuple[str, Context]]:
    """Return every letter in every shape its templates tell apart."""
    shapes: list[tuple[str, Context]] = list(SAMPLES.items())
    for severity, opening, critical, phone, by_phone, promises in itertools.product(
        Severity,
        ((True, None), (False, None), (False, NOW)),
        (False, True),
        (None, "22 00 00 00"),
        (False, True),
        ((), ACKNOWLEDGEMENT.promises),
    ):
        shapes.append(
            (
                "acknowledgement",
                replace(
                    ACKNOWLEDGEMENT,
                    severity=severity,
                    desk_open=opening[0],
                    opens_at=opening[1],
                    looks_critical=critical,
                    phone_line=phone,
                    by_phone=by_phone,
                    promises=promises,
                ),
            )
        )
    status, delay = sample(StatusChange), sample(Delay)
    page, undelivered = sample(Page), sample(Undelivered)
    for change, severity_or_none, note in itertools.product(
        Change, (None, *Severity), (None, "Mer om det.")
    ):
        changed = replace(status, change=change, severity=severity_or_none, note=note)
        shapes += [("status", changed), ("status", replace(changed, reopens_for=None))]
        shapes.append(("status", replace(changed, promises=ACKNOWLEDGEMENT.promises)))
    shapes += [
        ("delay", replace(delay, new_at=None, reason="Leverandøren er nede.")),
        ("delay", replace(delay, promised_at=NOW + timedelta(hours=1))),
        ("page", replace(page, kind=None, due_at=None, person_name=None, phone=None)),
        ("page", replace(page, due_at=NOW - timedelta(minutes=3), excerpt=None, reason="Ingen.")),
        ("undelivered", replace(undelivered, mail=Mail.REPLY, permanent=False)),
    ]
    return shapes


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_in_every_shape_is_tidy(language: str) -> None:
    for name, context in variations():
        written = render(name, language, context)
        where = f"{language}/{name}: {context}\n{written.text}"
        assert written.problem is None
        assert written.subject, where
        assert "\n" not in written.subject
        for text in (written.subject, written.text):
            assert "None" not in text, where
            assert not re.search(r"[{}]|\w_\w|  |\n\n\n| \n|\s[.,!?]", text), where
        assert written.text.endswith("\n")
        assert not written.text.startswith("\n")


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_says_the_same_things_in_every_language(name: str) -> None:
    """A fact that one language's template leaves out is a sentence that somebody forgot."""
    told = []
    for language in LANGUAGES:
        source = (SHIPPED / language / f"{name}.txt").read_text(encoding="utf-8")
        told.append(sorted(re.findall(r"\b(?:t|letter|promise)\.\w+|\"[a-z]+_?[a-z]+\" %", source)))
    assert told[0] == told[1] == told[2]


def test_an_acknowledgement_tells_all_that_was_promised() -> None:
    written = acknowledge(looks_critical=False)
    assert written.subject == "[#198] Nettbutikken er nede på mobil"
    assert "198" in written.text
    assert "kritisk" in written.text
    assert "senest mandag 23. november kl. 21.40 (målet er kl. 21.10)" in written.text
    assert "senest mandag 23. november kl. 23.40" in written.text
    assert "+47 22 00 00 00" in written.text
    assert "åpner tirsdag 24. november kl. 08.00" in written.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_writes_of_a_critical_fault_is_told_to_call_first_of_all(language: str) -> None:
    for severity in Severity:
        text = acknowledge(language, severity=severity, looks_critical=True).text
        paragraphs = text.split("\n\n")
        assert "+47 22 00 00 00" in paragraphs[2]
        assert text.count("+47 22 00 00 00") == 1


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        (Severity.CRITICAL, True),
        (Severity.SERIOUS, True),
        (Severity.MINOR, False),
        (Severity.REQUEST, False),
    ],
)
def test_the_phone_line_is_for_serious_and_critical_faults(severity: Severity, told: bool) -> None:
    text = acknowledge(severity=severity, looks_critical=False).text
    assert ("+47 22 00 00 00" in text) is told


def test_times_are_the_customers_own_and_the_zone_is_named() -> None:
    text = acknowledge("en", time_zone=ZoneInfo("America/New_York")).text
    assert "by Monday 23 November at 15:40 (our aim is 15:10)" in text
    assert "America/New_York (EST)" in text
    assert "tidssone" not in acknowledge("nb").text


def test_a_target_on_another_day_names_the_day() -> None:
    promise = Promise(
        ClockKind.RESOLVE,
        datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
        datetime(2026, 11, 27, 23, 0, tzinfo=UTC),
    )
    assert (
        "Løst: innen utgangen av fredag 27. november (målet er tirsdag 24. november kl. 10.00)"
        in acknowledge(promises=(promise,)).text
    )


def test_what_is_only_aimed_for_is_not_called_a_promise() -> None:
    promise = Promise(ClockKind.FIRST_RESPONSE, NOW + timedelta(hours=1), None)
    text = acknowledge(promises=(promise,)).text
    assert "Svar fra en av oss: målet er mandag 23. november kl. 21.40" in text
    assert "senest" not in text


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("SV: Re: VS: Nede", "Nede"),
        ("Re: [#12] Nede", "Nede"),
        ("[#12] [#198] Fwd: Nede", "Nede"),
        ("Reparasjon av server", "Reparasjon av server"),
        ("Nede\r\nBcc: x@y.example", "Nede Bcc: x@y.example"),
        ("", "Saken din"),
        ("Re:", "Saken din"),
    ],
)
def test_letters_of_a_ticket_share_one_subject(subject: str, shown: str) -> None:
    assert acknowledge(subject=subject).subject == f"[#198] {shown}"
    reply = sample(Reply)
    assert render("reply", "nb", replace(reply, subject=subject)).subject == f"[#198] {shown}"


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Win https://evil.example/x?victim=1 now", "Win evil.example now"),
        ("HTTP://user:pw@evil.example:8080/x", "evil.example"),
        ("www.evil.example/login", "evil.example"),
        ("shop.example svarer ikke", "shop.example svarer ikke"),
    ],
)
def test_nobody_can_have_us_mail_his_link(subject: str, shown: str) -> None:
    written = acknowledge(subject=subject)
    assert written.subject == f"[#198] {shown}"
    assert "href" not in written.html
    assert "://" not in written.text


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("Kari Nordmann", "Hei Kari Nordmann,"),
        ("  Åse\n Bø ", "Hei Åse Bø,"),
        ("Kari (regnskap)", "Hei Kari (regnskap),"),
        (None, "Hei,"),
        ("", "Hei,"),
        ("kari@kunde.example", "Hei,"),
        ("Claim your prize at evil.example", "Hei,"),
        ("https://evil.example", "Hei,"),
        ("Ring 82000000", "Hei,"),
        ("K" * 61, "Hei,"),
    ],
)
def test_only_a_name_is_greeted(name: str | None, greeting: str) -> None:
    assert acknowledge(customer_name=name).text.startswith(f"{greeting}\n")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(sorted(name for name, _ in attrs))))

    @override
    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(html: str) -> _Tags:
    tags = _Tags()
    tags.feed(html)
    tags.close()
    return tags


SHAPES = {
    *(("html", ("lang",)), ("head", ()), ("meta", ("charset",)), ("meta", ("content", "name"))),
    *(("title", ()), ("body", ("style",)), ("div", ("style",)), ("p", ("style",)), ("p", ())),
    *(("ul", ()), ("li", ()), ("strong", ()), ("br", ()), ("a", ("href",))),
}


@given(st.text(st.sampled_from("<>&\"' \n-:/ahtps=.script{%}"), max_size=120))
def test_what_a_customer_writes_is_text_and_never_markup(words: str) -> None:
    written = acknowledge(subject=words, customer_name=words, signature=words, brand="x")
    assert set(read(written.html).tags) <= SHAPES


@given(st.text(max_size=300))
def test_every_word_of_the_text_is_in_the_html(words: str) -> None:
    reply = sample(Reply)
    written = render("reply", "nb", replace(reply, text=words))
    shown = re.sub(r"\s", "", "".join(read(written.html).words))
    for line in written.text.split("\n"):
        assert re.sub(r"[\s\x00]", "", line.removeprefix("- ")) in shown.replace("\x00", "")


def test_an_agents_own_html_is_kept_and_signed() -> None:
    reply = sample(Reply)
    written = render("reply", "nb", replace(reply, html="<p>Hei <em>Kari</em></p>"))
    assert "<p>Hei <em>Kari</em></p>" in written.html
    assert "Kundesenteret i Fjordvert" in written.html
    assert "Hei Kari" in written.text


def test_a_page_says_the_worst_in_its_subject() -> None:
    page = sample(Page)
    assert (
        render("page", "en", page).subject
        == "Ticket 198 critical: first response due in 20 minutes"
    )
    late = replace(page, due_at=NOW - timedelta(minutes=3))
    assert render("page", "nb", late).subject == (
        "Sak 198 kritisk: første svar skulle vært gjort for 3 minutter siden"
    )
    assert page.take_url in render("page", "nb", page).text
    assert f'href="{page.take_url}"' in render("page", "nb", page).html


def test_a_language_that_we_do_not_write_gets_english() -> None:
    assert acknowledge("de") == acknowledge("en")
    assert acknowledge("no") == acknowledge("nb")


def test_a_letter_from_the_wrong_facts_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        render("page", "nb", ACKNOWLEDGEMENT)


# --- the operator's own templates ----------------------------------------------------------------


def own(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_an_operators_template_is_used_in_place_of_ours(tmp_path: Path) -> None:
    folder = own(
        tmp_path, "nb/acknowledgement.txt", "Subject: Sak {{ letter.number }}\n\nHeisann!\n"
    )
    written = render("acknowledgement", "nb", ACKNOWLEDGEMENT, folder=folder)
    assert (written.subject, written.text) == ("Sak 198", "Heisann!\n")
    assert "<p>Heisann!</p>" in written.html
    # What it does not hold is ours.
    assert render("acknowledgement", "nn", ACKNOWLEDGEMENT, folder=folder) == acknowledge("nn")


def test_an_operators_layout_is_used_for_every_letter(tmp_path: Path) -> None:
    folder = own(tmp_path, "layout.html", "<main>{% block top %}{% endblock %}{{ body }}</main>")
    for name, context in SAMPLES.items():
        if name != "reply":
            assert render(name, "en", context, folder=folder).html.startswith("<main>")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Subject: x\n\n{{ letter.nmuber }}\n", "nmuber"),
        ("Subject: x\n\n{% if %}\n", "line 3"),
        ("Hei\n\nx\n", "Subject"),
        ("Subject: {{ 1 / 0 }}\n\nx\n", "division"),
        ("Subject: x\n\n{{ t.moment('i dag') }}\n", "acknowledgement"),
    ],
)
def test_a_broken_template_never_keeps_a_letter_from_leaving(
    tmp_path: Path, text: str, told: str
) -> None:
    folder = own(tmp_path, "nb/acknowledgement.txt", text)
    written = render("acknowledgement", "nb", ACKNOWLEDGEMENT, folder=folder)
    assert written.problem is not None
    assert told in written.problem
    assert replace(written, problem=None) == acknowledge("nb")


def test_a_broken_layout_never_keeps_a_letter_from_leaving(tmp_path: Path) -> None:
    folder = own(tmp_path, "layout.html", "{{ nothing_of_the_kind }}")
    written = render("acknowledgement", "nb", ACKNOWLEDGEMENT, folder=folder)
    assert written.problem is not None
    assert replace(written, problem=None) == acknowledge("nb")
