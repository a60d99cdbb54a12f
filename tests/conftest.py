"""Fixtures that every folder of tests may use."""

import os
from pathlib import Path

import pytest

from tests.servers.engine import docker_engine
from tests.servers.registry import registry, registry_basic, registry_token

__all__ = ["data", "docker_engine", "registry", "registry_basic", "registry_token"]


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real advisories, root filesystems and SBOMs, or skip."""
    folder = os.environ.get("ENVSCOUT_TEST_DATA", "")
    if not folder:
        pytest.skip("ENVSCOUT_TEST_DATA names no folder with real test data")
    return Path(folder)
