"""Repairs text that was encoded twice: UTF-8 whose bytes somebody read as Mac Roman or Windows-1252.

`6383‚Äì6390` is `6383–6390`: the three bytes of the dash, each shown as a character of its own.
"""

from __future__ import annotations

from functools import cache

from portlint.algorithms.lazy_regex import regex

_CODECS = ("cp1252", "mac_roman", "latin-1", "cp437")
"""the encodings that the bytes of UTF-8 are usually mistaken for; of two that repair as much, the first"""
_BEYOND_ASCII = regex(r"[^\x00-\x7f]+")


def repaired(text: str) -> str:
    """The text with every run of characters beyond ASCII that is UTF-8 taken for another encoding put right.

    One encoding is chosen for the whole text: the one that explains most of it. Text that no encoding explains, which
    is all text that was encoded once, stays as it is.
    """
    runs = set(_BEYOND_ASCII.findall(text))
    best: dict[str, str] = {}
    explained = 0
    for codec in _CODECS:
        fixed = {run: right for run in runs if (right := _decoded(run, codec)) is not None}
        size = sum(map(len, fixed))
        if size > explained:
            best, explained = fixed, size
    if explained * 2 <= sum(map(len, runs)):
        # More is left than explained: the few are a chance hit in a text of another language.
        return text
    return _BEYOND_ASCII.sub(lambda found: best.get(found[0], found[0]), text)


def _decoded(run: str, codec: str) -> str | None:
    """What the characters are when they are bytes of UTF-8 read as `codec`; None where they are not."""
    table = _table(codec)
    try:
        return bytes(table[char] for char in run).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return None


@cache
def _table(codec: str) -> dict[str, int]:
    """Character to byte. A byte that the encoding leaves undefined stands for itself (WHATWG, Encoding, 9)."""
    out: dict[str, int] = {}
    for byte in range(0x80, 0x100):
        try:
            out[bytes([byte]).decode(codec)] = byte
        except UnicodeDecodeError:
            out[chr(byte)] = byte
    return out
