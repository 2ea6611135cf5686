"""The newest text and what it answers, apart; when in doubt everything is kept.

Nothing is thrown away: what is cut off is the second half of the answer.
"""

import re
from collections.abc import Sequence

# Where HTML marked a quotation by its structure; no program writes this line.
MARK = "\ue0f2quotation\ue0f2"
LONGEST = 400_000
_MOST_LINES = 20_000
# No person writes so many lines that look like the beginning of an attribution.
_MOST_LOOKED_AT = 2_000


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# "wrote", as mail programs write it above a quotation.
_WROTE = (
    r"(?:wrote|writes|skrev|skreiv|schrieb|schreibt|a écrit|écrit|ha scritto|scrisse|escribi[óo]|"
    r"escreveu|schreef|geschreven|napisał(?:\(a\)|a)?|napsala?|napísala?|написала?|пишет?|"
    r"kirjoitti|írta|yazdı|a scris|kirjutas|rašė|rakstīja|skrifaði|έγραψε|viết|写道|"
    r"寫道|のメール|さんは書きました)"
)
_ADDRESSED = r"<?[\w.+-]{1,64}@[\w.-]{1,255}>?"
_ATTRIBUTIONS: tuple[re.Pattern[str], ...] = (
    # On <date> <somebody> wrote:
    re.compile(
        r"^[>\s*_-]*(?:on|at|den|på|am|le|il|el|em|op|dnia|dne|w dniu|pe)\s.{3,280}\b"
        rf"{_WROTE}\W{{0,4}}(?:\s?-{{2,}})?$",
        re.IGNORECASE,
    ),
    # <somebody with an address or a date> wrote:, <date> <somebody> wrote:
    re.compile(
        r"^[>\s*]*(?=.*(?:@|\d{4}|\d{1,2}[:.]\d\d)).{3,280}\b"
        rf"{_WROTE}(?:\s.{{3,80}})?\s?:\s*$",
        re.IGNORECASE,
    ),
    # A date, a time and a person with an address: the languages that write no verb.
    re.compile(
        r"^[>\s*]*(?=.*\d{1,2}[:.]\d\d)(?=.*\b(?:19|20)\d\d\b).{5,200}"
        rf"{_ADDRESSED}\W{{0,3}}:\s*$",
    ),
    # What Gmail wrote before 2018: a date and a name, with neither verb nor colon.
    re.compile(
        r"^[>\s*]*(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}(?: \d\d:\d\d)?(?: GMT[+-]\d\d:\d\d)? "
        r"(?!.*\.$)\S.{2,120}<[^<>\s]{3,200}>\s?:?$",
    ),
    re.compile(r"^[>\s*]*(?:19|20)\d\d-\d\d-\d\d \d\d:\d\d GMT[+-]\d\d:\d\d \S.{1,120}$"),
)
# In any language: somebody's address and a moment before a colon, above quoted lines.
_ABOVE_QUOTED = re.compile(
    rf"^(?=.*{_ADDRESSED})(?=.*\d{{1,2}}[:.h]\d\d)(?=.*\b\d{{4}}\b).{{10,280}}:\W{{0,3}}$",
    re.IGNORECASE,
)
# An attribution begins with a person or a moment, never with the words of the answer above it.
_MOMENT = re.compile(r"[@<]|\d{4}|\d[:.]\d\d|\d[/.-]\d")
_FIRST_WORD = re.compile(r"\W*(?:on|den|am|le|il|el|dnia)\s")
# What each word for "wrote" holds: plain words are found faster than patterns.
_WROTE_LETTERS = (
    *("wrote", "writes", "skrev", "skreiv", "schrieb", "schreibt", "écrit", "scritto", "scrisse"),
    *("escribió", "escribio", "escreveu", "schreef", "geschreven", "napisał", "napsal", "napísala"),
    *("написал", "пише", "kirjoitti", "írta", "yazdı", "a scris", "kirjutas", "rašė", "rakstīja"),
    *("skrifaði", "έγραψε", "viết", "写道", "寫道", "のメール", "さんは書きました"),
)
_SEPARATOR = re.compile(
    r"^[>\s*]*(?:[-_=*]{2,}\s?.{0,40}\b(?:messages?|melding|besked|meddelelse|meddelande|nachricht|"
    r"messaggio|mensaje|mensagem|bericht|wiadomość|wiadomosc|zpráva|viesti|üzenet|сообщение|"
    r"original[a-zæøåéè]*|d.origine|weitergeleitet[a-z]*|ursprüngliche[a-z]*|opprinneleg|"
    r"oprindelig|forwarded|videresendt)\b.{0,60}[-_=*]{2,}"
    r"|begin forwarded message:|(?:begynn(?:else på)? )?videresend[ et]{1,3}melding:|"
    r"(?:start på )?videresendt besked:|vidarebefordrat (?:brev|meddelande):|"
    r"anfang der weitergeleiteten (?:nachricht|e-?mail):|début du (?:message|mail) (?:transféré|"
    r"réexpédié) ?:|"
    r"inizio messaggio inoltrato:|inicio del mensaje reenviado:|início da mensagem reencaminhada:|"
    r"begin doorgestuurd bericht:|välitetty viesti alkaa:|początek przekazywanej wiadomości:|"
    # What other desks put above what they quote.
    r".{0,20}\b(?:reply|type|write|skriv|svar|antwort\w*|schreiben)\b.{0,30}\b(?:above|over|"
    r"ovenfor|"
    r"ovanför|oberhalb|über)\b.{0,20}\b(?:line|linjen?|linja|zeile)\b.{0,12})[*\s]*$",
    re.IGNORECASE,
)
# What no separator is without, so that most lines need not be tried.
_MAY_SEPARATE = re.compile(r"[-_=*]{2}|:[*\s]*$|above|over|ovenfor|ovanför|oberhalb|über")
# What a block of header fields begins with, and what stands in the lines below.
_FIRST_KEYS = _words(
    "from fra frå från von de da van od lähettäjä от від kimden expeditor feladó αποστολέας "
    "nadawca отправитель 差出人 发件人 寄件者 보낸사람"
)
_OTHER_KEYS = _words(
    "sent sendt skickat gesendet envoyé envoyée enviado enviada inviato verzonden wysłane "
    "wysłano odesláno lähetetty date dato datum fecha data дата отправлено tarih",
    "to til till an à a para aan do komu k vastaanottaja кому kime cc kopie copie kopi copia 宛先",
    "subject sujet emne ämne betreff objet asunto assunto oggetto onderwerp temat předmět aihe "
    "тема konu risposta reply-to 件名 送信日時 收件人 主题 发送时间",
)
_KEY = re.compile(
    r"^[>\s]*[*_]{0,2}([^\W\d_][\w'’ -]{0,24}?)[*_]{0,2}\s?(?::|：)[*_]{0,2}(?:\s|\S|$)"
)
_DELIMITER = re.compile(r"^\s*(?:--\s?|[-_~=*#+]{3,}|ᐧ)\s*$")
_USENET = re.compile(r"^(?:--\s?|—)$")
# What a telephone or a program adds: that it sent, and a word for what it is.
_SENT_FROM = re.compile(
    r"^[\s<(*_]*(?:(?:sen[dt]t?|skickat|gesendet|envoyé|enviado|inviato|verzonden|verstuurd|"
    r"wysłan[eo]|"
    r"lähetetty|отправлено|диктовано|odesláno|küldve|gönderildi|"
    r"diese nachricht wurde)\b(?:\W+\w+){0,3}?\W+"
    r"(?:min|mitt|mijn|mój|mon|meinem|mobil\w*|(?:smart)?telefon\w*|i?phone\w*|i?pad\w*|ipod|"
    r"android|"
    r"mobile|cell|device|tablet|nettbrett\w*|surfplatta|samsung|galaxy|htc|windows|blackberry|"
    r"outlook|"
    r"\[?e?-?(?:mail|post)|airmail|mailbox|yahoo|nokia|huawei|pixel|oneplus|xperia|ti-85|alcatel|"
    r"proton|"
    r"gmail|hotmail|tutanota|spark|xiaomi|redmi|smart|telenor|telia|айфон\w*)"
    r"|(?:get|få|hent|hämta|skaffa|last ned|hanki|obtenir|télécharger|download|ottieni|obter|"
    r"pobierz)"
    r" \[?outlook\b|outlook (?:for|für|för|til|pour|voor|para|per) (?:ios|android|mac)\b|"
    r"\S{0,20}\s?\[?https://aka\.ms/|from my iphone|"
    r"von meinem\b.{0,40}gesendet|從我的|发自|iphoneから送信|someone from mobile)",
    re.IGNORECASE,
)
_LONGEST_SENT_FROM = 120


