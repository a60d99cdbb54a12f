"""Who may what: everything that can be asked, by everybody, of their own and of another organization. Over HTTP."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from envscout.access.principal import Principal
from envscout.access.roles import ROLES
from envscout.operations.answers import ANSWERS
from envscout.operations.signature import signature
from envscout.operations.table import OPERATIONS
from envscout.store import Database, Place
from envscout.verbs import tokens
from tests.server import grid
from tests.server.conftest import Server, serving

ASKERS = (*ROLES, "staging")
STRANGERS = {"nobody": "", "expired": "expired", "revoked": "revoked", "garbage": "es_" + "x" * 43}
