"""Erlang and Elixir applications: `ebin/NAME.app`, one term `{application, NAME, [{vsn, "VERSION"}, ...]}` (app(4)).

Applications of Erlang/OTP and of Elixir come with these languages, in releases as copies; all others are taken for
packages of hex.pm, which the file does not tell.
"""

import re

from envscout.inventory.record import Reading, damaged, record, text

MAX_RESOURCE = 1 << 20
"""Bytes of a resource file that are searched."""

_APPLICATION = re.compile(rb"\{\s*application\s*,\s*(?:'([^'\r\n]*)'|([a-z][A-Za-z0-9_@]*))\s*,")
_VERSION = re.compile(rb'\{\s*vsn\s*,\s*"([^"\r\n]*)"\s*\}')
# fmt: off
_PLATFORM = frozenset((
    "asn1", "common_test", "compiler", "cosEvent", "cosEventDomain", "cosFileTransfer", "cosNotification",
    "cosProperty", "cosTime", "cosTransactions", "crypto", "debugger", "dialyzer", "diameter", "edoc", "eldap",
    "erl_docgen", "erl_interface", "erts", "et", "eunit", "ftp", "gs", "hipe", "ic", "inets", "jinterface", "kernel",
    "megaco", "mnesia", "observer", "odbc", "orber", "os_mon", "ose", "otp_mibs", "parsetools", "percept",
    "public_key", "reltool", "runtime_tools", "sasl", "snmp", "ssh", "ssl", "stdlib", "syntax_tools", "test_server",
    "tftp", "tools", "typer", "webtool", "wx", "xmerl", "eex", "elixir", "ex_unit", "iex", "logger", "mix",
))
# fmt: on
"""Applications of Erlang/OTP 17 to 28 (erlang.org/doc/applications) and of Elixir (hexdocs.pm/elixir)."""


def read(path: str, data: bytes) -> Reading:
    """Return the application of one resource file."""
    head = data[:MAX_RESOURCE]
    application = _APPLICATION.search(head)
    if not application:
        return Reading(problems=(damaged(path, "it holds no application"),))
    name = text(application[1] or application[2] or b"")
    version = _VERSION.search(head)
    return record("otp" if name in _PLATFORM else "hex", name, text(version[1]) if version else "", path)
