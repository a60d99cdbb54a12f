"""What every document format is reduced to before it becomes an inventory."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from envscout.errors import LimitExceeded, SourceError
from envscout.model import Distribution, Image, Problem

MAX_COMPONENTS = 1_000_000
READABLE = "envscout reads CycloneDX, SPDX 2.2 and 2.3, syft and its own SBOMs, as JSON."
JSON_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

T = TypeVar("T")


class SubjectInfo(msgspec.Struct, frozen=True):
    """What a document says about itself and the image it describes.

    format: `CycloneDX 1.5`, `SPDX-2.3`, `syft 16.0.4`, `envscout/sbom/1`. reference: the image as the document names
    it. created: RFC 3339 or "". image: digest and layers as far as the document tells them; its digest may be "".
    """

    format: str
    reference: str = ""
    created: str = ""
    tools: tuple[str, ...] = ()
    image: Image = Image(digest="")


class Component(msgspec.Struct, frozen=True):
    """One package in a document's words. source: name and version of the source package, "" where it is silent."""

    purl: str
    name: str = ""
    version: str = ""
    source: tuple[str, str] = ("", "")
    architecture: str = ""
    licenses: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    layer: str = ""


class Draft(msgspec.Struct, frozen=True):
    """A document's content. unidentified: name and version of packages that carry no package URL."""

    subject: SubjectInfo
    components: tuple[Component, ...]
    distribution: Distribution | None = None
    unidentified: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def decode(data: bytes | msgspec.Raw, type: type[T], kind: str) -> T:  # noqa: A002 - as in msgspec
    """Decode a whole document, or raise SourceError with the cause."""
    try:
        return msgspec.json.decode(data, type=type)
    except JSON_ERRORS as error:
        raise SourceError(f"the document is no readable {kind}: {error}", READABLE) from error


def each(parts: list[msgspec.Raw] | None, type: type[T], problems: list[Problem]) -> Iterator[T]:  # noqa: A002
    """Decode the parts of a document one by one; a part that is no such thing becomes a problem.

    Raises LimitExceeded for more than MAX_COMPONENTS.
    """
    parts = parts or []
    if len(parts) > MAX_COMPONENTS:
        raise LimitExceeded(f"the document lists {len(parts)} packages", f"At most {MAX_COMPONENTS} are read.")
    decoder = msgspec.json.Decoder(type)
    for number, part in enumerate(parts):
        try:
            yield decoder.decode(part)
        except JSON_ERRORS as error:
            message = f"entry {number + 1} of the document is damaged and not listed: {error}"
            problems.append(Problem("damaged-component", message, f"entry {number + 1}"))


def listed(items: list[T] | None) -> list[T]:
    """Return a list where a producer wrote null for an empty one."""
    return items or []


def words(*texts: str | None) -> tuple[str, ...]:
    """Return the texts that say something."""
    return tuple(dict.fromkeys(text for text in texts if text and text not in ("NONE", "NOASSERTION")))


def labelled(texts: Iterable[str] | None, label: str) -> tuple[str, ...]:
    """Return what follows `label: ` in each text that starts so."""
    return tuple(text[len(label) + 1 :].strip() for text in texts or () if text.startswith(label + ":"))
