"""An operator's own words count by whatever way a message comes in."""

from pathlib import Path

import pytest

from app.config import Settings
from app.desk.house import House
from app.desk.judging import judge_report
from app.kit.db import Database
from app.sla.severity import Report
from app.sla.terms import Severity
from tests.harness.world import TUESDAY_TEN, make_settings

OWN = """
[[pattern]]
pattern = "plukkrobot..(står|stanset)"
at_least = "critical"
because = "the picking robot stands"
"""
TEXT = "Hei, plukkroboten står."


def house(db: Database, settings: Settings) -> House:
    with db.writing() as session:
        return House.open(session, settings, now=TUESDAY_TEN)


@pytest.mark.parametrize("channel", ["email", "phone", "sms"])
def test_an_own_pattern_raises_a_message_of_any_channel(
    db: Database, tmp_path: Path, channel: str
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN, encoding="utf-8")
    report = Report(channel=channel, subject=None, text=TEXT)
    plain = house(db, make_settings())
    taught = house(db, make_settings(severity={"own": str(file)}))
    assert judge_report(plain, report, at=TUESDAY_TEN).severity is not Severity.CRITICAL
    judged = judge_report(taught, report, at=TUESDAY_TEN)
    assert judged.severity is Severity.CRITICAL
    assert any("picking robot" in reason for reason in judged.reasons)
