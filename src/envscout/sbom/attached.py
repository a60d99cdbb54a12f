"""SBOMs attached to an image: which one is taken, and what becomes of it instead of, or beside, our own look. Pure.

What an attached document says is a claim: signatures are not verified, and it is believed no further than asked for.
"""

from collections.abc import Collection, Iterable

import msgspec

from envscout.errors import SourceError
from envscout.model import Image, Inventory, Package, Problem
from envscout.names.purl import DISTRIBUTED
from envscout.sbom.draft import SubjectInfo
from envscout.sbom.recognise import read

MARK = "attached-sbom@"
"""How a tool's name starts that stands for an attached document; its format follows, or `none`."""


MAX_STAGES = 100
_OF_STAGE = "sbom-"


class Document(msgspec.Struct, frozen=True):
    """One document. subject: digest of the manifest it hangs on. said: whether that tells that it is an SBOM."""

    subject: str
    data: bytes
    said: bool = True


class Claim(msgspec.Struct, frozen=True):
    """What an image's attached documents say. found: None where none could be used; format: of the one that was."""

    found: Inventory | None
    problems: tuple[Problem, ...]
    format: str = "none"

    @property
    def tool(self) -> str:
        """Return the word that stands for this source among an inventory's tools."""
        return MARK + self.format.replace(" ", "-")


def claim(documents: Iterable[Document], image: Image) -> Claim:
    """Return what the first document says that can be read and speaks of this image, or else of its index.

    What is of a stage of the build, and not of the image, is taken only where there is nothing else.
    """
    problems: list[Problem] = []
    spare: Claim | None = None
    for document in sorted(documents, key=lambda each: not each.said):
        try:
            found, about = read(document.data)
        except SourceError as error:
            if document.said:
                problems.append(_unread(error.cause, document))
            continue
        if not _speaks_of(about, image):
            problems.append(_unread("it speaks of another image", document))
            continue
        if document.subject != image.digest:
            message = "The attached SBOM is one of the whole index: it may list packages of other platforms."
            problems.append(Problem("sbom-of-index", message, document.subject))
        claimed = Claim(found, tuple(problems), about.format)
        if not _stage(about):
            return claimed
        spare = spare or claimed
    return spare or Claim(None, tuple(problems))


def stages(documents: Iterable[Document], image: Image) -> dict[str, Inventory]:
    """Return what documents say of the stages of an image's build, by their names.

    BuildKit calls the document of a stage `sbom-NAME`, and that of the image `sbom`
    (https://github.com/moby/buildkit, frontend/attestations/sbom). What cannot be read is left out: it may be anything.
    """
    found: dict[str, Inventory] = {}
    for document in documents:
        try:
            inventory, about = read(document.data)
        except SourceError:
            continue
        name = _stage(about)
        if name and _speaks_of(about, image) and len(found) < MAX_STAGES:
            found.setdefault(name, inventory)
    return found


def _stage(about: SubjectInfo) -> str:
    """Return the stage that a document is of, "" for that of the image."""
    name = about.reference.rpartition("/")[2]
    return name.removeprefix(_OF_STAGE) if name.startswith(_OF_STAGE) else ""


def is_of(tools: tuple[str, ...], own: tuple[str, ...]) -> bool:
    """Return whether an inventory rests on these tools of our own and on an attached document.

    Where none was found the answer is no: one may have been attached since.
    """
    mark = tools[len(own) : len(own) + 1]
    return tools[: len(own)] == own and bool(mark) and mark[0].startswith(MARK) and mark[0] != f"{MARK}none"


def _unread(cause: str, document: Document) -> Problem:
    return Problem("unread-attestation", f"An attached SBOM could not be used: {cause}", document.subject)


def _speaks_of(about: SubjectInfo, image: Image) -> bool:
    """Return whether a statement names the image; a bare document names nothing but hangs on it."""
    return not about.attested or not {image.digest, image.index_digest}.isdisjoint(about.attested)


def instead(claimed: Claim, image: Image) -> Inventory:
    """Return the inventory of a claim that has one."""
    found = claimed.found or Inventory()
    layers = {layer.diff_id for layer in image.layers}
    return Inventory(
        packages=tuple(_within(package, layers) for package in found.packages),
        distribution=found.distribution,
        problems=(*found.problems, *claimed.problems),
        tools=(claimed.tool, *found.tools),
    )


def beside(own: Inventory, claimed: Claim, image: Image) -> Inventory:
    """Return our inventory with the packages of a claim that it lacks, each marked by its locations.

    Of a distribution only where no database of it was found: what is in a database is better known from there.
    """
    layers = {layer.diff_id for layer in image.layers}
    known = {_identity(package) for package in own.packages}
    has_database = any(package.type in DISTRIBUTED for package in own.packages)
    more = {
        _identity(package): _marked(_within(package, layers), claimed.tool)
        for package in (claimed.found.packages if claimed.found else ())
        if _identity(package) not in known and not (has_database and package.type in DISTRIBUTED)
    }
    problems = claimed.problems
    if claimed.found is None and not problems:
        problems = (
            Problem("no-attached-sbom", "No SBOM is attached to the image: all that is listed was found in it"),
        )
    is_new = own.distribution is None and any(package.type in DISTRIBUTED for package in more.values())
    return Inventory(
        packages=(*own.packages, *more.values()),
        distribution=claimed.found.distribution if is_new and claimed.found else own.distribution,
        problems=(*own.problems, *problems),
        tools=(*own.tools, claimed.tool),
    )


def _identity(package: Package) -> str:
    """Return a package's URL without what says where it was found; Go's versions with or without their `v`."""
    bare = package.purl.partition("?")[0].partition("#")[0]
    return bare.replace("@v", "@") if package.type == "golang" else bare


def _marked(package: Package, tool: str) -> Package:
    places = tuple(f"{tool}:{place}" for place in package.locations) or (f"{tool}:",)
    # Whose package it is was not seen; an owner would keep it from being matched.
    return msgspec.structs.replace(package, locations=places, owner="")


def _within(package: Package, layers: Collection[str]) -> Package:
    return package if package.layer in layers else msgspec.structs.replace(package, layer="")
