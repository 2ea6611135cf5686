"""The settings: every name documented, every default safe.

They come from one TOML file and from environment variables, which win. A variable is named
``SVARTID_`` and the key's path with two underscores between its parts:
``SVARTID_MAILBOXES__SUPPORT__IMAP__PASSWORD``. Secrets come only from the environment or from a
file that a ``..._file`` setting names, so that the configuration file can be shown to anyone.
Anything wrong is refused at start with the key's full name and what to do about it.
"""

import tomllib
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

from app.kit.db import parse_url
from app.kit.errors import BadConfig

SECRET_KEYS = frozenset(
    {
        *("password", "secret", "client_secret", "refresh_token", "auth_token"),
        *("token", "signing_key", "previous_auth_token", "api_key"),
    }
)


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a time zone; write one like Europe/Oslo")
    return name


def _known_database(url: str) -> str:
    parse_url(url)
    return url


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Part(BaseModel):
    """A table of the file; a key that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Security(StrEnum):
    """How a connection to a mail server is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class AfterCommit(StrEnum):
    """What is done with a mail at the server once it is safe in the ledger."""

    LEAVE = "leave"
    FLAG = "flag"
    MOVE = "move"
    DELETE = "delete"


class Language(StrEnum):
    """A language that letters are written in."""

    BOKMAL = "nb"
    NYNORSK = "nn"
    ENGLISH = "en"


class Desk(Part):
    """Who we are to our customers."""

    name: str = Field("Support", description="The desk's name, as it signs its mail.")
    url: str = Field(
        "http://127.0.0.1:8080", description="The public address of the API and its links."
    )
    language: Language = Field(Language.BOKMAL, description="For customers whose own is not known.")
    time_zone: TimeZone = Field("Europe/Oslo", description="For customers whose own is not known.")
    phone: str | None = Field(
        None, description="The line for serious and critical faults, as customers dial it."
    )
    secret: SecretStr | None = Field(
        None, description="Signs reply addresses and Message-IDs; at least 32 characters."
    )
    secret_file: Path | None = Field(None, description="A file that holds the secret.")


class DatabaseSettings(Part):
    """Where everything is kept."""

    url: Annotated[str, AfterValidator(_known_database)] = Field(
        "sqlite:///svartid.db",
        description="sqlite:///FILE (one machine), or postgresql://USER@HOST/NAME (any number).",
    )
    password: SecretStr | None = Field(None, description="The database user's password.")
    password_file: Path | None = Field(None, description="A file that holds the password.")


class OAuth(Part):
    """Signing in to a mailbox with OAuth 2 (Microsoft 365, Google)."""

    token_url: str = Field(description="Where tokens are fetched.")
    client_id: str = Field(description="The application's id.")
    scope: str = Field(description="The scope to ask for.")
    client_secret: SecretStr | None = Field(None, description="The application's secret.")
    client_secret_file: Path | None = Field(None, description="A file that holds it.")
    refresh_token: SecretStr | None = Field(
        None, description="For the refresh-token flow; left out, client credentials are used."
    )
    refresh_token_file: Path | None = Field(None, description="A file that holds it.")
    refresh_days: float | None = Field(
        90, gt=0, description="How long a refresh token lives; none where it does not end."
    )


class Login(Part):
    """How to reach and sign in to one mail server."""

    host: str = Field(description="The server's name.")
    port: Port | None = Field(None, description="Left out, the usual port for the security.")
    security: Security = Field(Security.TLS, description="tls, starttls or none.")
    username: Annotated[str | None, AfterValidator(lambda one: one or None)] = Field(
        None, description="Left out or empty, no login (SMTP only)."
    )
    password: SecretStr | None = Field(None, description="The password.")
    password_file: Path | None = Field(None, description="A file that holds the password.")
    oauth: OAuth | None = Field(None, description="OAuth 2 in place of a password.")
    ca_file: Path | None = Field(None, description="A private certificate authority to trust.")
    timeout_s: float = Field(30, gt=0, description="Seconds to wait for the server.")

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> Self:
        if self.oauth and (self.password or self.password_file):
            raise ValueError("give a password or oauth, not both")
        return self


