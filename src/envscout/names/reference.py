"""Image references: the text a user types, parsed once into parts that cannot be wrong.

Grammar and normalisation are Docker's: https://github.com/distribution/reference (`nginx` is
`docker.io/library/nginx:latest`), preceded by one of Docker Scout's source prefixes. Nothing here looks at a file
system or a network.
"""

import re

import msgspec

from envscout.errors import InvalidReference

PREFIXES = ("image", "local", "registry", "oci-dir", "archive", "fs", "sbom")
DEFAULT_HOST = "docker.io"
DEFAULT_TAG = "latest"
OFFICIAL = "library"

MAX_PATH = 255
MAX_TAG = 128
MAX_LENGTH = 8192
"""Characters of a whole text; a path of a file has 4,096 at most."""

_LOCATED = frozenset({"oci-dir", "archive", "fs", "sbom"})
_LEGACY_HOSTS = {"index.docker.io": DEFAULT_HOST}
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://", re.ASCII)
_LABEL = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?", re.ASCII)
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]*", re.ASCII)
_HEX = re.compile(r"[0-9a-f]+", re.ASCII)
_IDENTIFIER = re.compile(r"[0-9a-f]{64}", re.ASCII)
_VARIABLE = re.compile(r"\$\{[^}]*\}?|\$\w+|\{\{.*?(?:\}\}|\Z)", re.DOTALL)

_EXAMPLE = "Write it as [HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST], for example myorg/myapp:v1.2.3."


