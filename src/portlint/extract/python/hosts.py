"""What a string says of a host, without libcst: the prefilter asks too."""

from __future__ import annotations

from portlint.knowledge.identifiers import vocabulary

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1", "::", "*"})


def is_domain(text: str) -> bool:
    """Whether a text is a host name with a domain that the world or a private network knows."""
    head, dot, last = text.rpartition(".")
    return bool(dot and head) and " " not in text and "/" not in text and last in vocabulary("top_level_domains")


def is_ip(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address."""
    if ":" in text:
        return len(text) <= 45 and text.count(":") >= 2 and not set(text.lower()) - set("0123456789abcdef:.%")
    parts = text.split(".")
    return len(parts) == 4 and all(p.isdigit() and len(p) <= 3 for p in parts)