class Imap(Login):
    """Where a mailbox's mail is fetched from."""

    folders: tuple[str, ...] = Field(
        ("INBOX",), min_length=1, description="The folders to watch, each with its own worker."
    )
    after_commit: AfterCommit = Field(
        AfterCommit.LEAVE,
        description="What is done at the server once a mail is safe: leave, flag, move or delete.",
    )
    move_to: str | None = Field(None, description="The folder that taken mail is moved to.")
    take_old: bool = Field(
        False, description="Whether mail already there at the very first start is taken in."
    )
    poll_s: float = Field(
        0.25, gt=0, le=300, description="Seconds between looks at a server that is slow to tell."
    )

    @model_validator(mode="after")
    def _move_needs_a_folder(self) -> Self:
        if self.after_commit is AfterCommit.MOVE and not self.move_to:
            raise ValueError("after_commit = 'move' needs move_to, the folder to move to")
        if not self.username:
            raise ValueError("an IMAP login needs a username")
        return self


class Dkim(Part):
    """Signing what a mailbox sends, where its mail server does not (RFC 6376)."""

    domain: str = Field(description="The domain that signs: that of the mailbox's address.")
    selector: str = Field(description="Which of the domain's keys, as the DNS names it.")
    key_file: Path = Field(description="The private key: RSA, PEM.")


class Smtp(Login):
    """Where a mailbox's mail is sent through."""

    most_a_minute: int | None = Field(
        None, ge=1, description="How many mails may leave in a minute, pages excepted; none: any."
    )
    dkim: Dkim | None = Field(None, description="Left out, the mail server signs, or nobody.")


class Mailbox(Part):
    """One support address."""

    address: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", description="The support address.")
    name: str | None = Field(None, description="The sender's name; left out, the desk's.")
    signature: str | None = Field(
        None, description="Below every letter to a customer, in lines; left out, the desk's name."
    )
    templates_folder: Path | None = Field(
        None, description="The operator's own templates of this mailbox's letters."
    )
    plus_addresses: bool = Field(
        False,
        description="Whether address+anything reaches this mailbox too; replies then come back to "
        "an address of the ticket's own.",
    )
    trusted_authserv: str | None = Field(
        None,
        description="The name our own mail server writes into Authentication-Results; without it, "
        "a ticket number in a subject joins nothing.",
    )
    check_dkim: bool = Field(
        False,
        description="Whether we check DKIM ourselves where no trusted server tells; needs "
        "svartid[dkim] and the DNS.",
    )
    canary_minutes: float | None = Field(
        None,
        ge=1,
        le=1440,
        description="How often a mail to ourselves must come back; none: never.",
    )
    canary_wait_minutes: float = Field(
        5, ge=1, le=1440, description="How long it may take before somebody is paged."
    )
    imap: Imap | None = Field(None, description="Left out, mail arrives another way.")
    smtp: Smtp = Field(description="Every mailbox must be able to answer.")


class PolicySettings(Part):
    """What is promised, and who is called."""

    file: Path | None = Field(None, description="The policy, as TOML; left out, the shipped one.")
    ladder_file: Path | None = Field(None, description="The ladder; left out, the shipped one.")
    catch_all: str | None = Field(
        None,
        pattern=r"^[^@\s]+@[^@\s]+$",
        description="Who is mailed when a ladder step finds nobody, or its last step is exhausted.",
    )
    exclusions_need_approval: bool = Field(
        False, description="An exclusion stops no clock before a second person has approved it."
    )


class IntakeSettings(Part):
    """How mail is taken in."""

    max_bytes: int = Field(50_000_000, ge=100_000, description="A larger mail is cut there.")
    batch: int = Field(50, ge=1, le=500, description="Mails a transaction takes in a backlog.")
    reopen_days: float = Field(
        14,
        ge=0,
        description="So long after its solution an answer reopens a ticket; later it opens a new "
        "one that is linked to it.",
    )


class AutomaticSettings(Part):
    """How much automatic mail may go out: the second guard against loops."""

    loop_after: int = Field(
        2,
        ge=1,
        description="After so many to an address in a day, a mail from there that is like an "
        "earlier one gets none.",
    )
    address_in_ten_minutes: int = Field(20, ge=1, description="To one address in ten minutes.")
    address_a_day: int = Field(100, ge=1, description="To one address in a day.")
    domain_an_hour: int = Field(
        2000, ge=1, description="To one domain in an hour; then the breaker stops it."
    )
    ticket_a_day: int = Field(10, ge=1, description="By one ticket in a day.")
    all_an_hour: int = Field(
        2000, ge=1, description="To anybody in an hour; then the breaker stops all of it."
    )
    breaker_hours: int = Field(4, ge=1, description="How long the breaker stops a domain, or all.")
    monitors: tuple[str, ...] = Field(
        (),
        description="Addresses, or @domains, of machines that are acknowledged all the same.",
    )
    bounce_days: int = Field(
        30, ge=0, description="How long an address that bounced for good gets nothing automatic."
    )


