"""Settings of a small house, for whatever a test is about."""

from typing import Any

from app.config import Settings

SUPPORT = "support@desk.example"


def make_settings(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "desk": {"name": "Nordheim Drift", "secret": "s" * 40, "phone": "+47 22 00 00 00"},
        "mailboxes": {
            "support": {
                "address": SUPPORT,
                "imap": {"host": "imap.example", "username": "support", "password": "x"},
                "smtp": {"host": "smtp.example"},
            }
        },
        "policy": {"catch_all": "alle@desk.example"},
        # Letters of their own stories; in all others they would be in the way.
        "customers": {"told_of": []},
    }
    return Settings.model_validate({**values, **changes})
