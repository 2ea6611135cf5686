"""The account at Twilio, by its official library: the one place that sends, and asks what was sent.

Every method blocks, for the configured seconds at most, and belongs in a thread. What the library
raises becomes permanent or temporary here. Nothing is retried here: that is the outbox's business,
which first asks whether Twilio has the message already.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx2

from app.config import Settings
from app.kit.errors import OutsideError, PermanentError, TemporaryError
from app.outbox.twilio.codes import RETRYABLE, Cure, Trouble, trouble
from app.outbox.twilio.signature import auth_token

# Where Twilio posts how a delivery goes; behind it the delivery's id, so that an answer of Twilio's
# that was lost is matched by the first callback.
STATUS_PATH: Final = "/twilio/deliveries"
# How far back a message of ours is looked for among those to one number.
_NEWEST = 20
# So many of those to us are looked through; a desk that misses more has other troubles.
_MOST_SMS = 1000
# A call that says its piece three times is over by then, whatever the other side does.
_LONGEST_CALL_S = 180
# So many are looked through at a time; a desk that misses more has other troubles.
_MOST_CALLS = 1000
# Four hours of Twilio's MP3 (32 kbit/s).
_LONGEST_RECORDING = 60_000_000


class TwilioTemporary(TemporaryError):
    """It did not work, and may later; Twilio may have taken it all the same (``uncertain``)."""

    def __init__(self, what: Trouble, *, uncertain: bool = False) -> None:
        super().__init__(f"{what.sentence}.")
        self.trouble = what
        self.uncertain = uncertain


class TwilioPermanent(PermanentError):
    """It does not work, and will not before something is changed."""

    def __init__(self, what: Trouble) -> None:
        remedy = "Look at `svartid doctor`." if what.cure is Cure.SETTINGS else None
        super().__init__(f"{what.sentence}.", remedy=remedy)
        self.trouble = what


@dataclass(frozen=True, slots=True)
class Taken:
    """A message or a call that Twilio has."""

    sid: str
    status: str
    made_at: datetime | None = None
    body: str = ""
    # Asked for by us, and not what a script connected or somebody sent to us.
    is_ours: bool = True


@dataclass(frozen=True, slots=True)
class Received:
    """An SMS to our number."""

    sid: str
    sender: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call to our number that is over."""

    sid: str
    from_number: str
    to_number: str
    status: str
    started_at: datetime
    ended_at: datetime


