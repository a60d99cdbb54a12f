"""What a step was given: the variables INPUT_..., read once. What has no meaning is refused here. Pure."""

from collections.abc import Mapping

import msgspec

from envscout.errors import UsageError

PREFIX = "INPUT_"
SECRETS = ("token", "github-token", "dockerhub-password", "registry-password", "registry-write-password")
"""Inputs that no log may show."""

_SWITCHES = {"": False, "false": False, "true": True}


class Inputs(msgspec.Struct, frozen=True):
    """The inputs of a step, by their names in `action.yml`."""

    given: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return an input, "" where it was not given."""
        return self.given.get(name, "")

    def many(self, name: str) -> tuple[str, ...]:
        """Return the parts of an input, which are separated by commas or on lines of their own."""
        words = (word.strip() for line in self.text(name).splitlines() for word in line.split(","))
        return tuple(word for word in words if word)

    def is_on(self, name: str) -> bool:
        """Tell whether a switch is on. Raise UsageError where it is neither on nor off."""
        found = _SWITCHES.get(self.text(name).lower())
        if found is None:
            raise UsageError(f"the input `{name}` is {self.text(name)[:80]!r}", "write true or false")
        return found

    @property
    def images(self) -> tuple[str, ...]:
        """Return the images: one a line, as docker/metadata-action tells the tags of one."""
        return tuple(line.strip() for line in self.text("image").splitlines() if line.strip())

    @property
    def image(self) -> str:
        """Return the image that is asked about, "" where none was named."""
        return next(iter(self.images), "")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what no log may show."""
        return tuple(filter(None, map(self.text, SECRETS)))


def read(environ: Mapping[str, str]) -> Inputs:
    """Read the inputs: `INPUT_ONLY_FIXED` is `only-fixed`."""
    return Inputs(
        {
            name.removeprefix(PREFIX).lower().replace("_", "-"): _told(value)
            for name, value in environ.items()
            if name.startswith(PREFIX)
        }
    )


def _told(value: str) -> str:
    """Return a value as text: bytes that are none are shown."""
    return value.encode(errors="surrogateescape").decode(errors="backslashreplace").strip()
