"""What an archive is, told from its manifest and its name where Maven left nothing in it, or several things."""

import re

from envscout.inventory.java import groups
from envscout.inventory.java.filename import FileName
from envscout.inventory.java.manifest import Manifest
from envscout.inventory.java.pom import Coordinates
from envscout.names import bounds

_TOKEN = re.compile(r"[A-Za-z]\w*(?:[-.]\w+)*")
_VERSION = re.compile(r"v?(\d[\w.+-]*)")
_VERSIONS = ("plugin-version", "implementation-version", "bundle-version", "specification-version")
_OSGI = re.compile(r"(\d+\.\d+\.\d+)\.(.+)")
_STAMP = re.compile(r"v?\d{8}.*")
_SIGNS = re.compile(r"[-._+]")
_NOISE = re.compile(r"[\d._-]+")
# `tomcat10-catalina`: distributions that ship several versions side by side number the first word.
_NUMBERED = re.compile(r"([A-Za-z]+)\d+-(.+)")
# What a file is called that is deployed under one name in all places: its manifest knows better.
_ANY = frozenset({"root", "app", "application", "main", "server", "service", "web"})


def described(manifest: Manifest, file: FileName) -> Coordinates:
    """Return the coordinates that a manifest and a file's name give, the group by the rules of groups.py.

    artifact: what precedes the version in the file's name, as Maven names files so, or the name that the manifest gives
    where that is the fuller one. version: the file name's, else the manifest's.
    """
    file = _cut(manifest, file)
    number = file.version or version(manifest)
    artifact = _artifact(manifest, file)
    said = _versions(manifest)
    merged = bool(file.version and said) and not any(_agree(file.version, each) for each in said)
    return Coordinates(groups.group({} if merged else manifest, artifact, number), artifact, number)


def _cut(manifest: Manifest, file: FileName) -> FileName:
    """Return a file's name parted where the manifest's version begins: hive-shims-0.23-2.3.9 has two such places."""
    whole = f"{file.artifact}-{file.version}"
    for said in _versions(manifest):
        if "." in said and file.version.endswith(f"-{said}"):
            return FileName(whole[: -len(said) - 1], said, file.is_jar)
    return file


def version(manifest: Manifest) -> str:
    """Return the version a manifest gives, "" if none.

    OSGi allows three numbers and a word, so that `31.1-jre` became 31.1.0.jre: it counts only where nothing else does.
    """
    return next(iter(_versions(manifest)), "")


def _versions(manifest: Manifest) -> list[str]:
    found = [(field, _VERSION.match(manifest.get(field, ""))) for field in _VERSIONS]
    return [_of_osgi(match[1]) if field == "bundle-version" else match[1] for field, match in found if match]


def _of_osgi(number: str) -> str:
    """Return an OSGi version as Maven would write it: without the time of a build, with `-SNAPSHOT`."""
    found = _OSGI.fullmatch(number)
    if not found:
        return number
    if found[2] == "SNAPSHOT":
        return f"{found[1]}-SNAPSHOT"
    return found[1] if _STAMP.fullmatch(found[2]) else number


def _artifact(manifest: Manifest, file: FileName) -> str:
    """Return the artifact: the file's name unless the manifest holds one that says more.

    A plugin of Jenkins has a short name. Of `catalina.jar`, and of Debian's `tomcat10-catalina-10.1.60.jar`, the bundle
    is called `org.apache.tomcat-catalina`. A file called `app.jar` is what its title says, if that is one word.
    """
    if manifest.get("group-id") and "short-name" in manifest:
        return manifest["short-name"]
    bundle = manifest.get("bundle-symbolicname", "").partition(";")[0].strip().rpartition(".")[2]
    title = manifest.get("implementation-title", "")
    for name in (bundle, title):
        if len(name) <= bounds.MAX_NAME and _TOKEN.fullmatch(name) and _is_fuller(name, file):
            return name
    return file.artifact


def _is_fuller(name: str, file: FileName) -> bool:
    if not file.version and (file.artifact.lower() in _ANY or name.endswith(f"-{file.artifact}")):
        return True
    return "-" in name and name == _NUMBERED.sub(r"\1-\2", file.artifact) != file.artifact


def _agree(one: str, other: str) -> bool:
    """Tell whether two versions may be the same, one of them written shorter or with another sign."""
    shorter, longer = sorted((_SIGNS.sub(".", one), _SIGNS.sub(".", other)), key=len)
    return longer == shorter or longer.startswith(f"{shorter}.")


def own(poms: list[Coordinates], manifest: Manifest, file: FileName) -> Coordinates | None:
    """Return which of the coordinates in an archive are its own, None where all are of what was merged into it.

    Its own bear the name of the file, or are the only ones and nothing contradicts: they share the version with the
    file's name or the manifest, or the letters of the name (`jetty9-http.jar` is jetty-http), or there is nothing else.
    """
    named = [each for each in poms if _named(each, file)]
    if named:
        return max(named, key=lambda each: (each.version == file.version, len(each.artifact)))
    titled = [each for each in poms if each.artifact == manifest.get("implementation-title")]
    if titled:
        return titled[0]
    return poms[0] if len(poms) == 1 and _fits(poms[0], manifest, file) else None


def _named(each: Coordinates, file: FileName) -> bool:
    return file.artifact == each.artifact or (
        file.artifact.startswith(f"{each.artifact}-") and not file.version and each.version in file.artifact
    )


def _fits(each: Coordinates, manifest: Manifest, file: FileName) -> bool:
    said = [number for number in (file.version, version(manifest)) if number]
    if any(_agree(each.version, number) for number in said):
        return True
    letters = _NOISE.sub("", each.artifact)
    return not said or (bool(letters) and letters == _NOISE.sub("", file.artifact))