class Account:
    """Sends and calls from our number."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.twilio
        self._base = settings.twilio_url
        self._client: Any = None
        self._token = ""

    def send_sms(self, to: str, text: str, *, delivery: str, lasts_s: int | None) -> Taken:
        """Send an SMS; after ``lasts_s`` seconds Twilio gives it up."""
        sender = (
            {"messaging_service_sid": self._settings.messaging_service_sid}
            if self._settings.messaging_service_sid
            else {"from_": self._settings.number}
        )
        fields = {
            "to": to,
            "body": text,
            "status_callback": self._callback(delivery),
            "validity_period": lasts_s,
            **sender,
        }
        return _taken(_ask(lambda: self._api().messages.create(**_given(fields))))

    def call(
        self,
        to: str,
        script: str,
        *,
        delivery: str,
        ring_s: int | None = None,
        longest_s: int | None = None,
    ) -> Taken:
        """Call a number and let Twilio go through a script (TwiML) when somebody answers.

        The script travels with the request, so that the call speaks even while we are away. Whether
        a machine has answered is told while the script runs: nobody waits in silence for it.
        """
        fields = {
            "to": to,
            "from_": self._settings.number,
            "twiml": script,
            "timeout": ring_s or self._settings.ring_s,
            "time_limit": longest_s or _LONGEST_CALL_S,
            "status_callback": self._callback(delivery),
            "status_callback_event": ["initiated", "ringing", "answered", "completed"],
        }
        if self._settings.detect_machines:
            fields |= {
                "machine_detection": "Enable",
                "async_amd": "true",
                "async_amd_status_callback": self._callback(delivery),
            }
        return _taken(_ask(lambda: self._api().calls.create(**_given(fields))))

    def sms_to(self, to: str) -> Sequence[Taken]:
        """Return the newest SMS to a number."""
        rows = _ask(lambda: self._api().messages.list(to=to, limit=_NEWEST))
        return [_taken(row) for row in rows]

    def calls_to(self, to: str) -> Sequence[Taken]:
        """Return the newest calls to a number."""
        rows = _ask(lambda: self._api().calls.list(to=to, limit=_NEWEST))
        return [_taken(row) for row in rows]

    def sms_to_us(self, since: datetime) -> Sequence[Received]:
        """Return the SMS to our number since then, oldest first."""
        rows = _ask(
            lambda: self._api().messages.list(
                to=self._settings.number, date_sent_after=since, limit=_MOST_SMS
            )
        )
        return [
            Received(row.sid, row.from_ or "", row.body or "", row.date_sent or row.date_created)
            for row in reversed(rows)
            if row.direction == "inbound"
        ]

    def standing(self) -> str:
        """Return how the account stands: active, suspended or closed."""
        return str(
            _ask(lambda: self._api().api.accounts(self._settings.account_sid).fetch().status)
        )

    def number_settings(self) -> Mapping[str, str] | None:
        """Return what Twilio does with calls and SMS to our number; None where it is not ours."""
        rows = _ask(
            lambda: self._api().incoming_phone_numbers.list(
                phone_number=self._settings.number, limit=1
            )
        )
        names = ("sms_url", "voice_url", "voice_fallback_url", "status_callback")
        return {name: getattr(rows[0], name) or "" for name in names} if rows else None

    def ended_calls(self, since: datetime) -> Sequence[EndedCall]:
        """Return the calls to our number that began since then and are over, newest first."""
        rows = _ask(
            lambda: self._api().calls.list(
                to=self._settings.number, start_time_after=since, limit=_MOST_CALLS
            )
        )
        return [
            EndedCall(
                sid=row.sid,
                from_number=row._from or "",
                to_number=row.to or "",
                status=row.status,
                started_at=row.start_time or row.date_created,
                ended_at=row.end_time,
            )
            for row in rows
            # Without an end it still goes on.
            if row.direction == "inbound" and row.end_time is not None
        ]

    def recordings(self, since: datetime) -> Mapping[str, str]:
        """Return the addresses of the recordings made since then, by their calls."""
        rows = _ask(
            lambda: self._api().recordings.list(date_created_after=since, limit=_MOST_CALLS)
        )
        return {
            row.call_sid: self._recording_url(row.sid) for row in rows if row.status == "completed"
        }

    def recording(self, sid: str) -> bytes:
        """Return a recording's sound, as MP3; what is larger than a call can be is refused."""
        token = auth_token(self._settings)
        try:
            with httpx2.stream(
                "GET",
                f"{self._recording_url(sid)}.mp3",
                auth=(self._settings.account_sid or "", token),
                timeout=self._settings.timeout_s,
                # It lies elsewhere, and the token stays here.
                follow_redirects=True,
            ) as answer:
                if answer.status_code >= 400:
                    raise _no_recording(answer.status_code)
                sound = bytearray()
                for chunk in answer.iter_bytes():
                    sound += chunk
                    if len(sound) > _LONGEST_RECORDING:
                        raise PermanentError("the recording is larger than any call.")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise TemporaryError(f"Twilio cannot be reached: {type(error).__name__}.") from error
        return bytes(sound)

    def _recording_url(self, sid: str) -> str:
        base = self._settings.api_base_url.rstrip("/")
        return f"{base}/2010-04-01/Accounts/{self._settings.account_sid}/Recordings/{sid}"

    def _callback(self, delivery: str) -> str:
        return f"{self._base}{STATUS_PATH}/{delivery}"

    def _api(self) -> Any:
        """Return the library's client, made anew where the token has changed."""
        token = auth_token(self._settings)
        if self._client is None or token != self._token:
            # It takes a tenth of a second to import, which only those who call need to spend.
            rest = importlib.import_module("twilio.rest")
            http = importlib.import_module("twilio.http.http_client")
            client = rest.Client(
                self._settings.account_sid,
                token,
                http_client=http.TwilioHttpClient(timeout=self._settings.timeout_s),
            )
            client.api.base_url = self._settings.api_base_url.rstrip("/")
            self._client, self._token = client, token
        return self._client


def _ask(request: Any) -> Any:
    """Make a request and say what its failure means."""
    errors = importlib.import_module("twilio.base.exceptions")
    try:
        return request()
    except (errors.TwilioRestException, errors.TwilioServiceException) as error:
        says = getattr(error, "msg", "") or getattr(error, "detail", "") or ""
        what = trouble(error.code, status=error.status, says=says)
        if what.cure in RETRYABLE or what.code == 20003:
            # A token that is mended sends what waits for it; a 5xx may have come too late.
            raise TwilioTemporary(what, uncertain=error.status >= 500) from error
        raise TwilioPermanent(what) from error
    except (errors.TwilioException, ValueError) as error:
        # An answer that is none: a proxy's page, or half of one.
        says = "Twilio's answer cannot be read"
        raise TwilioTemporary(Trouble(None, Cure.TIME, says), uncertain=True) from error
    except OSError as error:
        # requests' own errors are among these.
        says = f"Twilio cannot be reached: {type(error).__name__}"
        raise TwilioTemporary(Trouble(None, Cure.TIME, says), uncertain=True) from error


def _no_recording(status: int) -> OutsideError:
    says = f"Twilio does not give the recording: {status}."
    # It is there some seconds after the call; a token may be mended. One that was deleted is 410.
    return PermanentError(says) if status == 410 else TemporaryError(says)


def _taken(row: Any) -> Taken:
    return Taken(
        sid=row.sid,
        status=row.status,
        made_at=row.date_created,
        body=getattr(row, "body", "") or "",
        is_ours=row.direction == "outbound-api",
    )


def _given(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
