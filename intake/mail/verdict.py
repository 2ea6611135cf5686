"""Person or machine: every header by its own grammar, the first that decides is the reason."""

import re
from collections.abc import Callable

from intake.mail.decode import first, header_text, text_of
from intake.mail.parsed import Verdict
from intake.mail.tree import Part

_COMMENT = re.compile(r"\([^()]{0,200}\)")
_DAEMON = re.compile(
    r"\b(mailer-?daemon|mail-?daemon|mail delivery (?:sub)?system)\b", re.IGNORECASE
)
# What was delivered after all, by the words of Exchange, Postfix, Sendmail and Gmail.
_SUCCEEDED = re.compile(
    r"^\W*(?:(?:delivered|relayed|expanded|levert|vidaresendt?|videresendt|levererat|leveret|"
    r"zugestellt|"
    r"übermittelt|remis|relayé|entregado|consegnato|bezorgd)\s?:|success\w* mail delivery|"
    r"return receipt\b|"
    r"delivery status notification \(?(?:success|relay)|delivery receipt|"
    r".{0,40}successfully delivered)",
    re.IGNORECASE,
)
_SUCCESS = frozenset({"delivered", "relayed", "expanded"})
_ACTION = re.compile(r"^action:[ \t]*([a-z]{3,20})", re.IGNORECASE | re.MULTILINE)
_FAILED = re.compile(
    r"^(?:\W|\b(?:warning|auto(?:matic)?|notice)\b)*(?:"
    r"un-?deliver(?:able|ed)|non-?deliver|(?:mail|message|e-?mail)? ?deliver(?:y|ies)\b.{0,40}"
    r"(?:fail|error|problem|notif|status|report|delay|impossible|unsuccess)|failure (?:notice|to)|"
    r"returned (?:mail|message|to)|mail (?:system error|failure|could|delivery|not)|"
    r"(?:your )?(?:mail|message|e-?mail)\b.{0,40}(?:not be delivered|was not|undeliver|rejected|"
    r"returned|blocked|bounced)|delivery (?:has )?fail|fail(?:ed|ure)\b.{0,20}(?:mail|deliver)|"
    r"rejected (?:mail|message|post)|could not deliver|mail error|nondeliverable|bounced|"
    r"(?:meldingen |meldinga |meldelsen )?(?:kunne|kan) ikk[ej]e? (?:bli )?lever|ikk[ej]e? levert|"
    r"levering(?:en)? (?:mislyktes|mislykkedes|feilet|feila)|(?:kunde|kan|gick|"
    r"går) inte (?:att )?lever|"
    r"ej levererat|unzustellbar|zustell(?:ung)?(?:sfehler|fehler| fehlgeschlagen)|nicht zustellbar|"
    r"rapport de non|(?:message |courrier )?non (?:remis|distribu)|échec de (?:la )?(?:remise|"
    r"distribution)|"
    r"no se (?:ha )?(?:pudo|puede|podido) entregar|(?:mensaje )?no entregado|mancata consegna|"
    r"(?:messaggio )?non (?:consegnat|recapitabil)|impossibile recapitare|onbestelbaar|"
    r"niet (?:bezorgd|afgeleverd)|"
    r"não (?:foi )?entreg|falha na entrega|nie(?:dostarcz| można dostarczyć)|nedoruč|"
    r"kézbesíthetetlen|"
    r"не ?доставлен|teslim edilemedi|toimitus epäonnistui|ei voitu toimittaa|"
    r"(?:メール|配信)(?:エラー|失敗)|配信不能|配信できません|退信|无法投递|投递失败"
    r")",
    re.IGNORECASE,
)
_MACHINE = re.compile(
    r"post_?master|system administrator|mdaemon|smtp|mail[ _.-]?service|mailer|no-?reply|"
    r"donotreply|administrator|daemon|imss|gateway|scanner|mail system",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"not be deliver|undeliver|not deliver|unable to deliver|"
    r"deliver(?:y|ing)\b.{0,30}\b(?:fail|error)|failed recipient|no such user|user unknown|"
    r"unknown user|invalid user|mailbox (?:is )?(?:full|unavailable)|quota exceeded|rejected",
    re.IGNORECASE,
)
_AUTOMATIC = re.compile(
    r"^\W*(?:"
    # "Automatic reply", each language's own.
    r"(?:auto(?:matic|mated|matisk[at]?|matiskt|matische[sr]?)?[ -]?(?:reply|response|svar|"
    r"antwort|reponse|"
    r"respons|answer)|autosvar|autoreply|réponse automatique|risposta automatica|"
    r"respuesta automática|"
    r"automatyczna odpowied\w*|resposta automática|automatisch antwoord|automaattinen vastaus|"
    r"automatick[áa] odpov\w*|automatikus válasz|otomatik yanıt|răspuns automat|"
    r"автоматический ответ|"
    r"автоматична відповідь|αυτόματη απάντηση|自動応答|自動返信|自动答复|自动回复|자동 회신|"
    # "Out of office".
    r"out of (?:the )?office(?: (?:auto-?)?(?:reply|re|response|message))?|fraværsmelding|"
    r"fråværsmelding|"
    r"fraværsassistent|frånvaromeddelande|fraværsbesked|fraværende|ikke til stede|abwesenheits?"
    r"(?:notiz|meldung|nachricht|assistent)?|(?:er )?ikk[ej]e? på kontoret|"
    r"(?:er )?ute av kontoret|ute fra kontoret|"
    r"inte på kontoret|(?:är )?frånvarande|ude af kontoret|nicht im büro|absence du bureau|"
    r"poissa toimistolta)"
    r"\s*(?:[:：\]|]|re:|$)"
    # Domino.
    r"|auto: .{2,80}(?:\(.{2,60}\d\d.{0,40}\)|out of (?:the )?office|ikke på kontoret|außer haus))",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(r"^\s*complaint about message from \d", re.IGNORECASE)
# Begins the reason of such news.
DELIVERY = "delivery notice"
_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_BROUGHT_BACK = frozenset(
    {
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "message/delivery-status",
        "message/global-delivery-status",
    }
)
Found = tuple[Verdict, str] | None


def judge(message: Part, *, from_address: str | None) -> tuple[Verdict, str]:
    """Return who wrote the mail, and the header that says so."""
    for rule in RULES:
        found = rule(message, from_address)
        if found is not None:
            return found
    return Verdict.HUMAN, ""


def _value_with_comments(message: Part, name: str) -> str | None:
    raw = first(message, name)
    return None if raw is None else header_text(raw).strip().lower()


def _value(message: Part, name: str) -> str | None:
    raw = first(message, name)
    return None if raw is None else _COMMENT.sub("", header_text(raw)).strip().lower()


def _delivered(message: Part, sender: str | None) -> Found:
    """News of a delivery (RFC 3464, section 2.3.3) is no failure, whoever tells it."""
    actions = {
        action.lower()
        for part in message.parts[:50]
        if part.get_content_type() in _STATUS
        for action in _ACTION.findall(text_of(part.content(20_000), None))
    }
    if actions:
        return (
            (Verdict.AUTO_REPLY, f"{DELIVERY}: {', '.join(sorted(actions))}")
            if actions <= _SUCCESS
            else None
        )
    subject = header_text(first(message, "Subject"))
    shown = header_text(first(message, "From"))
    machine = _DAEMON.search(shown) or (sender or "").startswith("postmaster@")
    if machine and _SUCCEEDED.match(subject):
        return Verdict.AUTO_REPLY, f"{DELIVERY}: {subject[:60]}"
    return None


def _report(message: Part, _sender: str | None) -> Found:
    if message.get_content_type() != "multipart/report":
        return None
    kind = header_text(str(message.get_param("report-type") or "")).lower()
    if not kind:
        # RFC 6522 requires the parameter; the second part says it too.
        kinds = _kinds_within(message)
        known = ("delivery-status", "disposition-notification", "feedback-report")
        kind = next((one for one in known if f"message/{one}" in kinds), "delivery-status")
    if kind == "delivery-status":
        return Verdict.BOUNCE, "multipart/report; report-type=delivery-status"
    if kind == "feedback-report":
        # RFC 5965: somebody has called a mail of ours spam.
        return Verdict.BULK, "multipart/report; report-type=feedback-report"
    if "(rejected" in (_value_with_comments(message, "Auto-Submitted") or ""):
        # RFC 5429, section 2.2.1: a mailbox's own rule may refuse by a disposition notice.
        return Verdict.BOUNCE, "Auto-Submitted: auto-replied (rejected)"
    return Verdict.AUTO_REPLY, f"multipart/report; report-type={kind}"


def _failed_recipients(message: Part, _sender: str | None) -> Found:
    if first(message, "X-Failed-Recipients"):
        return Verdict.BOUNCE, "X-Failed-Recipients"
    return None


def _daemon(message: Part, sender: str | None) -> Found:
    # With or without an address: old systems write the bare name.
    shown = header_text(first(message, "From"))
    if _DAEMON.search(shown):
        return Verdict.BOUNCE, f"From: {shown[:60]}"
    if sender and sender.startswith("postmaster@"):
        return Verdict.BOUNCE, "From: postmaster"
    return None


def _says_that_it_failed(message: Part, sender: str | None) -> Found:
    """A notice from an address like any other, told by two of its traits.

    A person who forwards one, or asks about one, has a way back, brings no mail along, and does
    not write from a machine's address.
    """
    subject = header_text(first(message, "Subject"))
    failed = bool(_FAILED.match(subject)) and not first(message, "In-Reply-To")
    path = first(message, "Return-Path")
    no_way_back = sender is None or (path is not None and header_text(path) in {"<>", ""})
    brings = bool(_kinds_within(message) & _BROUGHT_BACK)
    machine = bool(_MACHINE.search(header_text(first(message, "From"))))
    if failed and (no_way_back or brings):
        return Verdict.BOUNCE, f"Subject: {subject[:60]}"
    if (failed or brings or no_way_back) and machine and _NOTICE.search(_first_text(message)):
        return Verdict.BOUNCE, "the text of a notice from a machine's address"
    return None


def _first_text(message: Part) -> str:
    """Return the beginning of the first part that people read."""
    part = message
    for _ in range(5):
        if not part.parts:
            break
        part = part.parts[0]
    if part.get_content_maintype() != "text":
        return ""
    return text_of(part.content(10_000)[:3000], part.get_content_charset())


def _complaint(message: Part, _sender: str | None) -> Found:
    subject = header_text(first(message, "Subject"))
    if _COMPLAINT.match(subject) and "message/rfc822" in _kinds_within(message):
        return Verdict.BULK, f"complaint: {subject[:60]}"
    return None


def _automatic_subject(message: Part, _sender: str | None) -> Found:
    subject = header_text(first(message, "Subject"))
    if _AUTOMATIC.match(subject):
        return Verdict.AUTO_REPLY, f"Subject: {subject[:60]}"
    return None


def _kinds_within(message: Part) -> set[str]:
    return {one.get_content_type() for one in message.parts[:50]}


def _auto_submitted(message: Part, _sender: str | None) -> Found:
    value = _value(message, "Auto-Submitted")
    # RFC 3834, section 5: absent or "no" is a person; everything else is not.
    if value is None or value.partition(";")[0].strip() in {"no", ""}:
        return None
    return Verdict.AUTO_REPLY, f"Auto-Submitted: {value}"


def _list(message: Part, _sender: str | None) -> Found:
    for name in ("List-Id", "List-Unsubscribe", "List-Post", "Mailing-List", "Feedback-ID"):
        if first(message, name):
            return Verdict.BULK, name
    return None


def _precedence(message: Part, _sender: str | None) -> Found:
    for name in ("Precedence", "X-Precedence"):
        value = _value(message, name) or ""
        if value == "junk" or (value == "bulk" and _null_path(message, None)):
            # What vacation programs write; a list has no null path.
            return Verdict.AUTO_REPLY, f"{name}: {value}"
        if value in {"bulk", "list"}:
            return Verdict.BULK, f"{name}: {value}"
        if value == "auto_reply":
            return Verdict.AUTO_REPLY, f"{name}: {value}"
    return None


def _suppress(message: Part, _sender: str | None) -> Found:
    value = _value(message, "X-Auto-Response-Suppress")
    tokens = {token.strip() for token in (value or "").split(",")}
    # [MS-OXCMAIL] 2.2.3.2.14: a list; these ask that nothing automatic answers.
    if tokens & {"all", "autoreply", "oof"}:
        return Verdict.AUTO_REPLY, f"X-Auto-Response-Suppress: {value}"
    return None


def _cousins(message: Part, _sender: str | None) -> Found:
    if _value(message, "Delivered-To") == "autoresponder":
        return Verdict.AUTO_REPLY, "Delivered-To: autoresponder"
    for name in (
        *("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Autoresponder", "X-Loop"),
        *("X-Autogenerated", "X-Autoresponse", "X-OTRS-Loop", "X-No-Loop"),
    ):
        value = _value(message, name)
        if value is not None and value not in {"no", "false", "0"}:
            return Verdict.AUTO_REPLY, name
    names = ("X-AutoReply-From", "X-Mail-Autoreply", "X-FC-MachineGenerated", "X-Apple-Action")
    for name in names:
        if first(message, name):
            return Verdict.AUTO_REPLY, name
    return None


def _null_path(message: Part, _sender: str | None) -> Found:
    raw = first(message, "Return-Path")
    if raw is not None and header_text(raw) == "<>":
        return Verdict.AUTO_REPLY, "Return-Path: <>"
    return None


# In this order.
RULES: tuple[Callable[[Part, str | None], Found], ...] = (
    # RFC 3464: the mail arrived.
    _delivered,
    # RFC 3462 and 3464: what a report says of itself is beyond doubt.
    _report,
    _failed_recipients,
    _daemon,
    _says_that_it_failed,
    _complaint,
    # RFC 3834.
    _auto_submitted,
    # RFC 2919 and 2369.
    _list,
    # Never standardised, and older than the rest.
    _precedence,
    _suppress,
    _cousins,
    # What programs in many languages put before the subject they answer.
    _automatic_subject,
    # RFC 5321, section 4.5.5: only what must not be answered has a null path.
    _null_path,
)