class ToldOf(StrEnum):
    """What may become of a ticket that its customer is told of by itself."""

    WORK_STARTED = "work_started"
    WAITING = "waiting"
    SEVERITY = "severity"
    SOLVED = "solved"
    REOPENED = "reopened"


class CustomerSettings(Part):
    """What customers hear without anybody writing to them."""

    told_of: tuple[ToldOf, ...] = Field(
        tuple(ToldOf), description="Changes that are told, unless a person has just written."
    )


class LmtpSettings(Part):
    """Where a mail server hands mail over directly (RFC 2033)."""

    host: str = Field("127.0.0.1", description="The address to listen on; LMTP knows no login.")
    port: Port | None = Field(None, description="The port to listen on; left out, none is.")
    socket_file: Path | None = Field(None, description="A Unix socket to listen on as well.")


class MailHttpSettings(Part):
    """Who may hand mail over by POST /intake/email; with neither, nobody."""

    token: SecretStr | None = Field(None, description="A bearer token, or a Basic password.")
    token_file: Path | None = Field(None, description="A file that holds the token.")
    signing_key: SecretStr | None = Field(None, description="What a relay provider signs with.")
    signing_key_file: Path | None = Field(None, description="A file that holds the signing key.")


class Voice(Part):
    """How calls sound in one language; the voice must speak the language, or the call fails."""

    voice: str = Field(description="One of Twilio's voices, as in Polly.Ida-Neural.")
    language: str = Field(description="What it speaks and what is listened for, as in nb-NO.")


class TwilioSettings(Part):
    """Calls and SMS through Twilio; without an account, there are none."""

    account_sid: str | None = Field(
        None, pattern="^AC[0-9a-fA-F]{32}$", description="The account; left out, Twilio is off."
    )
    auth_token: SecretStr | None = Field(None, description="The account's primary auth token.")
    auth_token_file: Path | None = Field(None, description="A file that holds the token.")
    previous_auth_token: SecretStr | None = Field(
        None, description="The token before it, which webhooks may still be signed with."
    )
    previous_auth_token_file: Path | None = Field(None, description="A file that holds it.")
    signing_key: SecretStr | None = Field(
        None, description="The shared key, where a webhook rule of Twilio's has one sign."
    )
    signing_key_file: Path | None = Field(None, description="A file that holds the key.")
    number: str | None = Field(
        None, pattern=r"^\+[1-9]\d{6,14}$", description="Our number, as in +4722000000."
    )
    messaging_service_sid: str | None = Field(
        None, pattern="^MG[0-9a-fA-F]{32}$", description="Sends the SMS in place of the number."
    )
    public_url: str | None = Field(
        None,
        pattern="^https?://[^/?#]+[^?#]*$",
        description="Where Twilio reaches us, as it signs it; left out, desk.url.",
    )
    api_base_url: str = Field(
        "https://api.twilio.com", description="Where Twilio is: another edge, or a stand-in."
    )
    timeout_s: float = Field(10, gt=0, le=60, description="Seconds to wait for Twilio.")
    ring_s: int = Field(
        25, ge=5, le=60, description="Seconds that a page rings; at more, voicemail answers it."
    )
    page_sms_lasts_s: int = Field(
        180, ge=5, le=36000, description="Seconds after which a page is no longer worth an SMS."
    )
    detect_machines: bool = Field(
        True, description="Whether an answering machine counts as nobody; it costs a little a call."
    )
    sms_links: bool = Field(
        False, description="Whether SMS may carry links; Norwegian operators filter them."
    )
    norwegian: Voice = Field(
        Voice(voice="Polly.Ida-Neural", language="nb-NO"), description="For nb and nn."
    )
    english: Voice = Field(
        Voice(voice="Polly.Amy-Neural", language="en-GB"), description="For all others."
    )

    @model_validator(mode="after")
    def _sends_from_somewhere(self) -> Self:
        if self.account_sid and not self.number:
            raise ValueError("an account needs number, the one that calls and SMS come from")
        return self

    def voice_of(self, language: str) -> Voice:
        """Return how a call sounds in one of our languages."""
        return self.english if language == "en" else self.norwegian


