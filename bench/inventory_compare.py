"""Package by package: what a peer lists in an image and envscout does not, each with the reason, and the reverse.

    python bench/inventory_compare.py OURS PEERS [SYFT]

OURS is what `envscout sbom --format json` printed, PEERS what `syft -o json` or `trivy --format cyclonedx` did. SYFT,
syft's answer about the same image, tells which npm manifests are private: trivy does not say. A package is its type,
name and version, written alike for both sides. What no reason of REASONS explains is MISSING, and the exit code is 1.
"""

import json
import re
import sys
import urllib.parse
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Found(NamedTuple):
    """One package as somebody lists it, in nobody's spelling.

    place: a path that is the evidence; by: which part of the peer found it; private: what its manifest says of that.
    """

    type: str
    name: str
    version: str
    place: str = ""
    by: str = ""
    private: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What is compared."""
        return self.type, self.name, self.version


class Known(NamedTuple):
    """Our side, indexed for the reasons. versions: of each type and name; places: packages by path of evidence."""

    keys: frozenset[tuple[str, str, str]]
    versions: Mapping[tuple[str, str], frozenset[str]]
    places: Mapping[str, tuple[Found, ...]]


class Comparison(NamedTuple):
    """explained: reason -> packages; missing: what nothing explains; beyond: what only we list."""

    common: int
    explained: Mapping[str, Sequence[Found]]
    missing: Sequence[Found]
    beyond: Sequence[Found]


Reason = Callable[[Found, Known], bool]


def _versionless(found: Found, _: Known) -> bool:
    return found.version in ("", "UNKNOWN", "unknown")


_ASIDE = re.compile(
    r"/(?:[^/]*[_-])?(?:tests?|fixtures?|examples?|templates?|samples?|benchmarks?)/.*package\.json", re.I
)


def _aside(found: Found, _: Known) -> bool:
    return found.type == "npm" and bool(_ASIDE.search(found.place.rpartition("/node_modules/")[2]))


def _private(found: Found, _: Known) -> bool:
    return found.type == "npm" and found.private


def _command(found: Found, known: Known) -> bool:
    """Whether ours lists the module in the same file."""
    same = [each.name for each in known.places.get(found.place, ()) if each.type == found.type == "golang"]
    return any(name == found.name or (found.name + "/").startswith(f"{name}/cmd/") for name in same) or (
        found.version == "(devel)" and any(found.name.startswith(f"{name}/") for name in same)
    )


_DEVELOPMENT = re.compile(r"\(devel\)|0\.0\.0-[0-9]{14}-[0-9a-f]{12}")


def _unreleased(found: Found, known: Known) -> bool:
    return bool(_DEVELOPMENT.fullmatch(found.version)) and _command(found, known)


def _go_itself(found: Found, known: Known) -> bool:
    same = {each.name for each in known.places.get(found.place, ())}
    return found.type == "golang" and found.name.startswith("cmd/") and "stdlib" in same


def _no_nuget(found: Found, _: Known) -> bool:
    return found.type == "nuget" and not re.fullmatch(r"\w+(?:[_.-]\w+)*", found.name)


def _named_otherwise(found: Found, known: Known) -> bool:
    """Whether ours lists, in the same jar, that version under the name that Maven's repository has it by."""
    same = {(each.name, each.version) for each in known.places.get(found.place, ()) if each.type == "maven"}
    bare = re.sub(r"(?<=[a-z])[0-9]+(?=-)", "", found.name)
    return found.place.startswith("/usr/share/java/") and (bare, found.version) in same


def _longer_version(found: Found, known: Known) -> bool:
    same = [each for each in known.places.get(found.place, ()) if (each.type, each.name) == (found.type, found.name)]
    judged = found.type in ("maven", "generic")
    return judged and any(re.match(rf"{re.escape(each.version)}[-+ ]", found.version) for each in same)


def _go_distribution(found: Found, known: Known) -> bool:
    return (found.type, found.name) == ("generic", "go") and ("golang", "stdlib", found.version) in known.keys


def _mariadb(found: Found, known: Known) -> bool:
    return found.name == "mysql" and any(each.name == "mariadb" for each in known.places.get(found.place, ()))


REASONS: tuple[tuple[str, Reason], ...] = (
    ("without a version: nothing could be compared", _versionless),
    ("a manifest among the tests, examples, templates or benchmarks that another package brings", _aside),
    ("a private manifest: npm refuses to publish such, so no advisory can speak of it", _private),
    ("no version but a commit's time, which sorts before all: ours lists the module, version unknown", _unreleased),
    ("a program's path in a module: ours lists the module itself, in the same file", _command),
    ("a command of Go's own tools: ours lists stdlib, in the same file", _go_itself),
    ("a jar by its file's name in Debian: ours has it by its name in Maven's repository", _named_otherwise),
    ("a version with what its file name or manifest adds: ours has it without, of the same file", _longer_version),
    ("Go by its VERSION file: ours lists stdlib, of the same version", _go_distribution),
    ("MariaDB taken for MySQL: ours lists mariadb, in the same file", _mariadb),
    ("a Windows program named by its version resource: not a name that NuGet allows", _no_nuget),
)
"""Sentences, and what they apply to. The first that applies is the reason."""


def main() -> None:
    """Compare two documents; print; exit with 1 where something is missing."""
    if len(sys.argv) not in (3, 4):
        sys.exit(str(__doc__))
    ours, peers, *syft = (json.loads(Path(name).read_bytes()) for name in sys.argv[1:])
    result = compare(of_envscout(ours), of_peer(peers, *map(private_manifests, syft)))
    print("\n".join(report(result)))
    sys.exit(1 if result.missing else 0)


