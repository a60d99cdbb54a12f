"""Keys and signatures of bundles: Ed25519, as OpenSSH and PEM files hold them. Loads `cryptography` late."""

import base64
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envscout.advisories.bundles.reading import Check, Signature
from envscout.advisories.bundles.writing import Sign
from envscout.errors import FeedError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_MOST = 1 << 20
_SSH = b"ssh-ed25519"
_NO_KEY = "name an Ed25519 key: `envscout db bundle keygen FILE`, or `ssh-keygen -t ed25519`"


def _library() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        raise UsageError(
            f"signatures need a library that is not here: {error}", "pip install 'envscout[bundle]'"
        ) from error
    return serialization


def signer(path: Path) -> Sign:
    """Return what signs with the private key in a file. Raises UsageError."""
    key = _private(path)
    public = key.public_key().public_bytes_raw()
    return lambda data: (public, key.sign(data))


def _private(path: Path) -> "Ed25519PrivateKey":
    library = _library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    data = _content(path)
    read = library.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else library.load_pem_private_key
    try:
        key = read(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        why = "it has a passphrase" if isinstance(error, TypeError) or "assword" in str(error) else str(error)
        raise UsageError(f"{path} holds no private key that can be used: {why}", _NO_KEY) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} holds a key of another kind than Ed25519", _NO_KEY)
    return key


def trusted(paths: Iterable[Path]) -> frozenset[bytes]:
    """Return the raw public keys in files: OpenSSH lines (`ssh-ed25519 AAAA...`), or PEM. Raises UsageError."""
    return frozenset(key for path in paths for key in _public(path))


def _public(path: Path) -> Sequence[bytes]:
    library = _library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    data = _content(path)
    if b"PRIVATE KEY" in data:
        raise UsageError(f"{path} holds a private key", f"name the public one, which is usually {path}.pub")
    try:
        if b"BEGIN PUBLIC KEY" in data:
            keys = [library.load_pem_public_key(data)]
        else:
            # In a list of signers (`ssh-keygen -Y`), names stand before the key.
            lines = [_bare(path, line) for line in data.splitlines() if _SSH in line and line[:1] != b"#"]
            keys = [library.load_ssh_public_key(line) for line in lines]
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{path} holds no public key that can be used: {error}", _NO_KEY) from error
    found = [key.public_bytes_raw() for key in keys if isinstance(key, Ed25519PublicKey)]
    if not found:
        raise UsageError(f"{path} holds no public Ed25519 key", _NO_KEY)
    return found


def _bare(path: Path, line: bytes) -> bytes:
    """Return the key of a line, which names of signers may stand before. Raises UsageError for what limits it."""
    before, _, key = line.partition(_SSH)
    words = before.split()
    if len(words) > 1 or any(word[:1] == b"@" or b"=" in word or word == b"cert-authority" for word in words):
        raise UsageError(
            f"{path} limits a key, or revokes it, in a way that is not understood here",
            "write the keys that are to be trusted alone: ssh-ed25519 AAAA... NAME",
        )
    return _SSH + key


def believing(keys: frozenset[bytes], *, unsigned: bool = False) -> Check:
    """Return what refuses all but signatures of these keys. unsigned: a bundle without a signature will do, too."""

    def check(found: Signature | None) -> None:
        if found is None:
            if not unsigned:
                raise FeedError(
                    "the bundle is not signed",
                    "have it made with --key; --insecure-unsigned applies it though anybody may have made it",
                )
        elif found.key not in keys:
            raise FeedError(
                f"the bundle is signed with a key that is not trusted here: {fingerprint(found.key)}",
                "pass the publisher's public key: --trust FILE, or the setting bundle_trust",
            )
        else:
            _verify(found)

    return check


def anybody(found: Signature | None) -> None:
    """Believe any signature that holds: for who asks only what a bundle of theirs continues from."""
    if found is not None:
        _verify(found)


def _verify(found: Signature) -> None:
    _library()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(found.key).verify(found.signature, found.data)
    except (InvalidSignature, ValueError) as error:
        raise FeedError(
            "the bundle was changed after it was signed: its signature does not hold",
            "do not use it; have it made and brought again",
        ) from error


def fingerprint(key: bytes) -> str:
    """Return what `ssh-keygen -l` calls a public key."""
    blob = b"".join(len(each).to_bytes(4, "big") + each for each in (_SSH, key))
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


def make(path: Path) -> tuple[Path, str]:
    """Write a new private key, and its public one beside it; return where that is, and its fingerprint."""
    library = _library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(library.Encoding.PEM, library.PrivateFormat.OpenSSH, library.NoEncryption())
    line = key.public_key().public_bytes(library.Encoding.OpenSSH, library.PublicFormat.OpenSSH) + b" envscout\n"
    public = path.with_name(f"{path.name}.pub")
    _write(path, private, 0o600)
    _write(public, line, 0o644)
    return public, fingerprint(key.public_key().public_bytes_raw())


def _write(path: Path, data: bytes, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", "name a file that is not there yet") from error


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", _NO_KEY) from error
