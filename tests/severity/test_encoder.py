"""The encoder reads what words alone do not tell, and never fails for what it is given."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.checks import checks
from app.cli.commands import cli
from app.kit.clock import MachineClock
from app.kit.db import Database
from app.kit.errors import BadConfig
from app.service import Part, Service
from app.sla.severity import Report, encode, judge
from app.sla.severity import encoder as encoding
from app.sla.severity.encoder import MOST_PIECES, Encoded, as_read, cut
from app.sla.severity.exclusions import suspected
from app.sla.severity.shares import CLASSES, mixed
from app.sla.severity.signals import Heard
from app.sla.terms import Exclusion, Severity
from tests.harness.world import make_settings

run = CliRunner().invoke


def sure_of(severity: Severity, exclusion: Exclusion | None = None) -> Encoded:
    return Encoded(
        {one: 0.97 if one is severity else 0.01 for one in CLASSES},
        {one: float(one is exclusion) for one in encoding.EXCLUSIONS},
    )


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make it as if ONNX Runtime were not installed."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    encoding._loaded.cache_clear()
    yield
    encoding._loaded.cache_clear()


def test_both_have_their_say() -> None:
    unsure = dict(zip(CLASSES, (0.3, 0.3, 0.3, 0.1), strict=True))
    leaning = dict(zip(CLASSES, (0.1, 0.7, 0.1, 0.1), strict=True))
    both = mixed(unsure, leaning, say=1, others_say=1)
    assert sum(both.values()) == pytest.approx(1)
    assert max(both, key=both.__getitem__) is Severity.SERIOUS
    even = dict.fromkeys(CLASSES, 0.25)
    assert mixed(unsure, even, say=1, others_say=5) == pytest.approx(unsure)
    # What one of them takes for impossible leaves a probability, and no error.
    assert mixed(unsure, dict(zip(CLASSES, (0, 0, 0, 1), strict=True)), say=1, others_say=1)


@pytest.mark.parametrize(
    "report",
    [
        Report("email", "[Vakt] nettbutikk DOWN", "Butikken svarer ikke."),
        Report("phone", "Logo", "Logoen har feil farge.", keypad=Severity.CRITICAL),
    ],
    ids=["a monitor's alarm", "the caller's own choice"],
)
def test_what_a_rule_or_the_caller_has_raised_the_encoder_does_not_lower(report: Report) -> None:
    shrugs = judge(report, encode=lambda *_: sure_of(Severity.REQUEST))
    assert shrugs.severity is Severity.CRITICAL


def test_where_nothing_is_known_the_encoder_decides_nothing() -> None:
    said = judge(Report("email", None, "12 34 ###"), encode=lambda *_: sure_of(Severity.CRITICAL))
    assert said.severity is Severity.MINOR


@pytest.mark.parametrize("subject", ["Feil 0", "Feil", "Feil i butikken"])
def test_for_a_fault_of_which_nothing_is_said_nobody_is_woken(subject: str) -> None:
    report = Report("email", subject, "Hei\n\nDet er en feil i butikken.\n")
    assert judge(report, encode=encode).severity is Severity.MINOR


def test_loud_is_read_as_if_it_were_not() -> None:
    assert as_read("email", "NEDE", "ALT ER BORTE nå") == "query: mail: nede | ALT ER borte nå"
    assert as_read("sms", None, "a\n\n b\t") == "query: phone: | a b"


def test_of_a_long_message_the_beginning_and_the_end_are_read() -> None:
    read = cut(list(range(3, 1003)))
    assert len(read) == MOST_PIECES
    assert (read[1], read[-2]) == (3, 1002)
    assert len(as_read("email", "x" * 10_000, "y" * 100_000)) < 10_000


def test_many_threads_get_what_one_gets_and_junk_gets_something() -> None:
    texts = ["", "\0\0", "\ud800 nede", "🙈" * 5000, "\x00\xff" * 50_000, "Kasse 1 er nede"]
    alone = [encode("email", text, text) for text in texts]
    for one in alone:
        assert sum(one.severities.values()) == pytest.approx(1, abs=1e-4)
        assert sum(one.exclusions.values()) == pytest.approx(1, abs=1e-4)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: encode("email", text, text), texts)) == alone


# Alike in their words, and not in what they say; none of them was learned from.
ALIKE = [
    ("Ingen av kundene våre får betalt. Kassen gir bare en feilmelding.", Severity.CRITICAL),
    ("Takk for i går da ingen av kundene fikk betalt! Nå går kassen fint igjen.", Severity.REQUEST),
    ("Nobody can check out since this morning, the page stays white.", Severity.CRITICAL),
    ("What would happen if nobody could check out one day? Do you have a plan?", Severity.REQUEST),
    ("Testbutikken vår er nede. Den ekte virker som den skal.", Severity.MINOR),
    ("Einige Kunden können nicht mit Karte bezahlen, Rechnung geht.", Severity.SERIOUS),
]


@pytest.mark.parametrize(("text", "wanted"), ALIKE)
def test_what_is_told_counts_and_not_the_words_that_tell_it(text: str, wanted: Severity) -> None:
    assert judge(Report("email", "Butikken", text), encode=encode).severity is wanted


@pytest.mark.usefixtures("missing")
def test_a_service_that_wants_the_encoder_does_not_start_without_it(db: Database) -> None:
    with pytest.raises(BadConfig, match=r"severity\.encoder"):
        Service.open(make_settings(), db, MachineClock(), frozenset({Part.INTAKE}))
    settings = make_settings(severity={"encoder": False})
    assert Service.open(settings, db, MachineClock(), frozenset({Part.INTAKE}))
    # What judges nothing does not need it.
    assert Service.open(make_settings(), db, MachineClock(), frozenset({Part.SENDER}))


@pytest.mark.usefixtures("missing")
def test_the_doctor_says_that_it_cannot_run() -> None:
    check = dict(checks(make_settings(), MachineClock()))
    with pytest.raises(BadConfig, match="cannot run on this machine"):
        check["severity.encoder"]()
    off = make_settings(severity={"encoder": False})
    assert "severity.encoder" not in dict(checks(off, MachineClock()))


def test_the_doctor_says_how_long_a_sentence_takes() -> None:
    check = dict(checks(make_settings(), MachineClock()))
    assert "loaded" in check["severity.encoder"]()


def test_a_message_is_tried_with_and_without(tmp_path: Path) -> None:
    row = {"id": 1, "channel": "email", "subject": "Nede", "body": "Ingen får betalt i butikken."}
    (tmp_path / "in.jsonl").write_text(json.dumps(row), "utf-8")
    told = [
        json.loads(run(cli, ["severity", "try", str(tmp_path / "in.jsonl"), *more]).stdout)
        for more in ([], ["--no-encoder"])
    ]
    assert told[0]["severity"] == told[1]["severity"] == "critical"
    assert told[0]["confidence"] != told[1]["confidence"]


def heard(text: str) -> Heard:
    return Heard(text.lower())


PLUGIN = "the vendor of the plugin has confirmed that the fault is theirs"


def test_an_exclusion_is_suspected_where_the_encoder_is_sure_or_not_against() -> None:
    nothing = dict.fromkeys(encoding.EXCLUSIONS, 0.0)
    theirs = Exclusion.THIRD_PARTY_APP
    assert suspected(heard(PLUGIN)) is theirs
    assert suspected(heard(PLUGIN), nothing | {None: 1.0}) is None
    assert suspected(heard(PLUGIN), nothing | {None: 0.7, theirs: 0.3}) is theirs
    assert suspected(heard("Hello"), nothing | {None: 0.7, theirs: 0.3}) is None
    assert suspected(heard("Hello"), nothing | {None: 0.4, theirs: 0.6}) is theirs