def split(text: str) -> tuple[str, str]:
    """Return the newest text and what stands below it: the quotation, and the signature.

    1. Below a mark of the HTML, a separator, an attribution or a block of header fields
       everything is quotation, unless lines that are not quoted stand between quoted ones: those
       are answers, and then nothing is cut.
    2. Where the quotation stands first, what is written below it is the newest text.
    3. Without any of them, a last run of quoted lines is the quotation.
    """
    lines = text[:LONGEST].splitlines()[:_MOST_LINES]
    cut = _start_of_quotation(lines)
    looked_at_all = len(text) <= sum(len(line) + 1 for line in lines)
    if cut is None:
        return _without_signature(lines, text) if looked_at_all else (_clean(text), "")
    above, below = lines[:cut], lines[cut:]
    if not looked_at_all and not any(line.strip() for line in above):
        return _clean(text), ""
    if _is_answered_inline(below[_attribution(lines, cut) :]):
        written = _below_the_quotation(above, below)
        return written or (_clean(text), "")
    newest, signature = _cut_signature(above)
    rest = _clean(text[sum(len(line) + 1 for line in lines[:cut]) :]) if cut else ""
    if not newest.strip():
        # A mail that is all quotation, such as one that was forwarded without a word.
        return _clean(text), ""
    return newest, "\n\n".join(part for part in (signature, rest) if part)


