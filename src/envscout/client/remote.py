"""A server's operations, asked over HTTP."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
import requests

from envscout.errors import EnvscoutError, UsageError
from envscout.operations.coding import decode, encode
from envscout.operations.signature import bound, signature
from envscout.operations.table import name_of

SECONDS = (10, 300)
"""To connect, and between two bytes of an answer."""


class _Problem(msgspec.Struct):
    """What a server says of what failed: https://www.rfc-editor.org/rfc/rfc9457."""

    type: str = ""
    title: str = ""
    detail: str = ""


class Remote:
    """A server, and who asks it."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address.rstrip("/")
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, verb: Callable[..., Any], positional: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """Have the server do what a verb does. Raise EnvscoutError, of the kind that the verb would have raised."""
        name = name_of(verb)
        data = encode(bound(name, positional, named))
        try:
            answer = self._session.post(
                f"{self.address}/api/v1/operations/{quote(name)}",
                data=data,
                headers={"Content-Type": "application/json"},
                timeout=SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise EnvscoutError(
                f"the server {self.address} does not answer: {error}", "check ENVSCOUT_SERVER, and that it runs"
            ) from error
        if answer.status_code == 200:
            return decode(answer.content, signature(name).result)
        raise _failed(answer.content)


def _failed(content: bytes) -> EnvscoutError:
    from envscout import errors

    try:
        said = msgspec.json.decode(content, type=_Problem)
    except msgspec.MsgspecError:
        return UsageError("the server does not answer as envscout does", "check ENVSCOUT_SERVER")
    kind = getattr(errors, said.type.removeprefix("urn:envscout:"), EnvscoutError)
    return kind(said.title, said.detail) if issubclass(kind, EnvscoutError) else EnvscoutError(said.title, said.detail)
