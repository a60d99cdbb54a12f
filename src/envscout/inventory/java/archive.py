"""Java archives (jar, war, ear and their kin): their own package, what was merged into them, and archives in archives.

Everything is bounded by the rules of zips.py.
"""

from typing import NamedTuple

from envscout.inventory import zips
from envscout.inventory.java import filename, identity, manifest, pom
from envscout.inventory.java.manifest import Manifest
from envscout.inventory.java.pom import Coordinates, NoPomError
from envscout.inventory.record import Reading, damaged, merged, record
from envscout.inventory.zips import Allowance, BrokenArchiveError, ExhaustedError, Member, Window
from envscout.model import Problem

MAX_PROBLEMS = 20
"""Problems of one file that are told; the rest is counted."""

_ENDINGS = ("jar", "war", "ear", "rar", "par", "sar", "nar", "kar", "jpi", "hpi", "lpkg")
_ARCHIVES = tuple(f".{ending}" for ending in _ENDINGS)
# Endings that others use, too: RAR, parity files, recordings, Nix.
_SHARED = (".rar", ".par", ".sar", ".nar", ".kar")
_TAILS = frozenset(ending[-4:].encode() for ending in _ARCHIVES) | {b"T.MF", b"ties", b".xml"}
_MANIFEST = "META-INF/MANIFEST.MF"
_TOLD = 3


class _Found(NamedTuple):
    """What one archive holds that is worth a look."""

    manifests: list[Member]
    poms: list[Member]
    archives: list[Member]


class _Held(NamedTuple):
    """Coordinates and where in the archive they stand."""

    coordinates: Coordinates
    place: str


def read(path: str, data: bytes) -> Reading:
    """Return the packages of a Java archive: itself, what was merged into it (`inside`) and archives in it.

    What was merged in is told by its `pom.properties`, or by its `pom.xml` where there is none; an archive that has
    neither of its own is told by the rules of groups.py and identity.py. One that is no jar, tells neither group nor
    version and holds others does just that. Packages whose group cannot be told are listed, with one `unknown-group`
    for all in the file.
    """
    window = zips.whole(data)
    if _is_other(path, window):
        return Reading()
    walk = _Walk(path, len(data))
    try:
        walk.archive(window, path, "", 1)
    except BrokenArchiveError as error:
        walk.damaged("", f"{error}; packages in it are not listed")
    except ExhaustedError as error:
        walk.damaged("", str(error))
    return walk.reading()


def _is_other(name: str, window: Window) -> bool:
    """Tell whether a file is not of Java at all, by an ending that others use and content that is no zip."""
    return name.endswith(_SHARED) and not zips.is_zip(window)


