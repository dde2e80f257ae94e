"""Text from a repository is data: what could act on a terminal or deceive a reader is shown, not obeyed.

Every output passes its text through one of these functions. Characters that are escaped, as Python writes them:
control characters (ECMA-48: C0, DEL, C1), bidirectional controls (UAX #9, the "Trojan Source" attack, CVE-2021-42574),
invisible characters and line separators, and the surrogates that stand for bytes of a name that is not UTF-8 (PEP 383).
"""

from __future__ import annotations

import re
from typing import Final

from portlint.algorithms.lazy_regex import regex

_UNSAFE: Final = regex(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SURROGATE: Final = regex("[\ud800-\udfff]")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NOT_A_BYTE: Final = regex("[\ud800-\udc7f\udd00-\udfff]")
_NOT_XML: Final = regex("[\ufffe\uffff]")
_MARKUP: Final = regex(r"[\\`*_\[\]<>|~&@#!$(){}]|:(?=//)|(?<=www)\.", re.IGNORECASE)


def shown(text: str) -> str:
    """For a terminal or a line of a log: one line, whatever the text holds."""
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(_escaped, text)


def encodable(text: str) -> str:
    """For formats that escape control characters themselves (JSON): only what UTF-8 cannot hold is escaped."""
    return text if text.isascii() else _SURROGATE.sub(_escaped, text)


def cell(text: str) -> str:
    """For a table that a spreadsheet opens: never a formula (OWASP, "CSV Injection")."""
    safe = shown(text)
    return f"'{safe}" if safe.startswith(_FORMULA) else safe


def uri(path: str) -> str:
    """A path as a relative or absolute URI reference (RFC 3986): every byte that is not plain is percent-encoded."""
    from urllib.parse import quote

    encoded = quote(_NOT_A_BYTE.sub("\ufffd", path).encode("utf-8", "surrogateescape"), safe="/")
    return f"file://{encoded}" if path.startswith("/") else encoded


def xml(text: str) -> str:
    """For the text and the quoted attributes of XML 1.0, which has no way to write control characters."""
    safe = _NOT_XML.sub(_escaped, shown(text))
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def markdown(text: str) -> str:
    """For a line of Markdown (CommonMark, GitHub's): text and nothing else, no link, mention, HTML or formula.

    A character reference never forms structure (CommonMark 0.31, 2.5). Mentions and issue numbers are made from the
    text of the finished page; the empty comment ends that text.
    """
    return _MARKUP.sub(_reference, shown(text))


def _reference(found: re.Match[str]) -> str:
    comment = "<!-- -->" if found[0] in "@#" else ""
    return f"&#{ord(found[0])};{comment}"


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(found[0])
    if named is not None:
        return named
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