class Reference(msgspec.Struct, frozen=True):
    """One image, or one place that holds an inventory.

    prefix: one of PREFIXES. host, path: `docker.io` and `library/nginx`; "" for prefixes that name a place on disk.
    tag: the tag in force, `latest` where neither tag nor digest was typed, "" where only a digest was.
    digest: `sha256:...` or "". location: path of oci-dir, archive, fs and sbom ("" or "-": standard input).
    tag_typed, host_typed: whether the text said so itself or Docker's default filled it in.
    """

    prefix: str = "image"
    host: str = ""
    path: str = ""
    tag: str = ""
    digest: str = ""
    location: str = ""
    tag_typed: bool = False
    host_typed: bool = False

    @property
    def repository(self) -> str:
        """Return `docker.io/library/nginx`, or "" for a place on disk."""
        return f"{self.host}/{self.path}" if self.path else ""

    @property
    def familiar(self) -> str:
        """Return Docker's short form, `nginx:latest`; for a place on disk its location."""
        if not self.path:
            return self.location + self._suffix
        return familiar_name(self.host, self.path) + self._suffix

    @property
    def canonical(self) -> str:
        """Return every part that is known: `docker.io/library/nginx:latest@sha256:...`."""
        return (self.repository or f"{self.prefix}://{self.location}") + self._suffix

    @property
    def is_tagless(self) -> bool:
        """Return whether neither a tag nor a digest was typed, so that a record decides which image is meant."""
        return bool(self.path) and not self.tag_typed and not self.digest

    @property
    def is_located(self) -> bool:
        """Return whether this names a place on disk instead of an image in a registry or engine."""
        return self.prefix in _LOCATED

    @property
    def service(self) -> str:
        """Return the service this image is by default: its path without the host, `library/nginx`."""
        return self.path

    @property
    def organization(self) -> str:
        """Return the first path element, `library` for official images, "" for a place on disk."""
        return self.path.partition("/")[0]

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """Return the reference that a text names; quotes, spaces and line ends around it do not matter.

    Raises InvalidReference, with the cause and what to write instead.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidReference(f"An image reference of {len(text):,} characters.", _EXAMPLE)
    bare = _unquoted(text)
    prefix, rest = _split_prefix(bare)
    if prefix in _LOCATED:
        return _parse_location(prefix, rest)
    if not rest:
        raise InvalidReference("The image reference is empty.", _EXAMPLE)
    variable = _VARIABLE.search(rest)
    if variable:
        raise InvalidReference(
            f"{rest!r} contains the variable {variable.group()}, which nothing has replaced by a value.",
            "Render the file first (docker compose config, envsubst, helm template), or write the value out.",
        )
    return _parse_name(prefix, rest)


def familiar_name(host: str, path: str) -> str:
    """Return Docker's short form of a repository: `docker.io/library/nginx` is `nginx`.

    The host stays where the path alone would be read as another host (`docker.io/a.b/c`).
    """
    if host != DEFAULT_HOST or _split_host(path)[0]:
        return f"{host}/{path}"
    first, _, last = path.partition("/")
    return last if first == OFFICIAL and last and "/" not in last else path


def valid_digest(digest: str) -> bool:
    """Return whether a text is a digest of a known algorithm, in lower-case hexadecimal of its full length."""
    algorithm, _, value = digest.partition(":")
    return len(value) == _DIGEST_LENGTHS.get(algorithm, -1) and bool(_HEX.fullmatch(value))


def valid_tag(tag: str) -> bool:
    """Return whether a text is a tag: `[\\w][\\w.-]{0,127}`."""
    return len(tag) <= MAX_TAG and bool(_TAG.fullmatch(tag))


def _unquoted(text: str) -> str:
    bare = text.strip()
    while len(bare) >= 2 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1].strip()
    return bare


def _split_prefix(text: str) -> tuple[str, str]:
    scheme = _SCHEME.match(text)
    if not scheme:
        return "image", text
    prefix = scheme.group(1)
    if prefix not in PREFIXES:
        known = ", ".join(f"{name}://" for name in PREFIXES)
        raise InvalidReference(f"{text!r} starts with the unknown prefix {prefix}://.", f"Known prefixes: {known}.")
    return prefix, text[scheme.end() :]


def _parse_location(prefix: str, location: str) -> Reference:
    if "\0" in location:
        raise InvalidReference(f"The path after {prefix}:// contains a NUL character.", "Write the path without it.")
    if prefix == "sbom":
        return Reference(prefix=prefix, location=location)
    if not location:
        raise InvalidReference(f"There is no path after {prefix}://.", f"Write {prefix}://PATH.")
    if prefix != "oci-dir":
        return Reference(prefix=prefix, location=location)
    return _parse_layout(location)


def _parse_layout(location: str) -> Reference:
    """Split `PATH[:TAG][@DIGEST]`; what does not look like a tag or digest belongs to the path."""
    path, at, digest = location.rpartition("@")
    if not at or not path or not valid_digest(digest):
        path, digest = location, ""
    head, colon, tag = path.rpartition(":")
    if not colon or not head or not valid_tag(tag):
        head, tag = path, ""
    return Reference(prefix="oci-dir", location=head, tag=tag, digest=digest, tag_typed=bool(tag))


def _parse_name(prefix: str, text: str) -> Reference:
    if _IDENTIFIER.fullmatch(text):
        raise InvalidReference(
            f"{text!r} is 64 hexadecimal digits: an image's id, not a repository.", "Write REPOSITORY@sha256:" + text
        )
    name, at, digest = text.partition("@")
    if at and not valid_digest(digest):
        raise InvalidReference(
            f"{text!r} ends in something that is no digest.",
            "A digest is sha256: and 64 lower-case hexadecimal digits (or sha512: and 128).",
        )
    host, remainder = _split_host(name)
    path, colon, tag = remainder.partition(":")
    if colon and not valid_tag(tag):
        raise InvalidReference(
            f"{text!r} has no valid tag after the colon.",
            f"A tag is 1 to {MAX_TAG} letters, digits, '_', '.' and '-', and starts with none of the last two.",
        )
    typed = host or DEFAULT_HOST
    full_host = _LEGACY_HOSTS.get(typed, typed)
    if full_host == DEFAULT_HOST and "/" not in path:
        path = f"{OFFICIAL}/{path}"
    _check_host(text, full_host)
    _check_path(text, path)
    return Reference(
        prefix=prefix,
        host=full_host,
        path=path,
        tag=tag or ("" if digest else DEFAULT_TAG),
        digest=digest,
        tag_typed=bool(tag),
        host_typed=bool(host),
    )


def _split_host(name: str) -> tuple[str, str]:
    """Split at the first slash when what stands before it can only be a host."""
    first, slash, rest = name.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        return first, rest
    return "", name


def _check_host(text: str, host: str) -> None:
    if not _HOST.fullmatch(host):
        raise InvalidReference(f"{text!r} has no valid registry host before the first slash: {host!r}.", _EXAMPLE)


def _check_path(text: str, path: str) -> None:
    if path != path.lower():
        raise InvalidReference(f"{text!r}: a repository is written in lower case.", f"Write {path.lower()!r}.")
    if len(path) > MAX_PATH:
        raise InvalidReference(f"The repository has {len(path)} characters; {MAX_PATH} are allowed.", _EXAMPLE)
    if not all(_COMPONENT.fullmatch(component) for component in path.split("/")):
        raise InvalidReference(f"{text!r} is no image reference.", _EXAMPLE)
