"""What a name and a version may look like, whoever wrote them: short and printable, or not used.

An unusable version is not kept in part: cut or escaped it might find a place in an order that is not its own.
"""

MAX_NAME = 255
MAX_VERSION = 512
MAX_ECOSYSTEM = 100
MAX_STREAM = 100
MAX_LAYER = 255

_SHOWN = 60
_CUT = "…"


def is_name(name: str) -> bool:
    """Tell whether a text can name a package in tables, messages and package URLs."""
    return 0 < len(name) <= MAX_NAME and name.isprintable() and name == name.strip() and bool(name.strip("/"))


def is_version(version: str) -> bool:
    """Tell whether a text can be a version as it stands."""
    return 0 < len(version) <= MAX_VERSION and version.isprintable()


def layer(told: str) -> str:
    """Return the digest of a layer or an image as a document tells it, "" for what is too long to be one."""
    return told if len(told) <= MAX_LAYER else ""


def shown(words: str) -> str:
    """Return words fit for a message: printable, at most 60 characters and a mark."""
    return escaped(words[:_SHOWN]) + (_CUT if len(words) > _SHOWN else "")


def escaped(words: str) -> str:
    """Return words with unprintable characters written as `\\xNN` or `\\uNNNN`."""
    return words if words.isprintable() else words.encode("unicode_escape").decode("ascii")
