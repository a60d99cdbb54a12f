"""What an operation takes and returns, read off the verb itself: there is no second description to keep in step."""

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import msgspec

from envscout.errors import NotFound
from envscout.operations.table import OPERATIONS


class Signature(NamedTuple):
    """A verb, the struct of its arguments beside the store, and the type of its result."""

    verb: Callable[..., Any]
    arguments: type[msgspec.Struct]
    result: Any


@functools.cache
def signature(name: str) -> Signature:
    """Return the signature of an operation. Raise NotFound."""
    if name not in OPERATIONS:
        raise NotFound(f"there is no operation {name[:100]!r}", "the server's /schema lists them")
    module, _, function = name.partition(".")
    verb = getattr(import_module(f"envscout.verbs.{module}"), function)
    hints = typing.get_type_hints(verb)
    fields = [_field(each, hints[each.name]) for each in _parameters(verb)]
    title = "".join(word.capitalize() for word in (*module.split("_"), *function.split("_")))
    arguments = msgspec.defstruct(
        title, fields, bases=(msgspec.Struct,), module=__name__, frozen=True, kw_only=True, forbid_unknown_fields=True
    )
    return Signature(verb, arguments, hints["return"])


def bound(name: str, positional: Sequence[Any], named: Mapping[str, Any]) -> msgspec.Struct:
    """Return the arguments of a call, those of the verb without its store, as one struct."""
    found = signature(name)
    names = [each.name for each in _parameters(found.verb)]
    return found.arguments(**dict(zip(names, positional, strict=False)), **named)


def _parameters(verb: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a verb but for the first one, which is the store."""
    return list(inspect.signature(verb).parameters.values())[1:]


def _field(parameter: inspect.Parameter, type_: Any) -> Any:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name, type_
    default = parameter.default
    if isinstance(default, msgspec.Struct):
        # A factory: what is in it may have no JSON of its own, and a description would show it.
        return parameter.name, type_, msgspec.field(default_factory=lambda: default)
    return parameter.name, type_, default