def _clean(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip() != MARK).strip()


def _without_signature(lines: Sequence[str], text: str) -> tuple[str, str]:
    newest, signature = _cut_signature(lines)
    return (newest, signature) if newest else (_clean(text), "")


def _start_of_quotation(lines: Sequence[str]) -> int | None:
    looked_at = 0
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        if line.strip() == MARK or _is_separator(line[:200]):
            return number
        if looked_at < _MOST_LOOKED_AT and _may_begin(line):
            looked_at += 1
            if _attribution(lines, number):
                return number
        if _is_header(lines, number):
            return number
    last = len(lines)
    while last and (lines[last - 1].startswith(">") or not lines[last - 1].strip()):
        last -= 1
    quoted = any(line.startswith(">") for line in lines[last:])
    return last if quoted else None


def _is_separator(line: str) -> bool:
    return bool(_MAY_SEPARATE.search(line.lower()) and _SEPARATOR.match(line))


def _may_begin(line: str) -> bool:
    low = line[:300].lower()
    if _MOMENT.search(low) or _FIRST_WORD.match(low):
        return True
    return any(letters in low for letters in _WROTE_LETTERS)


def _attribution(lines: Sequence[str], number: int) -> int:
    """Return how many lines an attribution takes that begins here, six at the most; else 0."""
    if not _may_begin(lines[number]):
        return 0
    joined = ""
    for length, line in enumerate(lines[number : number + 6], 1):
        joined = f"{joined} {line.strip()}".strip() if joined else line.rstrip()
        if len(joined) > 320:
            return 0
        following = lines[number + length : number + length + 2]
        if any(pattern.match(joined) for pattern in _ATTRIBUTIONS):
            return length if _may_stand_above(joined, following) else 0
        if _ABOVE_QUOTED.match(joined) and any(map(_is_quoted, following)):
            return length
        if line.rstrip().endswith((".", "!", "?")) and len(line) > 40 and "@" not in line:
            return 0
    return 0


