"""The pytest plugin `portlint`: ports for tests, from the testing range of the registry.

    def test_login(port):
        server = start_server(port)

A test that needs a port of one service's testing range names it: `@pytest.mark.parametrize("port", ["redis"],
indirect=True)`. One that needs several takes `port_registry` and calls `port_registry.lease` itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from portlint.ports import PortRegistry


@pytest.fixture(scope="session")
def port_registry(pytestconfig: pytest.Config) -> PortRegistry:
    """The registry of the repository whose tests are run."""
    from portlint.errors import UserError
    from portlint.ports import PortRegistry

    try:
        return PortRegistry.load(pytestconfig.rootpath)
    except UserError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def port(request: pytest.FixtureRequest, port_registry: PortRegistry) -> Iterator[int]:
    """A free port that no other test has, in this run or another, until the test has ended; the same in every run."""
    from portlint.errors import UserError

    try:
        lease = port_registry.lease(request.node.nodeid, getattr(request, "param", None))
    except UserError as error:
        pytest.fail(str(error), pytrace=False)
    with lease:
        yield lease
