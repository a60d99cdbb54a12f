"""What every document format is reduced to before it becomes an inventory, and how damaged parts of one are met."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from envscout.errors import LimitExceeded, SourceError
from envscout.model import Distribution, Image, Problem
from envscout.names import bounds

MAX_COMPONENTS = 1_000_000
READABLE = (
    "envscout reads CycloneDX 1.2-1.6 (JSON, XML), SPDX 2.2 and 2.3 (JSON, tag-value), SPDX 3.0 (JSON-LD), and the "
    "JSON of syft, Docker Scout and itself."
)
JSON_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
NOTHING = msgspec.Raw(b"[]")

_PARTS: Any = list[msgspec.Raw] | None

T = TypeVar("T")


class SubjectInfo(msgspec.Struct, frozen=True):
    """What a document says about itself and the image it describes.

    format: `CycloneDX 1.5`, `SPDX-2.3`, `syft 16.0.4`, `envscout/sbom/1`. reference: the image as the document names
    it. created: RFC 3339 or "". image: digest and layers as far as the document tells them; its digest may be "".
    attested: digests (`sha256:...`) of what the in-toto statement around the document speaks of, () if there is none.
    """

    format: str
    reference: str = ""
    created: str = ""
    tools: tuple[str, ...] = ()
    image: Image = Image(digest="")
    attested: tuple[str, ...] = ()


class Component(msgspec.Struct, frozen=True):
    """One package in a document's words. source: name and version of the source package, "" where it is silent.

    exact: name and version as envscout has them, where a package URL does not tell them in full; "" from others.
    owner: as `model.Package` has it; only envscout's own documents say it.
    """

    purl: str
    name: str = ""
    version: str = ""
    source: tuple[str, str] = ("", "")
    architecture: str = ""
    licenses: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    layer: str = ""
    owner: str = ""
    exact: tuple[str, str] = ("", "")


MAX_TOLD = 1_000
"""Damaged entries of a document that are told one by one."""

_CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST = 1_000


def told(problem: Problem) -> Problem:
    """Return a problem that a document tells, made fit to be shown: whoever wrote it may have meant us harm."""
    code = problem.code if _CODE.fullmatch(problem.code) and len(problem.code) < 100 else "damaged-component"
    message, where = (bounds.escaped(text[:_LONGEST]) for text in (problem.message, problem.where))
    return Problem(code, message[:_LONGEST] or "it does not say what went wrong", where[:_LONGEST])


class Draft(msgspec.Struct, frozen=True):
    """A document's content. unidentified: name and version of packages that carry no package URL.

    looked: names of the cataloguers that made an inventory which envscout wrote in this format; () from others.
    """

    subject: SubjectInfo
    components: tuple[Component, ...]
    distribution: Distribution | None = None
    unidentified: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    looked: tuple[str, ...] = ()


def decode(data: bytes | msgspec.Raw, type: type[T], kind: str) -> T:  # noqa: A002 - as in msgspec
    """Decode a whole document, or raise SourceError with the cause."""
    try:
        decoded: T = _decoder(type).decode(data)
    except JSON_ERRORS as error:
        raise SourceError(f"the document is no readable {kind}: {error}", READABLE) from error
    return decoded


def each(parts: msgspec.Raw, type: type[T], kind: str, problems: list[Problem]) -> list[T]:  # noqa: A002
    """Decode a list of parts; one that is no such thing becomes a problem. null stands for an empty list.

    Raises SourceError if it is no list, LimitExceeded for more than MAX_COMPONENTS parts.
    """
    try:
        found: list[T] = _decoder(list[type] | None).decode(parts) or []  # type: ignore[valid-type]
    except JSON_ERRORS:
        found = _one_by_one(parts, type, kind, problems)
    if len(found) > MAX_COMPONENTS:
        raise LimitExceeded(f"the document lists {len(found)} packages", f"At most {MAX_COMPONENTS} are read.")
    return found


def _one_by_one(parts: msgspec.Raw, type: type[T], kind: str, problems: list[Problem]) -> list[T]:  # noqa: A002
    decoder = _decoder(type)
    found = []
    lost = 0
    for number, part in enumerate(decode(parts, _PARTS, kind) or []):
        try:
            found.append(decoder.decode(part))
        except JSON_ERRORS as error:
            lost += 1
            if lost <= MAX_TOLD:
                message = f"entry {number + 1} of the document is damaged and not listed: {error}"
                problems.append(Problem("damaged-component", message, f"entry {number + 1}"))
    if lost > MAX_TOLD:
        problems.append(Problem("damaged-component", f"{lost - MAX_TOLD} more entries are damaged and not listed"))
    return found


def _decoder(type: Any) -> "msgspec.json.Decoder[Any]":  # noqa: A002
    return _made(type)


@lru_cache(maxsize=64)
def _made(type: Any) -> "msgspec.json.Decoder[Any]":  # noqa: A002
    return msgspec.json.Decoder(type)


def listed(items: list[T] | None) -> list[T]:
    """Return a list where a producer wrote null for an empty one."""
    return items or []


def words(*texts: str | None) -> tuple[str, ...]:
    """Return the texts that say something, each once."""
    return tuple(dict.fromkeys(text for text in texts if text and text not in ("NONE", "NOASSERTION")))


def paths(texts: Iterable[str]) -> tuple[str, ...]:
    """Return paths as absolute ones, each once."""
    return tuple(dict.fromkeys("/" + text.removeprefix("./").lstrip("/") for text in texts if text))


def labelled(texts: Iterable[str] | None, label: str) -> tuple[str, ...]:
    """Return what follows `label: ` in each text that starts so."""
    return tuple(text[len(label) + 1 :].strip() for text in texts or () if text.startswith(label + ":"))
