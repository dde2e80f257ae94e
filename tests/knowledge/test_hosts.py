"""What host names and addresses mean: every member of a group means the same, however it is written."""

from __future__ import annotations

import pytest

from portlint.knowledge import rule_data
from portlint.knowledge.hosts import (
    ANY,
    V4,
    V6,
    canonical,
    interfaces,
    is_container_host,
    is_domain,
    is_every_interface,
    is_host,
    is_ip,
    is_loopback,
    is_public,
    names_this_machine,
)

GROUPS = {
    "loopback": (
        is_loopback,
        ["127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "127.0.0.1.nip.io", "::ffff:127.0.0.1"],
    ),
    "container_host": (is_container_host, []),
    "every_interface": (is_every_interface, []),
}
MEMBERS = [
    (group, name) for group, (_, more) in GROUPS.items() for name in [*rule_data.load("names/hosts.yaml")[group], *more]
]
STRANGERS = [
    "redis", "db.internal", "localhost1", "notlocalhost", "localhost.example.com", "api.localhost", "docker.internal",
    "10.0.0.7", "128.0.0.1", "127.0.6533.88", "127.example.org", "127", "::ffff:10.0.0.7",
    "0.0.0.1", "::2", "2001:db8::1", "$host", "host.docker.internal.example.com",
]  # fmt: skip


@pytest.mark.parametrize(("group", "name"), MEMBERS)
@pytest.mark.parametrize("write", [str, str.upper, "[{}]".format])
def test_every_name_of_a_group_means_the_same(group, name, write):
    written = write(name)
    assert [key for key, (is_member, _) in GROUPS.items() if is_member(written)] == [group]
    assert names_this_machine(written)
    assert not is_public(written)


@pytest.mark.parametrize("name", STRANGERS)
def test_another_host_is_in_no_group(name):
    assert not any(is_member(name) for is_member, _ in GROUPS.values())
    assert not names_this_machine(name)


@pytest.mark.parametrize("text", [name for group, name in MEMBERS if group != "every_interface"] + ["10.0.0.7", "::"])
def test_a_text_that_is_a_host_wherever_it_stands(text):
    assert is_host(text)


@pytest.mark.parametrize("text", ["", "*", "+", "_default_", "redis", "db.internal", "localhost1", "1.2.3"])
def test_a_text_that_may_be_something_else(text):
    assert not is_host(text)


def test_a_place_without_a_host_is_one_of_this_machine():
    assert names_this_machine(None) and names_this_machine("")
    assert not is_public(None)


@pytest.mark.parametrize("group", ["loopback", "container_host"])
def test_names_that_mean_the_same_have_one_spelling(group):
    spellings = {canonical(name) for of, name in MEMBERS if of == group}
    assert len(spellings) == 1 and all(GROUPS[group][0](name) for name in spellings)
    assert [canonical(name) for name in ("DB", "[2001:DB8::1]", "")] == ["db", "2001:db8::1", ""]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.org", True), ("EXAMPLE.ORG", True), ("8.8.8.8", True), ("2606:4700::1111", True),
        ("[2606:4700::1111]", True), ("example.test", False), ("db.corp", False), ("redis", False),
        ("10.0.0.7", False), ("fe80::1", False), ("{server}.example.org", False), ("-x.org", False),
    ],
)  # fmt: skip
def test_who_is_public(host, expected):
    assert is_public(host) is expected


@pytest.mark.parametrize(
    ("text", "ip", "domain"),
    [
        ("10.0.0.7", True, False), ("::", True, False), ("fe80::1", True, False), ("10.0.0", False, False),
        ("1.2.3.4444", False, False), ("g:h::", False, False), ("12:30", False, False), ("main.py", False, False),
        ("db.internal", False, True), ("www.example.org", False, True), (".internal", False, False),
        ("see db.internal", False, False), ("http://db.internal", False, False),
    ],
)  # fmt: skip
def test_what_a_text_surely_is(text, ip, domain):
    assert (is_ip(text), is_domain(text)) == (ip, domain)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (None, [(V4, ANY), (V6, ANY)]), ("", [(V4, ANY), (V6, ANY)]), ("*", [(V4, ANY), (V6, ANY)]),
        ("0.0.0.0", [(V4, ANY)]), ("[::]", [(V6, ANY)]), ("localhost", [(V4, "127.0.0.1")]),
        ("LOCALHOST.localdomain", [(V4, "127.0.0.1")]), ("127.0.0.2", [(V4, "127.0.0.2")]), ("[::1]", [(V6, "::1")]),
        ("10.0.0.7", [(V4, "10.0.0.7")]), ("${BIND:-::1}", [(V4, "${bind:-::1}")]),
    ],
)  # fmt: skip
def test_what_a_server_binds_at_an_address(address, expected):
    assert list(interfaces(address)) == expected
