"""Fixtures of the tests of the servers themselves."""

from collections.abc import Iterator

import pytest

from tests.servers.kubernetes import Cluster, cluster


@pytest.fixture
def api() -> Iterator[Cluster]:
    """Run a cluster."""
    with cluster() as running:
        yield running
