"""Raw bytes become a mail that can be read; pure, and never raises.

What could not be read is said in ``problems`` and is never thrown away: the raw message is kept
by whoever calls.
"""

from intake.mail.parse import parse
from intake.mail.parsed import Attachment, Authentication, Bounce, ParsedMail, Verdict

__all__ = ["Attachment", "Authentication", "Bounce", "ParsedMail", "Verdict", "parse"]
