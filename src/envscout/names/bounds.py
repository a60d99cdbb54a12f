"""What a name and a version may look like, whoever wrote them: short, printable, or marked as unusable.

A version that is not the package's own words any more must not be placed in an order: it is cut or escaped so that it
ends in `…`, which no version scheme accepts, and is longer than any scheme reads.
"""

MAX_NAME = 255
MAX_VERSION = 512
CUT = "…"

_SHOWN = 60


def is_name(name: str) -> bool:
    """Tell whether a text can name a package in tables, messages and package URLs."""
    return 0 < len(name) <= MAX_NAME and name.isprintable() and name == name.strip() and bool(name.strip("/"))


def is_version(version: str) -> bool:
    """Tell whether a text can be a version as it stands."""
    return 0 < len(version) <= MAX_VERSION and version.isprintable()


def unusable(version: str) -> str:
    """Return what is kept of a version that `is_version` refuses: "" of nothing, else a cut or escaped beginning."""
    return (escaped(version[:MAX_VERSION])[:MAX_VERSION] + CUT) if version else ""


def shown(words: str) -> str:
    """Return words fit for a message: printable, at most 60 characters and a mark."""
    return escaped(words[:_SHOWN]) + (CUT if len(words) > _SHOWN else "")


def escaped(words: str) -> str:
    """Return words with unprintable characters written as `\\xNN` or `\\uNNNN`."""
    return words if words.isprintable() else words.encode("unicode_escape").decode("ascii")