class PhoneSettings(Part):
    """Calls: who may tell of them, how they are read, and what a call joins."""

    token: SecretStr | None = Field(
        None, description="A bearer token, by which a telephone system posts its calls."
    )
    token_file: Path | None = Field(None, description="A file that holds the token.")
    signing_key: SecretStr | None = Field(None, description="What a telephone system signs with.")
    signing_key_file: Path | None = Field(None, description="A file that holds the signing key.")
    maps_folder: Path | None = Field(
        None, description="Field maps of your own, NAME.toml each, before those that are shipped."
    )
    region: str = Field(
        "NO", pattern="^[A-Z]{2}$", description="Whose numbers are written without a country code."
    )
    time_zone: TimeZone | None = Field(
        None, description="Of a telephone system that writes local times; left out, the desk's."
    )
    join_hours: float = Field(
        4, ge=0, le=168, description="A call joins its customer's open fault that is not older."
    )
    common_minutes: float = Field(
        15, ge=0, le=240, description="Customers who phone within so long may have one incident."
    )
    schedule: str = Field("desk", description="Whose on-call people a caller is put through to.")
    people: int = Field(3, ge=1, le=10, description="How many of them are rung, one by one.")
    ring_s: int = Field(20, ge=5, le=60, description="Seconds that each of them is rung.")
    menu_s: int = Field(6, ge=1, le=30, description="Seconds that the line waits for a key.")
    record_s: int = Field(300, ge=10, le=3600, description="The longest message, in seconds.")
    transcribe: bool = Field(True, description="Whether a message that is left is written down.")
    reconcile_minutes: float = Field(
        5, ge=1, le=1440, description="How often Twilio is asked for calls that we did not hear of."
    )


class OutsideModel(Part):
    """A language model that is asked about mails besides; left out, none is.

    Any server that speaks the chat completions of OpenAI's API, on this machine or elsewhere.
    """

    url: str = Field(
        pattern=r"^https?://[^/?#\s]+[^?#\s]*$",
        description="Up to the version, as in http://127.0.0.1:11434/v1; https, unless it is near.",
    )
    model: str = Field(min_length=1, description="The model, as the server names it.")
    api_key: SecretStr | None = Field(None, description="What the server knows us by.")
    api_key_file: Path | None = Field(None, description="A file that holds the key.")
    timeout_s: float = Field(4, gt=0, le=30, description="Seconds to wait for one answer.")
    budget_s: float = Field(
        6, gt=0, le=60, description="Seconds that a batch of mails may wait for all its answers."
    )
    at_once: int = Field(4, ge=1, le=32, description="How many are asked for at the same time.")
    letters: int = Field(
        3000, ge=200, le=20_000, description="So much of a mail's newest text is shown to it."
    )


class SeveritySettings(Part):
    """How severity is judged."""

    model: Path | None = Field(
        None, description="A model of your own, made by `svartid severity train`."
    )
    own: Path | None = Field(None, description="Words and patterns of your own business, in TOML.")
    critical_from: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="From this probability on, a message is taken for critical; left out, 0.1, and"
        " 0.15 without the encoder.",
    )
    encoder: bool = Field(
        True,
        description="Whether a small transformer reads each message, too; takes 80 MB of memory.",
    )
    outside: OutsideModel | None = Field(
        None, description="A language model that is asked besides; left out, no text leaves us."
    )


