"""The group of an archive that holds no file of Maven's own: rules, in order; the first that answers counts.

written: a manifest may say coordinates outright; plugins of Gradle and Jenkins write `Implementation-Title` as
    `GROUP#ARTIFACT;VERSION`, `Group-Id` and `GroupId-ArtifactId`.
known: archives of some widespread artifacts tell no group, or another one: a table of names (known.py).
vendor: `Implementation-Vendor-Id` is the group unless somebody set it, as Maven and sbt write it so; where it is
    but the owner's domain (`org.apache`, `com.sun`) it is none.
family: names that begin like well-known ones: `spring-`, `log4j-` (known.py); their bundle names seldom tell the group.
bundle: `Bundle-SymbolicName` is made of group and artifact by stated rules, which can be taken back.

Nothing is guessed from names of classes, modules, titles or vendors: a wrong group finds no advisory, and nobody would
know. (`Automatic-Module-Name` was tried: of 27 groups told by it alone 24 were wrong.) A manifest that gives other
versions than the file's name is that of something merged into the archive; what it says of groups is not heard.
"""

import re
from collections.abc import Callable

from envscout.inventory.java import known
from envscout.inventory.java.manifest import Manifest
from envscout.names import bounds

_GROUP = re.compile(r"[A-Za-z][\w-]*(?:\.[\w-]+)*")
_TITLE = re.compile(r"([A-Za-z][\w-]*(?:\.[\w-]+)+)[#:]([\w.-]+)(?:[;:].*)?")
_PAIR = re.compile(r"([A-Za-z][\w.-]*):([\w.-]+)")
_SCALA = re.compile(r"_[23](?:\.\d+)?\Z")
_PARTS = re.compile(r"[-._]")
_API = re.compile(r"(?:javax|jakarta)(?:\.\w+)+-api")
# Domains that hold many groups and are none themselves.
_DOMAINS = frozenset(
    [
        "ch",
        "com",
        "com.github",
        "com.google",
        "com.ibm",
        "com.oracle",
        "com.sun",
        "de",
        "io",
        "javax",
        "jakarta",
        "net",
        "net.java",
        "net.sf",
        "net.sourceforge",
        "org",
        "org.apache",
        "org.codehaus",
        "org.eclipse",
        "org.glassfish",
        "org.jboss",
        "org.joda",
        "org.ow2",
        "org.objectweb",
        "sun",
    ]
)


def group(manifest: Manifest, artifact: str, version: str) -> str:
    """Return the group of an artifact by the first rule that tells it, "" where none does."""
    for rule in _RULES:
        found = rule(manifest, artifact, version)
        if found:
            return found
    return ""


def _written(manifest: Manifest, artifact: str, _: str) -> str:
    plugin = manifest.get("group-id", "")
    if _is_group(plugin):
        return plugin
    title = _TITLE.fullmatch(manifest.get("implementation-title", "")[: bounds.MAX_NAME])
    if title and _SCALA.sub("", artifact) in (title[2], artifact):
        return title[1]
    pair = _PAIR.fullmatch(manifest.get("groupid-artifactid", "")[: bounds.MAX_NAME])
    return pair[1] if pair and pair[2] == artifact else ""


def _vendor(manifest: Manifest, _artifact: str, _version: str) -> str:
    said = manifest.get("implementation-vendor-id", "")
    return said if _is_group(said) else ""


def _known(_: Manifest, artifact: str, version: str) -> str:
    return known.by_name(artifact, version)


def _bundle(manifest: Manifest, artifact: str, _: str) -> str:
    return _taken_back(manifest.get("bundle-symbolicname", "").partition(";")[0].strip(), artifact)


def _family(_: Manifest, artifact: str, version: str) -> str:
    return known.by_family(artifact, version)


_RULES: tuple[Callable[[Manifest, str, str], str], ...] = (_written, _known, _vendor, _family, _bundle)


def _is_group(said: str) -> bool:
    """Tell whether a text can be a group: words parted by dots, and more than a domain that holds many groups."""
    return 0 < len(said) <= bounds.MAX_NAME and said not in _DOMAINS and _GROUP.fullmatch(said) is not None


def _taken_back(symbol: str, artifact: str) -> str:
    """Return the group from which a symbolic name was made, "" where it was not made of this artifact.

    Rules: felix.apache.org/documentation/subprojects/apache-felix-maven-bundle-plugin-bnd.html, "Default Behavior":
    GROUP.ARTIFACT; where the artifact begins with the last part of the group that part stands once. Only groups of two
    parts or more count; `jakarta.servlet-api` as a bundle is of jakarta.servlet.
    """
    if len(symbol) > bounds.MAX_NAME or "." not in symbol:
        return ""
    bare = _SCALA.sub("", artifact)
    if symbol == bare and _API.fullmatch(bare):
        return bare.removesuffix("-api")
    found = [symbol.removesuffix(f".{bare}")] if symbol.endswith(f".{bare}") else _shared(symbol, bare)
    return next((each for each in found if "." in each and _is_group(each)), "")


def _shared(symbol: str, artifact: str) -> list[str]:
    """Return the groups whose last part the artifact begins with: `org.apache.maven.core` of maven-core."""
    found = []
    for cut in _PARTS.finditer(artifact):
        head, rest = artifact[: cut.start()], artifact[cut.end() :]
        for end in dict.fromkeys((f".{rest}", f".{rest.replace('-', '.')}")):
            start = symbol.removesuffix(end)
            if start != symbol and (start == head or start.endswith(f".{head}")):
                found.append(start)
    return found