def compare(ours: Iterable[Found], theirs: Iterable[Found]) -> Comparison:
    """Return how two lists differ."""
    mine, peer = list(ours), {each.key: each for each in theirs}
    known = _known(mine)
    explained: dict[str, list[Found]] = {}
    missing: list[Found] = []
    for found in (each for key, each in sorted(peer.items()) if key not in known.keys):
        reason = next((text for text, applies in REASONS if applies(found, known)), "")
        (explained.setdefault(reason, []) if reason else missing).append(found)
    beyond = {each.key: each for each in mine if each.key not in peer}
    return Comparison(len(known.keys & set(peer)), explained, missing, sorted(beyond.values()))


def report(result: Comparison, shown: int = 1_000_000) -> list[str]:
    """Return a comparison as lines: counts, reasons, and each missing package up to a number."""
    beyond = Counter(each.type for each in result.beyond)
    lines = [f"{result.common:6} in common"]
    lines += [f"{len(group):6} only the peer: {reason}" for reason, group in result.explained.items()]
    lines += [f"{count:6} only ours: {kind}" for kind, count in beyond.most_common()]
    lines += [f"{len(result.missing):6} MISSING"]
    lines += ["       " + "  ".join(filter(None, each[:5])) for each in result.missing[:shown]]
    return lines


def of_envscout(document: Mapping[str, Any]) -> list[Found]:
    """Return the packages of `envscout sbom --format json`."""
    found = []
    for each in document["packages"]:
        for place in each["locations"] or ("",):
            found.append(_spelled(each["type"], each["purl"], each["name"], each["version"], place))
    return found


def of_peer(document: Mapping[str, Any], private: Container[str] = ()) -> list[Found]:
    """Return the packages of syft's JSON or of trivy's CycloneDX. private: paths of manifests that are."""
    if "artifacts" in document:
        return [_of_syft(each) for each in document["artifacts"]]
    found = [each for component in document.get("components", ()) for each in _of_trivy(component)]
    return [each._replace(private=each.place in private) for each in found]


def private_manifests(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the paths of the npm manifests that are private by syft's JSON."""
    return frozenset(each.place for each in of_peer(document) if each.private)


_SYFT_TYPES = {
    "python": "pypi",
    "java-archive": "maven",
    "jenkins-plugin": "maven",
    "go-module": "golang",
    "rust-crate": "cargo",
    "php-composer": "composer",
    "dotnet": "nuget",
    "R-package": "cran",
    "binary": "generic",
    "hex": "hex",
    "erlang-otp": "hex",
}


def _of_syft(artifact: Mapping[str, Any]) -> Found:
    kind = _SYFT_TYPES.get(artifact["type"], artifact["type"])
    place = next((each["path"] for each in artifact["locations"]), "")
    found = _spelled(kind, artifact.get("purl", ""), artifact["name"], artifact["version"], place)
    facts = artifact.get("metadata") or {}
    return found._replace(by=artifact["foundBy"], private=bool(facts.get("private")))


def _of_trivy(component: Mapping[str, Any]) -> list[Found]:
    purl = component.get("purl", "")
    if not purl:
        return []
    kind = purl.removeprefix("pkg:").partition("/")[0]
    facts = {each["name"].rpartition(":")[2]: each["value"] for each in component.get("properties", ())}
    place = facts.get("FilePath", "")
    found = _spelled(kind, purl, component["name"], component.get("version", ""), place)
    return [found._replace(by=facts.get("PkgType", ""))]


def _spelled(kind: str, purl: str, name: str, version: str, place: str) -> Found:
    """Return a package as both sides would write it; each type has its own way."""
    spell = _SPELLINGS.get(kind)
    name, version = spell(name, version, purl) if spell else (name, version)
    return Found(kind, name, version, "/" + place.lstrip("/"))


def _pypi(name: str, version: str, _: str) -> tuple[str, str]:
    return re.sub(r"[-_.]+", "-", name).lower(), version


def _maven(name: str, version: str, _: str) -> tuple[str, str]:
    return re.split(r"[:/]", name)[-1], version


def _golang(name: str, version: str, _: str) -> tuple[str, str]:
    """The purl is no help: syft cuts a module's path at what it takes for the repository."""
    return name.lower(), version.removeprefix("go").removeprefix("v")


def _npm(name: str, version: str, purl: str) -> tuple[str, str]:
    path = urllib.parse.unquote(purl.partition("?")[0].removeprefix("pkg:npm/"))
    return path.rpartition("@")[0] or name, version


def _deb(name: str, version: str, purl: str) -> tuple[str, str]:
    """trivy leaves the epoch to a qualifier."""
    epoch = re.search(r"[?&]epoch=(\d+)", purl)
    return name, f"{epoch[1]}:{version}" if epoch and ":" not in version else version


_SPELLINGS: dict[str, Callable[[str, str, str], tuple[str, str]]] = {
    "pypi": _pypi,
    "maven": _maven,
    "golang": _golang,
    "npm": _npm,
    "deb": _deb,
    "rpm": _deb,
}


def _known(mine: Sequence[Found]) -> Known:
    versions: dict[tuple[str, str], set[str]] = {}
    places: dict[str, list[Found]] = {}
    for each in mine:
        versions.setdefault((each.type, each.name), set()).add(each.version)
        places.setdefault(each.place, []).append(each)
    return Known(
        frozenset(each.key for each in mine),
        {pair: frozenset(found) for pair, found in versions.items()},
        {place: tuple(found) for place, found in places.items()},
    )


if __name__ == "__main__":
    main()
