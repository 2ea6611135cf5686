"""Whether a mail really comes from where it says."""

from collections.abc import Collection

from app.desk.house import House
from intake.mail import ParsedMail
from intake.signatures import aligns


def sender_is_authentic(
    mail: ParsedMail, mailbox: str, house: House, signed_by: Collection[str] = ()
) -> bool:
    """Tell whether the sender's domain is authentic.

    1. It has signed the mail, by our own check; ``signed_by`` are the domains that have.
    2. A server that we trust found it so. Only a header of the hop named in the mailbox's
       ``trusted_authserv`` counts, and only the topmost one: anybody can write further ones below
       it (RFC 8601, section 5).
    """
    if mail.from_address is None:
        return False
    sender = mail.from_address.rpartition("@")[2]
    if any(aligns(signer, sender) for signer in signed_by):
        return True
    box = house.settings.mailboxes.get(mailbox)
    trusted = box.trusted_authserv if box else None
    if trusted is None or not mail.authentication:
        return False
    top = mail.authentication[0]
    if top.server != trusted.lower():
        return False
    return ("dmarc", "pass") in top.results and top.domain in {None, sender}
