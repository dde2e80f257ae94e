"""The prefilter: which numbers of a Python file may be ports, found by its text alone, so that little is parsed.

Number first: a file without a number of two digits holds no port (`code`). Then there must be a signal: a word that
says port, an address, a call that takes one (`signals`, a table). The signals of a file are found once and asked about
three times: is there one in the file, in this function (of the others `ast` sees only the first line: `stretches`), in
this statement (the others do not reach libcst)?

What no signal stands for, the visitor never sees. Whoever teaches `visitor.py`, `calls.py` or what they ask a new shape
adds a row to the table, with an example. Nothing that the visitor would report may be dropped: that is held against it
on the examples of the table, on the fixtures and mixtures of their pieces (`tests/extract/python/test_prefilter.py`),
on all calls, commands and names of `rules/` (`test_prefilter_rules.py` beside it), and on checkouts
(`fuzz/shortcuts.py`).
"""
