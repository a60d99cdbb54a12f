"""A server's operations, asked over HTTP."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from envscout import __version__, errors
from envscout.client.transport import Answer, Transport, Way
from envscout.errors import EnvscoutError, NotAllowed, Unauthenticated, UsageError
from envscout.operations.coding import decode, encode
from envscout.operations.signature import bound, signature
from envscout.operations.table import ALONE, OPERATIONS, name_of


class _Problem(msgspec.Struct):
    """What a server says of what failed: https://www.rfc-editor.org/rfc/rfc9457."""

    type: str = ""
    title: str = ""
    detail: str = ""


class Remote:
    """A server, and who asks it."""

    def __init__(self, way: Way) -> None:
        self._transport = Transport(way)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def call(self, verb: Callable[..., Any], positional: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """Have the server do what a verb does. Raise EnvscoutError, of the kind that the verb would have raised."""
        return self._asked(name_of(verb), bound(name_of(verb), positional, named))

    def briefly(self, verb: Callable[..., Any], positional: Sequence[Any], seconds: float) -> Any:
        """Do the same, asking once, and waiting for no longer than some seconds for each part of the answer."""
        name = name_of(verb)
        return self._asked(name, bound(name, positional, {}), seconds=(seconds, seconds), attempts=1)

    def _asked(self, name: str, arguments: msgspec.Struct, **how: Any) -> Any:
        once = OPERATIONS.get(name) != "read" and name not in ALONE
        answer = self._transport.post(_path(name), encode(arguments), once=once, **how)
        if answer.status == 200:
            return _read(answer, signature(name).result)
        raise _failed(name, answer)


def _path(name: str) -> str:
    return f"/api/v1/operations/{quote(name)}"


def _read(answer: Answer, type_: Any) -> Any:
    try:
        return decode(answer.body, type_)
    except UsageError as error:
        raise EnvscoutError(f"the server's answer cannot be read: {error.cause}", _versions(answer)) from error


def _versions(answer: Answer) -> str:
    if answer.version and answer.version != __version__:
        return f"the server is envscout {answer.version}, this is {__version__}: use the same on both sides"
    return "check that ENVSCOUT_SERVER is the address of an envscout server, of the same version"


def _failed(name: str, answer: Answer) -> EnvscoutError:
    try:
        said = msgspec.json.decode(answer.body, type=_Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = _Problem()
    kind = _kind(said.type.removeprefix("urn:envscout:"))
    if answer.status == 401 and kind in (None, Unauthenticated):
        return Unauthenticated(said.title or "the server does not know who asks", "`envscout login` keeps a token")
    if answer.status == 403:
        return NotAllowed(
            said.title or "the server does not allow this", said.detail or "ask an owner for another role"
        )
    if answer.status in (404, 405) and (kind is None or said.detail == "see /schema"):
        return EnvscoutError(f"the server does not know {name}", _versions(answer))
    if kind is not None and said.title:
        return kind(said.title, said.detail)
    if 300 <= answer.status < 400:
        return UsageError(
            "the server leads elsewhere, where the token is not sent", "set ENVSCOUT_SERVER to its own address"
        )
    return EnvscoutError(
        said.title or f"the server answered with status {answer.status}", said.detail or _versions(answer)
    )


def _kind(name: str) -> type[EnvscoutError] | None:
    """Return the kind of error of a name, None for one that is none of ours."""
    found = getattr(errors, name, None)
    return found if isinstance(found, type) and issubclass(found, EnvscoutError) else None
