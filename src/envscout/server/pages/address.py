"""Addresses of pages: always a path of ours, its parts escaped."""

from urllib.parse import quote, urlencode

Value = str | int | bool | None


def href(*segments: str, **query: "Value | list[str] | tuple[str, ...]") -> str:
    """Return the address of a page: its path by segments, and its query without what is empty."""
    path = "/" + "/".join(quote(each, safe="") for each in segments)
    pairs = [(name.rstrip("_"), each) for name, value in query.items() for each in _values(value)]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _values(value: "Value | list[str] | tuple[str, ...]") -> list[str]:
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    return [] if value in (None, "", False) else ["1" if value is True else str(value)]