def _may_stand_above(attribution: str, following: Sequence[str]) -> bool:
    """Tell whether what follows can be a quotation.

    A sentence such as "Den 24. november skrev kunden vår:" has its own words right below it.
    """
    below = following[0] if following else ""
    return "<" in attribution or not below.strip() or _is_quoted(below)


def _is_quoted(line: str) -> bool:
    return line.startswith(">") or line.strip() == MARK


def _is_header(lines: Sequence[str], number: int) -> bool:
    """Tell whether a block such as Outlook's "From: … Sent: … To: …" begins here."""
    first = _key(lines[number])
    if first not in _FIRST_KEYS and first not in _OTHER_KEYS and first != "message du":
        return False
    keys = [_key(line) for line in lines[number + 1 : number + 7] if line.strip()]
    others = {key for key in keys if key.split(" ")[0] in _OTHER_KEYS or key in _FIRST_KEYS}
    if first in _FIRST_KEYS:
        return len(others) >= 2
    return len(others) >= 3 and (first == "message du" or bool(_FIRST_KEYS & others))


def _key(line: str) -> str:
    found = _KEY.match(line[:120])
    return found.group(1).strip().lower() if found else ""


def _is_answered_inline(below: Sequence[str]) -> bool:
    """Tell whether text that is not quoted stands below a quoted line."""
    seen_quote = False
    for number, line in enumerate(below):
        if line.startswith(">"):
            seen_quote = True
        elif seen_quote and line.strip():
            return not (_USENET.match(line) or _DELIMITER.match(line)) and not _is_wrapped(
                below, number
            )
    return False


def _is_wrapped(below: Sequence[str], number: int) -> bool:
    """Tell whether a line is the broken-off end of a quoted one: quoted lines on both sides."""
    before, line = below[number - 1], below[number]
    after = below[number + 1] if number + 1 < len(below) else ""
    return before.startswith(">") and after.startswith(">") and len(line) < 25 < len(before)


def _below_the_quotation(above: Sequence[str], below: Sequence[str]) -> tuple[str, str] | None:
    """Return the answer below one whole quotation; None where answers stand between."""
    if any(line.strip() for line in above):
        return None
    last = max(number for number, line in enumerate(below) if line.startswith(">"))
    first = next(number for number, line in enumerate(below) if line.startswith(">"))
    if any(line.strip() and not line.startswith(">") for line in below[first:last]):
        return None
    newest, signature = _cut_signature(below[last + 1 :])
    quoted = "\n".join(below[: last + 1]).strip()
    return (newest, "\n\n".join(p for p in (quoted, signature) if p)) if newest else None


def _cut_signature(lines: Sequence[str]) -> tuple[str, str]:
    """Split off a signature: below the usual delimiter, or what a telephone adds."""
    end = len(lines)
    for number, line in enumerate(lines):
        delimits = _USENET.match(line) or _is_list_footer(lines, number)
        if delimits and any(one.strip() for one in lines[:number]):
            end = number
            break
    while end and (
        not lines[end - 1].strip()
        or _DELIMITER.match(lines[end - 1])
        or (len(lines[end - 1]) <= _LONGEST_SENT_FROM and _SENT_FROM.match(lines[end - 1]))
    ):
        end -= 1
    return "\n".join(lines[:end]).strip(), "\n".join(lines[end:]).strip()


def _is_list_footer(lines: Sequence[str], number: int) -> bool:
    """Tell whether only a mailing list's own few lines stand below a long rule."""
    if not lines[number].startswith("_" * 20):
        return False
    below = lines[number + 1 : number + 30]
    footer = [line for line in below if line.strip()]
    ends = number + 30 >= len(lines)
    return ends and 0 < len(footer) <= 6 and any("@" in line or "://" in line for line in footer)
