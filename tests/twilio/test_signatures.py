"""Twilio's own vectors, from its documentation and the tests of its libraries; and what is not."""

import pytest
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from app.outbox.twilio.signature import HEADER, Keys, Refusal, why_not

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
SIGNED = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
JSON = b'{"property": "value", "boolean": true}'
HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
JSON_SIGNED = "a9nBmqA0ju/hNViExpshrM61xv4="
SHARED = {"X-Twilio-Webhooks-Signature-Settings": "key=webhooks_x,algorithm=HMAC_SHA256"}


def verdict(
    body: FormData | bytes | None,
    signature: str,
    *,
    url: str = URL,
    keys: Keys | None = None,
    **more: str,
) -> Refusal | None:
    headers = {HEADER: signature, **more}
    return why_not(keys or Keys(("12345",)), url, body, headers)


def form(**changes: str) -> FormData:
    return FormData({**CALL, **changes})


def test_the_documented_form_is_believed() -> None:
    assert verdict(form(), SIGNED) is None


def test_a_repeated_field_counts_once_a_value_in_order() -> None:
    fields = FormData(
        [
            ("Sid", "CA123"),
            ("SidAccount", "AC123"),
            ("Digits", "5678"),
            ("Digits", "1234"),
            ("Digits", "1234"),
        ]
    )
    assert verdict(fields, "IK+Dwps556ElfBT0I3Rgjkr1wJU=") is None


def test_the_documented_json_is_believed() -> None:
    assert verdict(JSON, JSON_SIGNED, url=f"{URL}&bodySHA256={HASH}") is None


@pytest.mark.parametrize("host", ["mycompany.com", "mycompany.com:443"])
def test_the_default_port_may_be_there_or_not(host: str) -> None:
    assert verdict(form(), SIGNED, url=URL.replace("mycompany.com", host)) is None


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        URL.replace("mycompany", "yourcompany"),
        URL.replace("bar=2", "bar=3"),
        URL.replace("bar=2", "bar=2&more=1"),
        URL.partition("?")[0],
    ],
)
def test_a_signature_is_of_one_address(url: str) -> None:
    assert verdict(form(), SIGNED, url=url) is Refusal.WRONG


def test_a_changed_an_added_and_an_empty_field_are_told() -> None:
    assert verdict(form(Digits="1235"), SIGNED) is Refusal.WRONG
    assert verdict(form(More="1"), SIGNED) is Refusal.WRONG
    assert verdict(FormData({}), SIGNED) is Refusal.WRONG


def test_a_field_that_is_empty_or_has_spaces_around_counts_as_it_is() -> None:
    fields = FormData({"Body": "  ja ", "Digits": "", "City": "BODØ"})
    signature = RequestValidator("12345").compute_signature(URL, fields)
    assert verdict(fields, signature) is None
    assert verdict(FormData({**fields, "Body": "ja"}), signature) is Refusal.WRONG


def test_a_body_that_was_altered_or_has_no_hash_is_told() -> None:
    assert verdict(JSON + b" ", JSON_SIGNED, url=f"{URL}&bodySHA256={HASH}") is Refusal.WRONG
    bare = RequestValidator("12345").compute_signature(URL, {})
    assert verdict(JSON, bare) is Refusal.WRONG
    assert verdict(b"\xff\xfe", bare, url=URL) is Refusal.WRONG


def test_a_request_without_a_body_is_signed_by_its_address() -> None:
    bare = RequestValidator("12345").compute_signature(URL, {})
    assert verdict(None, bare) is None


@pytest.mark.parametrize("signature", ["", "x", "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "æ" * 28])
def test_no_signature_and_a_wrong_one_are_turned_away(signature: str) -> None:
    expected = Refusal.WRONG if signature else Refusal.MISSING
    assert verdict(form(), signature) is expected


def test_the_token_before_the_present_one_still_counts() -> None:
    assert verdict(form(), SIGNED, keys=Keys(("new", "12345"))) is None
    assert verdict(form(), SIGNED, keys=Keys(("new", "newer"))) is Refusal.WRONG


def test_a_rule_of_twilios_has_the_shared_key_sign() -> None:
    keys = Keys(("12345",), shared="together")
    good = RequestValidator("together").compute_signature(URL, form(), "HMAC_SHA256")
    assert verdict(form(), good, keys=keys, **SHARED) is None
    # The token signs nothing that says it is signed by the shared key, and the other way round.
    assert verdict(form(), SIGNED, keys=keys, **SHARED) is Refusal.WRONG
    assert verdict(form(), good, keys=keys) is Refusal.WRONG
    assert verdict(form(), good, **SHARED) is Refusal.WRONG
