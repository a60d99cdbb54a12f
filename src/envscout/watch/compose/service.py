"""What of a Compose service decides what it runs, and how one file changes what another says of it. Pure.

The rules are https://github.com/compose-spec/compose-spec/blob/main/13-merge.md: later texts take the place of earlier
ones, lists grow, null changes nothing, `!reset` takes away and `!override` replaces.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from envscout.watch.documents import Items, Text, Tree
from envscout.watch.filled import Filled, filled, written
from envscout.watch.interpolation import InvalidVariable, filled_in

MAX_IMAGE = 4096
"""Characters of an image, far beyond what any reference has."""
_NUMBER = re.compile(r"\+?(?:0[xob]([\da-f_]+)|(\d[\d_]*))(?:\.0*)?", re.ASCII | re.IGNORECASE)
_RESET, _OVERRIDE = "!reset", "!override"
_OPTIONAL = "?"
"""Stands before the name of a service that another one does without; no such name begins with it."""
_SHARED = ("network_mode", "ipc", "pid", "uts")
"""What may be that of another service, which is needed then: `service:NAME`."""
_EACH = 16
"""Characters that a text of a list is counted as, beside its own."""


class Said(msgspec.Struct, frozen=True):
    """What a file says of one attribute. where: `FILE:LINE`. why: it cannot be made out, "" where it can."""

    value: str | tuple[str, ...] = ""
    where: str = ""
    tag: str = ""
    why: str = ""


class Service(msgspec.Struct, frozen=True):
    """What is said of a service. place: where it begins. problem: why it cannot be told what it is, "" where it can."""

    place: str
    said: Mapping[str, Said] = {}
    problem: str = ""

    @property
    def where(self) -> str:
        """Return the place of its image, else its own."""
        return image.where if (image := self.said.get("image")) else self.place

    @property
    def image(self) -> str:
        """Return the image that it runs, "" where none is named."""
        return self._text("image")

    @property
    def profiles(self) -> tuple[str, ...]:
        """Return the profiles that it is of, none where it always runs."""
        return tuple(dict.fromkeys(self._texts("profiles")))

    @property
    def of_unclear_profiles(self) -> bool:
        """Tell that it cannot be told whether it is of a profile."""
        return bool(self.problem or self.said.get("profiles", Said()).why)

    @property
    def needs(self) -> Mapping[str, bool]:
        """Return the services that it needs, and whether it is not started without each."""
        found: dict[str, bool] = {}
        for each in self._texts("depends_on"):
            optional = each.startswith(_OPTIONAL)
            found[each.removeprefix(_OPTIONAL) if optional else each] = not optional
        for name in (*self._texts("links"), *self._texts("volumes_from")):
            found.setdefault(name, True)
        for each in map(self._text, _SHARED):
            if each.startswith("service:"):
                found.setdefault(_part(each, each.removeprefix("service:")), True)
        return found

    @property
    def size(self) -> int:
        """Return how many characters its lists are counted as."""
        return _EACH * sum(len(each.value) for each in self.said.values() if isinstance(each.value, tuple))

    @property
    def copies(self) -> str:
        """Return how many containers run, "" where nothing is said of it."""
        return self._text("scale") or self._text("replicas")

    @property
    def unclear(self) -> str:
        """Return why it cannot be told what it runs, "" where it can."""
        whys = (each.why for each in self.said.values() if each.why)
        scale, replicas = self._text("scale"), self._text("replicas")
        if not (why := self.problem or next(whys, "")) and scale and replicas and scale != replicas:
            return "`scale` and `deploy.replicas` are different numbers"
        return why

    def same(self, other: "Service") -> bool:
        """Tell whether another one runs the same in the same cases, wherever that is said."""
        return [(name, each.value, each.why) for name, each in sorted(self.said.items())] == [
            (name, each.value, each.why) for name, each in sorted(other.said.items())
        ]

    def _text(self, name: str) -> str:
        said = self.said.get(name, Said()).value
        return said if isinstance(said, str) else ""

    def _texts(self, name: str) -> tuple[str, ...]:
        said = self.said.get(name, Said()).value
        return said if isinstance(said, tuple) else ()


def over(before: Service | None, after: Service) -> Service:
    """Return a service that another one changes, be it of a later file or what extends it.

    What the other one resets or replaces ends with that: who includes or extends the two keeps what it said itself.
    """
    said = dict(before.said) if before else {}
    for name, each in after.said.items():
        known = said.pop(name, None)
        if each.tag == _RESET:
            continue
        if known and not each.tag and isinstance(known.value, tuple) and isinstance(each.value, tuple):
            each = msgspec.structs.replace(each, value=known.value + each.value, why=known.why or each.why)
        said[name] = msgspec.structs.replace(each, tag="") if each.tag else each
    problem = (before.problem if before else "") or after.problem
    return Service(before.place if before else after.place, said, problem)


def service(told: Tree, place: str, file: str, values: Mapping[str, str]) -> Service:
    """Return what a file says of a service itself. Variables are filled in before anything is merged, file by file."""
    said = {}
    for name, told_of, read in _attributes(told):
        if is_null(told_of):
            continue
        where, tag = f"{file}:{told_of.line}", getattr(told_of, "tag", "")
        try:
            said[name] = Said("" if tag == _RESET else read(told_of, values), where, tag)
        except InvalidVariable as error:
            said[name] = Said("", where, tag, str(error))
    return Service(place, said)


def size(told: Tree) -> int:
    """Return how many characters what decides of a service is counted as."""
    attributes = (each for _, each, _ in _attributes(told))
    return sum(_EACH + len(text) for each in attributes for text in (each if isinstance(each, Tree) else texts(each)))


def is_reset(told: Any) -> bool:
    """Tell whether something is to be as if it had never been said."""
    return getattr(told, "tag", "") == _RESET


def replaces(told: Any) -> bool:
    """Tell whether something is to take the place of what was said before, or to take it away."""
    return getattr(told, "tag", "") in (_RESET, _OVERRIDE)


def is_null(told: Any) -> bool:
    """Tell whether nothing is said."""
    return told is None or (isinstance(told, Text) and told.null)


_Read: TypeAlias = Callable[[Any, Mapping[str, str]], str | tuple[str, ...]]


def _attributes(told: Tree) -> Iterator[tuple[str, Any, _Read]]:
    for name, each in told.items():
        if read := _OWN.get(name):
            yield name, each, read
    deploy = told.get("deploy")
    replicas = deploy.get("replicas") if isinstance(deploy, Tree) else None
    if deploy is not None and (is_reset(deploy) or (replaces(deploy) and is_null(replicas))):
        # What replaces all of `deploy` and has no number of copies in it takes the number away.
        replicas = Text("", deploy.line, _RESET)
    yield "replicas", replicas, _number


def _image(told: Any, values: Mapping[str, str]) -> str:
    if not isinstance(told, Text):
        raise InvalidVariable("its image is no text")
    text = filled_in(told, values)
    if told and not text.strip():
        raise InvalidVariable(f"nothing is left of its image {told[:200]!r} where variables are filled in")
    if len(text) > MAX_IMAGE:
        raise InvalidVariable(f"its image has more than {MAX_IMAGE:,} characters")
    return text


def _list(told: Any, values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(filled(each, values) for each in texts(told))


def _links(told: Any, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the services of `SERVICE` and `SERVICE:ALIAS`."""
    return tuple(_part(each, each.partition(":")[0]) if each.count(":") == 1 else each for each in _list(told, values))


