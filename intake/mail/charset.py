"""Charsets as mail names them: by strange names, and with the letters that their users put in.

Programs write "iso-8859-1" and mean Windows-1252, "gb2312" and mean GB 18030: the larger set is
read, as browsers do (WHATWG Encoding, section 4.2). Codecs that are no charsets are unknown here.
"""

import codecs
import re
from functools import cache

# What each name means, in the order of trial.
_MEANT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("iso8859-1", "iso88591", "latin-1", "latin1", "ansi"), ("cp1252", "latin-1")),
    **dict.fromkeys(("8859-1", "x-user-defined", "iso8859-12"), ("cp1252", "latin-1")),
    "windows1252": ("cp1252",),
    **dict.fromkeys(("x-sjis", "shift-jis", "windows-31j", "ms-kanji", "x-ibm-943c"), ("cp932",)),
    **dict.fromkeys(("euc-jp", "x-euc-jp", "cp51932", "eucjp-ms"), ("euc_jp", "euc_jisx0213")),
    **dict.fromkeys(
        ("iso-2022-jp", "iso-2022-jp-ms", "cp50220", "cp50221"),
        ("iso2022_jp_2", "iso2022_jp_ext", "iso2022_jp_3"),
    ),
    **dict.fromkeys(
        ("gb2312", "gb-2312-80", "gbk", "x-gbk", "cp936", "windows-936", "euc-cn"), ("gb18030",)
    ),
    **dict.fromkeys(
        ("euc-kr", "ks-c-5601-1987", "ksc5601", "iso-ir-149", "windows-949", "x-windows-949"),
        ("cp949",),
    ),
    **dict.fromkeys(
        ("big5", "x-big5", "x-x-big5", "big5-eten", "windows-950", "cp950"), ("big5hkscs", "cp950")
    ),
    **dict.fromkeys(("windows-874", "tis-620", "iso8859-11", "dos-874"), ("cp874", "tis-620")),
    "iso8859-9": ("cp1254", "iso8859-9"),
    **dict.fromkeys(("iso8859-8-i", "iso8859-8-e", "iso8859-8"), ("iso8859-8", "cp1255")),
    **dict.fromkeys(("iso8859-6-i", "iso8859-6-e"), ("iso8859-6",)),
    **dict.fromkeys(("x-mac-roman", "macintosh", "mac"), ("mac_roman",)),
    **dict.fromkeys(("x-mac-cyrillic", "mac-cyrillic"), ("mac_cyrillic",)),
    "koi8-ru": ("koi8-u",),
    **dict.fromkeys(("unicode-1-1-utf-7", "utf7"), ("utf-7",)),
    **dict.fromkeys(("iso-10646-ucs-2", "ucs-2"), ("utf-16",)),
    **dict.fromkeys(("utf8mb4", "utf-8-mac"), ("utf-8",)),
}
# Codecs of Python that are no charsets; some take the square of what they read.
_NONE = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
_FORGIVEN = 20


@cache
def codecs_of(name: str) -> tuple[str, ...]:
    """Return the codecs that a charset's name may mean, in the order of trial; none if unknown."""
    plain = re.sub(r"[;/\s].*", "", name.strip().strip("\"'").lower()[:60])
    plain = re.sub(r"^iso[-_]?8859[-_]?(?=\d)", "iso8859-", plain.replace("_", "-"))
    plain = re.sub(r"^(cp|dos|ibm)-(?=\d)", "cp", plain)
    for one in (plain, plain.removeprefix("x-"), re.sub(r"-windows-.*", "", plain)):
        if one in _MEANT:
            return _MEANT[one]
        try:
            found = codecs.lookup(one).name.replace("-", "_")
        except (LookupError, ValueError):
            continue
        return () if found in _NONE or one in _NONE else (one,)
    return ()


def decoded(data: bytes, name: str) -> str | None:
    """Return the text by a charset's name; None where it is unknown, or the bytes are not in it."""
    for codec in codecs_of(name):
        try:
            return data.decode(codec)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return None


def mostly_decoded(data: bytes, name: str) -> str | None:
    """Return the text with a sign for each letter that is broken; None where that is many."""
    for codec in codecs_of(name)[:1]:
        try:
            text = data.decode(codec, "replace")
        except (LookupError, ValueError):
            return None
        if text.count("\ufffd") * _FORGIVEN <= len(text):
            return text
    return None
