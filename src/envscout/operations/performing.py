"""Have an operation done for somebody: what their role allows, confined to what is theirs, told to the audit log."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from envscout.access.principal import Principal
from envscout.errors import EnvscoutError, NotAllowed, NotFound, UsageError
from envscout.operations.answers import only
from envscout.operations.confine import confined
from envscout.operations.signature import bound, signature
from envscout.operations.table import OPERATIONS, name_of
from envscout.store import Database
from envscout.verbs import audit

MAX_TOLD = 100
_TOLD = (
    "organization", "environment", "service", "platform", "reference", "digest", "repository", "image", "number",
    "subject", "issuer", "role", "name", "names", "kind", "type_", "enabled",
)  # fmt: skip
"""What of its arguments the log says of an operation. No secret has such a name."""


def perform(
    database: Database, principal: Principal, name: str, arguments: Mapping[str, Any], request_id: str = ""
) -> Any:
    """Do an operation for somebody. Raise NotAllowed, NotFound, and what the verb raises."""
    verb = signature(name).verb
    asked = admitted(database, principal, name, arguments, request_id)
    if OPERATIONS[name] == "read":
        return only(principal, name, _done(verb, database, asked))
    try:
        with audit.witnessed(database, act(principal, name, asked, request_id)):
            return only(principal, name, _done(verb, database, asked))
    except EnvscoutError:
        audit.tell(database, act(principal, name, arguments, request_id), "failed")
        raise


def admitted(
    database: Database, principal: Principal, name: str, arguments: Mapping[str, Any], request_id: str = ""
) -> dict[str, Any]:
    """Return the arguments of an operation as somebody may have it done. Raise NotAllowed, NotFound."""
    database.connection.tenant = principal.organization
    action = OPERATIONS[name]
    try:
        principal.check(action, name)
        return confined(database, principal, name, arguments)
    except (NotAllowed, NotFound):
        if action != "read":
            audit.tell(database, act(principal, name, arguments, request_id), "refused")
        raise


@contextlib.contextmanager
def told(
    database: Database, actor: str, verb: Callable[..., Any], positional: Sequence[Any], named: Mapping[str, Any]
) -> Iterator[None]:
    """Tell the log of an operation that somebody does on a store of their own."""
    name = name_of(verb)
    whole = bound(name, positional, named)
    arguments = {field: getattr(whole, field) for field in whole.__struct_fields__}
    with audit.witnessed(database, act(Principal(f"local:{actor}", "owner"), name, arguments, "")):
        yield


def _done(verb: Any, database: Database, arguments: Mapping[str, Any]) -> Any:
    try:
        return verb(database, **arguments)
    except OverflowError as error:
        raise UsageError("a number is larger than any that is kept", "numbers have at most 63 bits") from error


def act(principal: Principal, name: str, arguments: Mapping[str, Any], request_id: str) -> audit.Act:
    """Return what the log says of an operation."""
    told = dict(_told(arguments))
    organization = principal.organization or told.get("organization", "")
    target = " ".join(f"{field}={value}" for field, value in told.items())
    return audit.Act(principal, name, target, request_id, organization)


def _told(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and value of what the log says: texts and numbers of the arguments, and of the nouns among them."""
    for field, value in arguments.items():
        if isinstance(value, msgspec.Struct):
            yield from _told({each: getattr(value, each) for each in value.__struct_fields__ if each in _TOLD})
        elif field in _TOLD and isinstance(value, str | int) and value != "":
            yield field, str(value)[:MAX_TOLD]
        elif field in _TOLD and isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            yield field, ",".join(value)[:MAX_TOLD]