class ApiSettings(Part):
    """Where the API listens."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: Port = Field(8080, description="The port to listen on; 0 takes a free one.")
    max_body_bytes: int = Field(30_000_000, ge=1000, description="A larger request is refused.")
    body_timeout_s: float = Field(
        30, gt=0, description="Seconds that a request may take to arrive."
    )
    requests_a_minute: int = Field(
        6000, ge=0, description="With one token or session, in one process; 0: no limit."
    )
    requests_a_minute_of_an_address: int = Field(
        12_000, ge=0, description="From one address, in one process; 0: no limit."
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="Addresses whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )


class OidcProvider(Part):
    """Where people are known already (OpenID Connect)."""

    issuer: str = Field(pattern=r"^https?://\S+$", description="As its discovery document says.")
    client_id: str = Field(description="As whom this desk is known there.")
    client_secret: SecretStr | None = Field(None, description="What shows that it is this desk.")
    client_secret_file: Path | None = Field(None, description="A file that holds the secret.")
    role_claim: str = Field("groups", description="The claim that lists somebody's groups.")
    roles: dict[str, Literal["viewer", "agent", "lead", "admin"]] = Field(
        default_factory=dict,
        description="Role by group, decided at each sign-in; left out, roles are kept here.",
    )
    new_agents: bool = Field(
        False, description="Whether somebody whom nobody added here is let in as somebody new."
    )


class SignInSettings(Part):
    """How people sign in."""

    session_hours: float = Field(12, gt=0, le=720, description="How long a session lasts.")
    providers: dict[str, OidcProvider] = Field(
        default_factory=dict, description="OpenID Connect providers, by a short name."
    )

    @property
    def session_life(self) -> timedelta:
        """Return how long a session lasts."""
        return timedelta(hours=self.session_hours)


class NetworkSettings(Part):
    """Which addresses of other people's this house may call."""

    private_targets: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="Networks of ours that webhooks may reach, as 10.1.0.0/16; else none."
    )


class WebhookKind(StrEnum):
    """What a named webhook takes."""

    SIGNED = "signed"  # JSON, signed by the Standard Webhooks rules.
    CHAT = "chat"  # A room of Slack, Teams, or what takes the same.


class Webhook(Part):
    """A place that a ladder names as ``webhook:NAME``."""

    kind: WebhookKind = Field(WebhookKind.SIGNED, description="signed or chat.")
    url: str | None = Field(None, description="Where it is: https://…")
    url_file: Path | None = Field(
        None, description="A file that holds the address: a chat room's is a secret."
    )
    secret: SecretStr | None = Field(None, description="What a signed one is signed with.")
    secret_file: Path | None = Field(None, description="A file that holds the secret.")

    @model_validator(mode="after")
    def _check_url(self) -> Self:
        if (self.url is None) == (self.url_file is None):
            raise ValueError("give url, or url_file")
        return self


class EngineSettings(Part):
    """When the engine that pages people counts as behind, and who outside is told it lives."""

    silent_after_s: float = Field(
        30, gt=10, description="Seconds without a heartbeat; it beats every ten."
    )
    late_after_s: float = Field(60, gt=0, description="Seconds that a step may be late.")
    heartbeat_url: str | None = Field(
        None, description="Called while the engine is well: a dead man's switch elsewhere."
    )
    heartbeat_url_file: Path | None = Field(None, description="A file that holds that address.")
    heartbeat_every_s: float = Field(60, ge=5, description="Seconds between two calls.")


class WatchdogSettings(Part):
    """Whom `svartid watchdog` tells, past everything it watches."""

    tell: tuple[str, ...] = Field(
        (),
        description="mail:ADDRESS, sms:NUMBER, voice:NUMBER or webhook:NAME; left out, "
        "policy.catch_all by mail.",
    )
    older_than_s: float = Field(60, gt=10, description="Seconds without a heartbeat.")
    every_s: float = Field(15, gt=0, description="Seconds between two looks.")
    again_minutes: float = Field(30, gt=0, description="Tells again while the trouble lasts.")
    state_file: Path | None = Field(
        None, description="For cron: remembers what was told, so that it is not told every run."
    )

    @model_validator(mode="after")
    def _check_tell(self) -> Self:
        for one in self.tell:
            way, _, to = one.partition(":")
            if way not in {"mail", "sms", "voice", "webhook"} or not to:
                raise ValueError(f"{one!r} is no way to tell somebody, as in sms:+4790000000")
        return self


