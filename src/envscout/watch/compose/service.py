"""What of a Compose service decides what it runs, and how one file changes what another says of it. Pure.

The rules are https://github.com/compose-spec/compose-spec/blob/main/13-merge.md: later texts take the place of earlier
ones, lists grow, null changes nothing, `!reset` takes away and `!override` replaces.
"""

from collections.abc import Mapping

import msgspec

from envscout.watch.filled import part

RESET = "!reset"
OPTIONAL = "?"
"""Stands before the name of a service that another one does without; no such name begins with it."""
SHARED = ("network_mode", "ipc", "pid", "uts")
"""What may be that of another service, which is needed then: `service:NAME`."""
EACH = 16
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
            optional = each.startswith(OPTIONAL)
            found[each.removeprefix(OPTIONAL) if optional else each] = not optional
        for name in (*self._texts("links"), *self._texts("volumes_from")):
            found.setdefault(name, True)
        for each in map(self._text, SHARED):
            if each.startswith("service:"):
                found.setdefault(part(each, each.removeprefix("service:")), True)
        return found

    @property
    def size(self) -> int:
        """Return how many characters its lists are counted as."""
        return EACH * sum(len(each.value) for each in self.said.values() if isinstance(each.value, tuple))

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
        if each.tag == RESET:
            continue
        if known and not each.tag and isinstance(known.value, tuple) and isinstance(each.value, tuple):
            each = msgspec.structs.replace(each, value=known.value + each.value, why=known.why or each.why)
        said[name] = msgspec.structs.replace(each, tag="") if each.tag else each
    problem = (before.problem if before else "") or after.problem
    return Service(before.place if before else after.place, said, problem)
