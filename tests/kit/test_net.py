import asyncio
import ssl
from collections.abc import Generator
from ipaddress import ip_address, ip_network

import pytest
import trustme

from app.kit.errors import PermanentError, TemporaryError
from app.kit.net import Answer, Outside, is_public
from tests.harness.other_side import OtherSide, other_side

HERE = Outside((ip_network("127.0.0.0/8"), ip_network("::1/128")))


@pytest.fixture
def side() -> Generator[OtherSide]:
    with other_side() as one:
        yield one


def post(outside: Outside, url: str) -> Answer:
    return asyncio.run(outside.post(url, b"{}", {"X-Word": "hei"}, timeout_s=2))


def test_what_is_posted_arrives_as_it_was_given(side: OtherSide) -> None:
    answer = post(HERE, side.url("/a?b=c"))
    (asked,) = side.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/a?b=c", b"{}")
    assert asked.headers["x-word"] == "hei"
    assert asked.headers["host"] == f"127.0.0.1:{side.port}"
    assert answer.taken


def test_the_name_is_told_to_the_other_side_though_its_number_is_called(side: OtherSide) -> None:
    post(HERE, side.url(host="localhost"))
    assert side.asked[0].headers["host"] == f"localhost:{side.port}"


def test_a_certificate_is_checked_for_the_name() -> None:
    ca = trustme.CA()
    server, client = (
        ssl.SSLContext(one) for one in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)
    )
    ca.issue_cert("localhost").configure_cert(server)
    ca.configure_trust(client)
    outside = Outside(HERE.private, trust=client)
    with other_side(server) as side:
        assert post(outside, side.url(scheme="https", host="localhost")).taken
        with pytest.raises(TemporaryError, match=r"[Hh]ostname|IP address mismatch|certificate"):
            post(outside, side.url(scheme="https", host="127.0.0.1"))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[fd00::1]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "0.0.0.0",  # noqa: S104 - called, and not listened on
        # Other spellings of 127.0.0.1 that resolvers take.
        "2130706433",
        "0x7f.1",
    ],
)
def test_a_private_target_is_refused_when_it_is_written_down_and_when_it_is_called(
    host: str,
) -> None:
    url = f"https://{host}/hook"
    with pytest.raises(PermanentError):
        Outside().check(url)
    with pytest.raises(PermanentError):
        post(Outside(), url)


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "file:///etc/passwd", "https://", "no address", "https://a:b@c.no/"],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(PermanentError):
        post(HERE, url)


def test_nothing_goes_to_the_world_in_the_clear() -> None:
    with pytest.raises(PermanentError, match="in the clear"):
        Outside().check("http://192.0.2.1/")


def test_an_allowed_network_lets_its_own_targets_through_and_no_others(side: OtherSide) -> None:
    HERE.check(side.url())
    with pytest.raises(PermanentError, match="private network"):
        HERE.check("https://10.0.0.1/")


def test_a_redirect_is_told_and_not_followed(side: OtherSide) -> None:
    side.answers.append((302, "", {"Location": side.url("/other")}))
    assert post(HERE, side.url()).status == 302
    assert len(side.asked) == 1


def test_nobody_at_home_is_a_matter_for_later() -> None:
    with other_side() as side:
        pass
    with pytest.raises(TemporaryError, match="cannot be reached"):
        post(HERE, side.url())


def test_public_addresses_are_public() -> None:
    assert all(is_public(ip_address(one)) for one in ("1.1.1.1", "2606:4700::1111"))
