"""Texts that surely are an address, a port or a mapping, as configuration files have them."""

from __future__ import annotations

import pytest

from portlint.extract.scan.literals import endpoint, judged, port_or_endpoint
from portlint.extract.scan.text import Hit


def shown(hit: Hit | None) -> str:
    """`role host port[-end][/protocol]`; nothing where no port was found."""
    if hit is None:
        return ""
    ports = f"{hit.port}-{hit.end_port}" if hit.end_port else f"{hit.port}"
    return " ".join(filter(None, (hit.role, hit.host, ports if hit.protocol == "tcp" else f"{ports}/{hit.protocol}")))


ENDPOINTS = [
    ("api:8000", "connect api 8000"),
    (":8000", "bind 8000"),
    ("*:8000", "bind * 8000"),
    ("[::]:8000", "bind :: 8000"),
    (":::8000", "bind :: 8000"),
    ("0.0.0.0:8000-8010", "bind 0.0.0.0 8000-8010"),
    ("[::1]:8000", "connect ::1 8000"),
    ("api:53/udp", "connect api 53/udp"),
    (":443/UDP", "bind 443/udp"),
    ("api:3868/sctp", "connect api 3868/sctp"),
    ("api:8000/udpate", "connect api 8000"),
    ("http://api:8000/udp", "connect api 8000"),
    ("_default_:443", "bind _default_ 443"),
    ("+:8000", "bind + 8000"),
    ("{{ host }}:8000", "connect 8000"),
    ("api", ""),
    ("api:http", ""),
    ("api:0", ""),
    ("8000:http", ""),
]
PORTS = [
    ("8000", "setting 8000"),
    (" '8000' ", "setting 8000"),
    ("9000-9010/udp", "setting 9000-9010/udp"),
    ("53/UDP", "setting 53/udp"),
    ("0", ""),
    ("8000 9000", ""),
    ("8000/ip", ""),
    ("8000ms", ""),
]


@pytest.mark.parametrize(("text", "expected"), ENDPOINTS)
def test_an_address(text: str, expected: str) -> None:
    assert shown(endpoint(text)) == shown(port_or_endpoint(text)) == expected
    assert shown(port_or_endpoint("see " + text, 4)) == expected


@pytest.mark.parametrize(("text", "expected"), PORTS)
def test_a_port_alone(text: str, expected: str) -> None:
    assert endpoint(text) is None
    assert shown(port_or_endpoint(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8080:80", ["publish 8080", "container 80"]),
        ("'8080:80/sctp'", ["publish 8080/sctp", "container 80/sctp"]),
        ("127.0.0.1:8080:80/UDP", ["publish 127.0.0.1 8080/udp", "container 80/udp"]),
        ("[::1]:8080-8090:80-90", ["publish ::1 8080-8090", "container 80-90"]),
        ("0:80", []),
        ("8080:http", []),
        ("10:20:30", []),
        ("8080:80/ip", []),
    ],
)
def test_a_mapping_under_a_key_that_says_port(text: str, expected: list[str]) -> None:
    assert [shown(hit) for hit in judged("port", text) if hit.form == "mapping"] == expected
    assert not [hit for hit in judged("window", text) if hit.form == "mapping"]
