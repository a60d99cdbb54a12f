"""Names that people give: of organizations, environments, tokens and people."""

from envscout.errors import UsageError

MAX_NAME = 200


def checked(what: str, name: str) -> str:
    """Return a name that can be told apart, typed and shown. Raise UsageError. "" is none."""
    if len(name) > MAX_NAME or not name.isprintable() or name != name.strip() or name.startswith("-"):
        raise UsageError(
            f"{name[:MAX_NAME]!r} cannot be the name of a {what}",
            f"use up to {MAX_NAME} printable characters, not starting with a dash or a space",
        )
    return name
