"""Whether a mail really comes from where it says."""

from app.desk.house import House
from intake.mail import ParsedMail


def sender_is_authentic(mail: ParsedMail, mailbox: str, house: House) -> bool:
    """Tell whether a server that we trust found the sender's domain authentic.

    Only a header of the hop named in the mailbox's ``trusted_authserv`` counts, and only the
    topmost one: anybody can write further ones below it (RFC 8601, section 5).
    """
    box = house.settings.mailboxes.get(mailbox)
    trusted = box.trusted_authserv if box else None
    if trusted is None or mail.from_address is None or not mail.authentication:
        return False
    top = mail.authentication[0]
    if top.server != trusted.lower():
        return False
    domain = mail.from_address.rpartition("@")[2]
    return ("dmarc", "pass") in top.results and top.domain in {None, domain}
