"""Reading: only regular files inside the tree, bounded; every encoding, or the reason."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from portlint.files.reader import Text, Tree, Unread, Why, decode, read_named

LIMIT = 1000


@pytest.fixture
def tree(tmp_path: Path):
    (tmp_path / "root" / "a" / "b").mkdir(parents=True)
    (tmp_path / "root" / "a" / "b" / "in.env").write_bytes(b"PORT=1\n")
    (tmp_path / "root" / "top.env").write_bytes(b"PORT=2\n")
    (tmp_path / "secret").write_bytes(b"no\n")
    with Tree(tmp_path / "root") as tree:
        yield tree, tmp_path / "root"


def test_reads_files_at_any_depth(tree):
    reader, _ = tree
    assert reader.read("top.env", LIMIT) == b"PORT=2\n"
    assert reader.read("a/b/in.env", LIMIT) == b"PORT=1\n"
    assert reader.read("a/b/in.env", LIMIT) == b"PORT=1\n"
    assert reader.read("top.env", LIMIT) == b"PORT=2\n"


def test_reads_an_empty_file_and_one_at_the_limit(tree):
    reader, root = tree
    (root / "empty").touch()
    (root / "full").write_bytes(b"x" * LIMIT)
    (root / "over").write_bytes(b"x" * (LIMIT + 1))
    assert reader.read("empty", LIMIT) == b""
    assert reader.read("full", LIMIT) == b"x" * LIMIT
    assert reader.read("over", LIMIT) == Unread(Why.TOO_LARGE, "larger than 1,000 bytes (1,001)")


def test_a_large_binary_is_binary(tree):
    reader, root = tree
    (root / "program").write_bytes(b"\x7fELF\0" + b"x" * LIMIT)
    assert reader.read("program", LIMIT).why is Why.BINARY


def test_links_are_not_followed(tree):
    reader, root = tree
    (root / "link").symlink_to("../secret")
    (root / "inner").symlink_to("top.env")
    (root / "folder").symlink_to("a")
    assert reader.read("link", LIMIT).why is Why.LINK
    assert reader.read("inner", LIMIT).why is Why.LINK
    assert reader.read("folder/b/in.env", LIMIT).why is Why.LINK


@pytest.mark.parametrize(
    "path", ["../secret", "a/../../secret", "/etc/hostname", "a//b/in.env", "./top.env", "", "a\0b"]
)
def test_the_path_cannot_leave_the_tree(tree, path):
    assert tree[0].read(path, LIMIT).why is Why.UNREADABLE


def test_what_is_not_a_regular_file_is_not_waited_for(tree):
    reader, root = tree
    os.mkfifo(root / "fifo.env")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "sock"))
        assert reader.read("sock", LIMIT).why is Why.SPECIAL
    assert reader.read("fifo.env", LIMIT).why is Why.SPECIAL
    assert reader.read("a", LIMIT).why is Why.SPECIAL


def test_what_is_gone_has_vanished(tree):
    assert tree[0].read("gone.py", LIMIT).why is Why.VANISHED
    assert tree[0].read("no/such/folder.py", LIMIT).why is Why.VANISHED


def test_a_path_longer_than_the_system_takes_at_once(tmp_path):
    name = "d" * 200
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir(name, dir_fd=folder)
        inner = os.open(name, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("deep.env", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)
    with Tree(tmp_path) as tree:
        assert tree.read("/".join([name] * 25 + ["deep.env"]), LIMIT) == b""


def test_a_file_of_proc_is_bounded_though_it_says_it_is_empty():
    with Tree("/proc/self") as tree:
        assert tree.read("status", 10) == Unread(Why.TOO_LARGE, "larger than 10 bytes")
        assert b"Pid:" in tree.read("status", 100_000)


def test_a_file_that_the_user_names_may_be_a_link(tree, tmp_path):
    (tmp_path / "link").symlink_to("secret")
    assert read_named(tmp_path / "link", LIMIT) == b"no\n"
    assert read_named(tmp_path / "gone", LIMIT).why is Why.VANISHED


@pytest.mark.parametrize(
    ("path", "raw", "data", "encoding"),
    [
        ("a.env", b"P=1\n", b"P=1\n", "utf-8"),
        ("a.env", "P=1 # é\n".encode(), "P=1 # é\n".encode(), "utf-8"),
        ("a.env", b"\xef\xbb\xbfP=1\n", b"\xef\xbb\xbfP=1\n", "utf-8"),
        ("a.env", "P=1é\n".encode("utf-16"), "P=1é\n".encode(), "utf-16"),
        ("a.env", b"\xfe\xff" + "P=1\n".encode("utf-16-be"), b"P=1\n", "utf-16"),
        ("a.env", "P=1\n".encode("utf-32"), b"P=1\n", "utf-32"),
        ("a.py", b"# coding: latin-1\nx = '\xe9'\n", "# ------: latin-1\nx = 'é'\n".encode(), "latin-1"),
        ("a.py", b"\n# -*- coding: cp1252 -*-\n'\x80'\n", "\n# -*- ------: cp1252 -*-\n'€'\n".encode(), "cp1252"),
        ("run", b"#!python\n# coding=koi8-r\n'\xc1'\n", "#!python\n# ------=koi8-r\n'а'\n".encode(), "koi8-r"),
        ("a.py", "# coding: utf8\nx = 'é'\n".encode(), "# coding: utf8\nx = 'é'\n".encode(), "utf-8"),
    ],
)  # fmt: skip
def test_decodes(path, raw, data, encoding):
    assert decode(path, raw) == Text(data, encoding)


def test_bytes_that_are_not_utf_8_are_doubtful_and_read_all_the_same():
    text = decode("nginx.conf", b"# caf\xe9\nlisten 8080;\n")
    assert text == Text("# café\nlisten 8080;\n".encode(), "unknown", "not valid UTF-8: byte 0xe9 on line 1", 5)


@pytest.mark.parametrize(
    ("path", "raw", "why"),
    [
        ("a.py", b"\x00\x01", Why.BINARY),
        ("a.env", b"P=1\x00\n", Why.BINARY),
        ("a.env", "P=1\0\n".encode("utf-16"), Why.BINARY),
        ("a.env", b"\xff\xfeP\x00=", Why.UNDECODABLE),
        ("a.py", b"# coding: klingon\nx = '\xe9'\n", Why.UNDECODABLE),
        ("a.py", b"# coding: hex\nx = '\xe9'\n", Why.UNDECODABLE),
        ("a.py", b"# coding: punycode\nx = '\xe9'\n", Why.UNDECODABLE),
        ("a.py", b"# coding: ascii\nx = '\xe9'\n", Why.UNDECODABLE),
    ],
)
def test_says_why_there_is_no_text(path, raw, why):
    assert decode(path, raw).why is why


def test_a_coding_line_of_a_file_that_is_not_python_means_nothing():
    assert decode("a.env", b"# coding: latin-1\nX=\xe9\n").doubt == "not valid UTF-8: byte 0xe9 on line 2"