class _Walk:
    """One file being read: what was found, and what may still be taken."""

    def __init__(self, path: str, size: int) -> None:
        self._path = path
        self._allowance = Allowance(size)
        self._readings: list[Reading] = []
        self._problems: list[Problem] = []
        self._groupless: dict[str, None] = {}

    def reading(self) -> Reading:
        """Return all that was found."""
        whole = merged(self._readings)
        problems = [*self._problems, *whole.problems]
        if len(problems) > MAX_PROBLEMS:
            more = f"{len(problems) - MAX_PROBLEMS} more parts of it could not be read"
            problems[MAX_PROBLEMS:] = [damaged(self._path, more)]
        if self._groupless:
            names = list(self._groupless)
            said = ", ".join(names[:_TOLD]) + (f" and {len(names) - _TOLD} more" if len(names) > _TOLD else "")
            message = f"{self._path}: the Maven group of {said} cannot be told: no advisory can be found for it"
            problems.append(Problem("unknown-group", message, self._path))
        return Reading(whole.records, tuple(problems))

    def damaged(self, inside: str, message: str) -> None:
        """Note what could not be read."""
        self._problems.append(damaged(self._path, zips.about(inside, message)))

    def archive(self, window: Window, name: str, inside: str, depth: int) -> None:
        """Read an archive called `name`, which lies at `inside` in the file. Raises ExhaustedError.

        Raises BrokenArchiveError where it is none.
        """
        found = self._members(window, inside)
        held = self._poms(window, found.poms, inside)
        self._own(window, found, held, filename.parse(name), inside)
        if found.archives and depth >= zips.MAX_DEPTH:
            self.damaged(inside, f"archives in archives are read {zips.MAX_DEPTH} deep; those in it are not")
            return
        for member in found.archives:
            self._inner(window, member, zips.joined(inside, member.name), depth)

    def _own(self, window: Window, found: _Found, held: list[_Held], file: filename.FileName, inside: str) -> None:
        """List an archive's own package, and those merged into it."""
        fields = self._manifest(window, found.manifests, inside)
        own = identity.own([each.coordinates for each in held], fields, file)
        said = identity.described(fields, file)
        main = Coordinates(own.group, own.artifact, own.version or said.version) if own else said
        if own or main.group or main.version or file.is_jar or not (held or found.archives):
            self._list(main, inside, manifest.licenses(fields))
        listed = {main, own}
        for each in held:
            if each.coordinates not in listed:
                listed.add(each.coordinates)
                self._list(each.coordinates, zips.joined(inside, each.place))

    def _list(self, each: Coordinates, inside: str, licenses: tuple[str, ...] = ()) -> None:
        self._readings.append(
            record("maven", each.name, each.version, self._path, licenses=licenses, inside=inside),
        )
        if not each.group and self._readings[-1].records:
            self._groupless[each.artifact] = None

    def _members(self, window: Window, inside: str) -> _Found:
        """Return what is worth a look, of a damaged directory the part before the damage."""
        found = _Found([], [], [])
        try:
            for member in zips.members(window, _TAILS):
                _sort(member, found)
        except BrokenArchiveError as error:
            if not any(found):
                raise
            self.damaged(inside, f"{error}; packages in it may be missing")
        return found

    def _poms(self, window: Window, members: list[Member], inside: str) -> list[_Held]:
        """Return the coordinates in an archive; a pom.xml counts where no pom.properties lies beside it."""
        names = {member.name for member in members}
        held = []
        for member in members:
            if member.name.endswith(".xml") and f"{member.name.removesuffix('.xml')}.properties" in names:
                continue
            try:
                held.append(_Held(self._pom(window, member), member.name))
            except (BrokenArchiveError, NoPomError) as error:
                self.damaged(zips.joined(inside, member.name), f"{error}; package not listed")
        return held

    def _pom(self, window: Window, member: Member) -> Coordinates:
        self._allowance.take(member.size)
        if member.name.endswith(".xml"):
            return pom.read_xml(member.name, zips.content(window, member, pom.MAX_POM))
        return pom.read_properties(member.name, zips.content(window, member, pom.MAX_PROPERTIES))

    def _manifest(self, window: Window, members: list[Member], inside: str) -> Manifest:
        """Return the fields of the last manifest, which is the one that Java reads."""
        if not members:
            return {}
        self._allowance.take(min(members[-1].size, manifest.MAX_MANIFEST))
        try:
            return manifest.parse(zips.content(window, members[-1], manifest.MAX_MANIFEST, part=True))
        except BrokenArchiveError as error:
            self.damaged(zips.joined(inside, _MANIFEST), f"{error}; not read")
            return {}

    def _inner(self, window: Window, member: Member, inside: str, depth: int) -> None:
        """Read an archive in an archive."""
        self._allowance.take(member.size)
        try:
            inner = zips.opened(window, member)
            if not _is_other(member.name, inner):
                self.archive(inner, member.name, inside, depth + 1)
        except BrokenArchiveError as error:
            self.damaged(inside, f"{error}; packages in it are not listed")


def _sort(member: Member, found: _Found) -> None:
    name = member.name
    if name == _MANIFEST:
        found.manifests.append(member)
    elif name.endswith(_ARCHIVES):
        found.archives.append(member)
    elif name.endswith("/pom.properties") or pom.is_pom(name):
        found.poms.append(member)