def _volumes_from(told: Any, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the services of `SERVICE` and `SERVICE:MODE`; what begins with `container:` is none."""
    named = (each for each in _list(told, values) if not each.startswith("container:"))
    return tuple(_part(each, each.partition(":")[0]) for each in named)


def _shared(told: Any, values: Mapping[str, str]) -> str:
    return filled(told, values) if isinstance(told, Text) else ""


def _part(text: str, part: str) -> str:
    return Filled(part, written(text)) if isinstance(text, Filled) else part


def _needs(told: Any, values: Mapping[str, str]) -> tuple[str, ...]:
    if not isinstance(told, Tree):
        return _list(told, values)
    return tuple(f"{_OPTIONAL if is_reset(each) or _is_optional(each) else ''}{name}" for name, each in told.items())


def _is_optional(told: Any) -> bool:
    return isinstance(told, Tree) and str(told.get("required", "")).lower() == "false"


def _number(told: Any, values: Mapping[str, str]) -> str:
    """Return a number without sign, prefix and leading zeros, "0" for none."""
    text = filled_in(told, values).strip() if isinstance(told, Text) else ""
    number = _NUMBER.fullmatch(text)
    if not number:
        raise InvalidVariable(
            f"its number of copies is {str(told)[:50]!r}"
            if isinstance(told, Text)
            else "its number of copies is no text"
        )
    return (number[1] or number[2]).lstrip("0_") or "0"


def _told(_: Any, __: Mapping[str, str]) -> str:
    return "yes"


def texts(told: Any) -> list[Text]:
    """Return a text, or those of a list."""
    return [each for each in (told if isinstance(told, Items) else [told]) if isinstance(each, Text)]


_OWN: Mapping[str, _Read] = {
    "image": _image,
    "build": _told,
    "provider": _told,
    "profiles": _list,
    "scale": _number,
    "depends_on": _needs,
    "links": _links,
    "volumes_from": _volumes_from,
    **dict.fromkeys(_SHARED, _shared),
}
