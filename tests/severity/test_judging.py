"""Severity is judged by effect, with reasons, and is safe where nothing is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sla.severity import Model, Report, judge
from app.sla.severity.weights import Weights
from app.sla.severity.words import clauses
from app.sla.terms import Exclusion, Severity

CRITICAL, SERIOUS, MINOR, REQUEST = Severity


def mail(text: str, subject: str | None = None) -> Severity:
    return judge(Report("email", subject, text)).severity


BY_EFFECT = [
    (CRITICAL, "Alt er nede!!"),
    (CRITICAL, "Everything is down"),
    (CRITICAL, "Ingen får betalt"),
    (MINOR, "HASTER!!! LOGOEN HAR FEIL FARGE, DETTE ER KRITISK!!!"),
    (CRITICAL, "Hei, ingen har klart å betale siden i går kveld, fint om dere ser på det en gang."),
    (CRITICAL, "Hele nettbutikken er nede, kundene får bare en hvit side."),
    (CRITICAL, "Our whole shop is down, every customer gets a 503."),
    (SERIOUS, "Kortbetaling virker ikke, men Vipps og faktura går fint."),
    (SERIOUS, "Kunder med iPhone får ikke trykket på betal. PC og Android virker."),
    (MINOR, "Staging gir 500 i kassen. Den ordentlige butikken går fint."),
    (MINOR, "Jeg kommer ikke inn i admin, kollegaene mine kommer inn."),
    (REQUEST, "Takk for hjelpen i går da alt var nede, nå går det fint igjen!"),
    (REQUEST, "Hva koster en server til? Vi vil gjerne ha et tilbud."),
    (REQUEST, "Konkurrenten vår er nede i dag. Kunne det skjedd oss? Butikken vår går fint."),
    (REQUEST, "Kan dere ta ned nettbutikken i ferien, slik at ingen får handlet?"),
]


@pytest.mark.parametrize(("severity", "text"), BY_EFFECT)
def test_effect_decides_and_not_words(severity: Severity, text: str) -> None:
    assert mail(text) is severity


@pytest.mark.parametrize(
    ("subject", "severity"),
    [
        ("[Pinger] DOWN shop.example.com", CRITICAL),
        ("[Pinger] UP shop.example.com", REQUEST),
        ("[Pinger] DOWN staging.example.com", MINOR),
    ],
)
def test_a_monitor_is_read_by_its_last_word(subject: str, severity: Severity) -> None:
    assert mail("Checked from 5 locations.", subject) is severity


def test_a_monitor_that_comes_and_goes_is_serious() -> None:
    text = "DOWN 14:02, UP 14:05, DOWN 14:20, UP 14:22, DOWN 14:41, UP 14:43"
    assert mail(text, "[Pinger] flapping") is SERIOUS


def test_the_newest_text_decides_and_not_what_it_quotes() -> None:
    quoted = "\n\n> Alt er nede! Ingen får betalt!\n> Dette er kritisk!"
    assert mail(f"Kan dere sende fakturaen for mai en gang til, til ny adresse?{quoted}") is REQUEST
    assert mail(f"Nei, akkurat likt her fortsatt.{quoted}") is CRITICAL


def test_one_sentence_in_a_long_letter_weighs_what_it_would_weigh_alone() -> None:
    weather = "Her har det vært snø siden mandag, og hunden trives. Tusen takk for kortet. " * 12
    assert mail(f"{weather}Ingen får betalt i kassen. {weather}", "Hilsen fra fjellet") is CRITICAL


def test_a_link_is_no_certificate_and_an_address_no_word() -> None:
    [clause] = clauses(None, "Se https://bod.example/kurv eller per@nede.example")
    assert clause.tokens == ("se", "bod.example/kurv", "eller")


def test_nothing_known_is_minor_by_mail_and_serious_by_phone_and_said_so() -> None:
    by_mail, by_phone = judge(Report("email", None, "")), judge(Report("phone", None, ""))
    assert (by_mail.severity, by_phone.severity) == (MINOR, SERIOUS)
    assert "nothing" in by_mail.reasons[0]
    assert "nothing" in by_phone.reasons[0]


@pytest.mark.parametrize("junk", ["zxqv qqq", "x9 k3 aa 77", "\x00\x01\x02%PDF", "77 12"])
@pytest.mark.parametrize(("channel", "severity"), [("email", MINOR), ("phone", SERIOUS)])
def test_junk_is_no_request_and_is_said_to_tell_nothing(
    channel: str, severity: Severity, junk: str
) -> None:
    judged = judge(Report(channel, None, junk))
    assert judged.severity is severity
    assert "nothing" in judged.reasons[0]


def test_a_learned_word_is_known_that_belongs_to_no_group() -> None:
    learned = Model(Weights([("w:plukkrobot", (60.0, 0.0, 0.0, 0.0))]), "")
    for text, severity in (("plukkrobot", CRITICAL), ("zxqv", MINOR)):
        judged = judge(Report("email", None, text), model=learned)
        assert judged.severity is severity


def test_a_callers_choice_raises_and_never_lowers() -> None:
    quiet = Report("phone", None, "Spør om fakturadatoen kan flyttes.", keypad=CRITICAL)
    assert judge(quiet).severity is CRITICAL
    loud = Report("phone", None, "Hele butikken er nede for alle kunder.", keypad=MINOR)
    assert judge(loud).severity is CRITICAL


def test_an_alarm_that_is_unsure_asks_to_be_confirmed_when_the_desk_is_closed() -> None:
    report = Report("email", None, "Hele nettbutikken er nede, ingen kunder kommer inn.")
    sure = judge(report, desk_open=False)
    assert (sure.severity, sure.confirm) == (CRITICAL, False)
    # A model that knows nothing gives each severity a quarter.
    ignorant = Model(Weights([]), "")
    unsure = judge(report, desk_open=False, model=ignorant, critical_from=0.2)
    assert (unsure.severity, unsure.confirm) == (CRITICAL, True)
    assert not judge(report, desk_open=True, model=ignorant, critical_from=0.2).confirm


@pytest.mark.parametrize(
    ("excluded", "text"),
    [
        (
            Exclusion.CUSTOMER_CAUSED,
            "Vi slettet feil mappe selv, og nå er butikken nede. Vår feil.",
        ),
        (
            Exclusion.THIRD_PARTY_APP,
            "Kassen feiler for alle. Utvikleren av utvidelsen bekrefter at feilen er hos dem.",
        ),
        (Exclusion.FORCE_MAJEURE, "Lynet slo ned i datahallen og butikken vår er nede."),
        (
            Exclusion.PLANNED_MAINTENANCE,
            "Butikken er nede. Dere varslet vedlikehold mellom 02 og 05.",
        ),
        (None, "Butikken er nede. Vedlikeholdet skulle vært ferdig klokken 05."),
        (None, "Butikken er nede. I loggen står navnet på en utvidelse."),
        (None, "Kan dere sende en faktura for jobben etter at vi slettet feil fil?"),
    ],
)
def test_an_exclusion_is_a_hint_only_where_the_text_says_so(
    excluded: Exclusion | None, text: str
) -> None:
    assert judge(Report("email", None, text)).excluded is excluded


@given(subject=st.none() | st.text(max_size=80), text=st.text(max_size=600))
def test_anything_gets_an_answer(subject: str | None, text: str) -> None:
    judged = judge(Report("email", subject, text))
    assert judged.reasons
    assert 0 <= judged.confidence <= 1


def test_junk_of_any_size_gets_an_answer() -> None:
    for junk in (
        "\x00\xff" * 50_000,
        "alle " * 20_000,
        "ikke " * 20_000,
        "a" * 100_000,
        ">" * 100_000,
    ):
        assert judge(Report("email", junk, junk)).severity in Severity
