"""Who plays in the demo, and what they write."""

from dataclasses import dataclass

SUPPORT = "support@nordheim.example"
PASSWORD = "demo"  # noqa: S105 - printed on the screen, for a server in memory


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mailbox."""

    name: str
    address: str


KARI = Person("Kari Fjeld", "kari@fjellbod.example")
TOM = Person("Tom Baker", "tom@tidewater.example")
AISHA = Person("Aisha Nilsen", "aisha@havglimt.example")
OLA = Person("Ola Vakt", "ola@nordheim.example")
INGRID = Person("Ingrid Leder", "ingrid@nordheim.example")

CUSTOMERS = (
    ("Fjellbod AS", "fjellbod.example", "nb"),
    ("Tidewater Ltd", "tidewater.example", "en"),
    ("Havglimt Keramikk", "havglimt.example", "nb"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One mail of the story."""

    # Minutes of the demo's clock after its start.
    minute: float
    sender: Person
    subject: str
    text: str
    # Other header lines, as they would come.
    headers: tuple[tuple[str, str], ...] = ()
    # The mail answers the acknowledgement that this scene's sender got.
    answers_receipt: bool = False


SCENES = (
    Scene(
        0,
        KARI,
        "Ingen får betalt i butikken",
        "Hei\n\nSiden i formiddag kommer ingen av kundene våre gjennom kassen. Alle betalinger\n"
        "stopper med feil 502, og vi har ikke fått en eneste ordre den siste timen.\n\n"
        "Hilsen Kari Fjeld\nFjellbod AS\n",
    ),
    Scene(
        3,
        TOM,
        "Where do I find last month's invoice?",
        "Hi,\n\nCould you tell me where to download the invoice for October? It is not urgent.\n\n"
        "Best regards\nTom Baker\n",
    ),
    Scene(
        6,
        AISHA,
        "Automatisk svar: Jeg er på ferie",
        "Takk for e-posten. Jeg er tilbake mandag.\n",
        headers=(("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")),
    ),
    Scene(
        20,
        KARI,
        "Re: Ingen får betalt i butikken",
        "Det gjelder både kort og Vipps, og i alle nettlesere.\n\nKari\n",
        answers_receipt=True,
    ),
    Scene(
        24,
        AISHA,
        "Nettbutikken er nede",
        "Hei! Hele nettbutikken er nede for alle, vi får bare en hvit side. Haster!\n\nAisha\n",
    ),
)


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """A call of the story, as the desk's telephone system posts it when it is over."""

    minute: float
    # What is told on the screen.
    tells: str
    fields: dict[str, object]


OUR_NUMBER = "+4722000000"
AISHAS_PHONE = "+4791234567"
STRANGER = "+4722334455"

CALLS = (
    # She was told to phone by the receipt of her mail; the call joins its ticket.
    PhoneCall(
        27,
        "Aisha Nilsen phones, and Ola answers",
        {
            "from": AISHAS_PHONE,
            "to": OUR_NUMBER,
            "outcome": "answered",
            "agent": OLA.address,
            "severity": "critical",
            "note": "Hvit side for alle siden kvart over ti.",
        },
    ),
    PhoneCall(
        31,
        "somebody phones, and hangs up while waiting",
        {"from": STRANGER, "to": OUR_NUMBER, "outcome": "abandoned"},
    ),
    PhoneCall(
        36,
        "Ola calls them back",
        {
            "direction": "outbound",
            "from": OUR_NUMBER,
            "to": STRANGER,
            "outcome": "answered",
            "agent": OLA.address,
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody of the staff does, through the API."""

    minute: float
    method: str
    number: int
    path: str
    body: dict[str, object]


ACTS = (
    Act(40, "POST", 1, "/take", {}),
    Act(44, "POST", 1, "/work", {}),
    Act(
        52,
        "POST",
        1,
        "/replies",
        {"text": "Hei Kari! Feilen er funnet, og betaling virker igjen om ti minutter."},
    ),
    Act(70, "POST", 1, "/solve", {"reason": "Betaling virker."}),
    Act(
        80,
        "POST",
        2,
        "/replies",
        {"text": "Hi Tom, your invoices are under Account, Billing.", "then": "solve"},
    ),
)
