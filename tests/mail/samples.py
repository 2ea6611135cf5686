"""Builders of raw mails for the parser's tests."""


def mail(
    body: str = "Hei\n",
    *,
    sender: str = "Kari Nordmann <kari@fjellbod.example>",
    subject: str = "Test",
    **headers: str,
) -> bytes:
    """Return a mail in UTF-8; an underscore in a header's name stands for a hyphen."""
    lines = [
        f"From: {sender}",
        "To: support@desk.example",
        f"Subject: {subject}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return ("\n".join(lines) + "\n\n" + body).encode()


def multipart(kind: str, *parts: str, sender: str = "mailer-daemon@mx.example") -> bytes:
    """Return a multipart mail of these parts, each with its own header."""
    inner = "".join(f"--cut\n{part}\n" for part in parts)
    return mail(
        f"{inner}--cut--\n",
        sender=sender,
        subject="Undelivered",
        MIME_Version="1.0",
        Content_Type=f'multipart/{kind}; boundary="cut"',
    )