class LogSettings(Part):
    """What is told on stderr."""

    level: str = Field("info", pattern="^(debug|info|warning|error)$", description="The least.")
    json_lines: bool = Field(False, description="Lines for machines in place of people.")


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        env_prefix="SVARTID_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    desk: Desk = Desk()
    database: DatabaseSettings = DatabaseSettings()
    mailboxes: dict[str, Mailbox] = Field(default_factory=dict)
    policy: PolicySettings = PolicySettings()
    intake: IntakeSettings = IntakeSettings()
    automatic: AutomaticSettings = AutomaticSettings()
    customers: CustomerSettings = CustomerSettings()
    lmtp: LmtpSettings = LmtpSettings()
    mail_http: MailHttpSettings = MailHttpSettings()
    twilio: TwilioSettings = TwilioSettings()
    phone: PhoneSettings = PhoneSettings()
    severity: SeveritySettings = SeveritySettings()
    api: ApiSettings = ApiSettings()
    sign_in: SignInSettings = SignInSettings()
    network: NetworkSettings = NetworkSettings()
    webhooks: dict[str, Webhook] = Field(default_factory=dict)
    engine: EngineSettings = EngineSettings()
    watchdog: WatchdogSettings = WatchdogSettings()
    log: LogSettings = LogSettings()

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, and nothing else speak."""
        return (env_settings, init_settings)

    @property
    def zone(self) -> ZoneInfo:
        """Return the desk's time zone."""
        return ZoneInfo(self.desk.time_zone)

    @property
    def secret(self) -> str:
        """Return the desk's signing secret; BadConfig when there is none or a weak one."""
        value = read_secret(self.desk.secret, self.desk.secret_file, field="desk.secret")
        if value is None or len(value) < 32:
            raise BadConfig(
                "a secret of at least 32 characters is needed to sign reply addresses.",
                field="desk.secret",
                remedy="Set SVARTID_DESK__SECRET or desk.secret_file; `svartid init` makes one.",
            )
        return value

    @property
    def twilio_url(self) -> str:
        """Return where Twilio reaches us, without a slash at its end."""
        return (self.twilio.public_url or self.desk.url).rstrip("/")

    @property
    def database_url(self) -> str:
        """Return the database's address with its password filled in."""
        url = parse_url(self.database.url)
        password = read_secret(
            self.database.password, self.database.password_file, field="database.password"
        )
        if password is not None:
            url = url.set(password=password)
        return url.render_as_string(hide_password=False)


def load(path: Path | None) -> Settings:
    """Read the file, let the environment have its say, and check everything.

    Raises ``BadConfig`` that lists each wrong key by its full name.
    """
    values = _read_toml(path) if path else {}
    _refuse_secrets(values, at=())
    if path:
        values = _beside(values, folder=path.resolve().parent)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise BadConfig(_in_words(error, path)) from error


def read_secret(value: SecretStr | None, file: Path | None, *, field: str) -> str | None:
    """Return a secret from its value or its file; None when neither is given."""
    if value is not None:
        return value.get_secret_value()
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadConfig(
            f"{file} cannot be read: {error.strerror}.",
            field=f"{field}_file",
            remedy="Name a file that this user may read.",
        ) from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadConfig(
            f"there is no file {path}.", remedy="Write one with `svartid init`."
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadConfig(f"{path} cannot be read: {error}.") from error


def _refuse_secrets(values: dict[str, Any], *, at: tuple[str, ...]) -> None:
    for key, value in values.items():
        here = (*at, key)
        if isinstance(value, dict):
            _refuse_secrets(value, at=here)
        elif key in SECRET_KEYS:
            variable = "SVARTID_" + "__".join(part.upper() for part in here)
            raise BadConfig(
                "a secret does not belong in the configuration file.",
                field=".".join(here),
                remedy=f"Set {variable}, or name a file with {'.'.join(here)}_file.",
            )


def _beside(values: dict[str, Any], *, folder: Path) -> dict[str, Any]:
    """Return the values with every relative file taken from the configuration file's folder."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            result[key] = _beside(value, folder=folder)
        elif isinstance(value, str) and (key == "file" or key.endswith(("_file", "_folder"))):
            result[key] = str(folder / value)
        elif key == "url" and isinstance(value, str) and value.startswith("sqlite:///"):
            result[key] = "sqlite:///" + str(folder / value.removeprefix("sqlite:///"))
        else:
            result[key] = value
    return result


def _in_words(error: ValidationError, path: Path | None) -> str:
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            says = "there is no such setting; check its spelling"
        else:
            says = problem["msg"].removeprefix("Value error, ")
        lines.append(f"  {key}: {says}")
    where = str(path) if path else "The environment"
    return f"{where} has {len(lines)} wrong setting(s):\n" + "\n".join(lines)
