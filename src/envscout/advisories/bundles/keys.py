"""A key that bundles are signed with: made, and read from OpenSSH and PEM files. Loads `cryptography` late."""

import base64
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envscout.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SSH = b"ssh-ed25519"
NEXT_STEP = "name an Ed25519 key: `envscout db bundle keygen FILE`, or `ssh-keygen -t ed25519`"
_MOST = 1 << 20


def library() -> Any:
    """Return what reads and writes keys. Raises UsageError where it is not installed."""
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        raise UsageError(
            f"signatures need a library that is not here: {error}", "pip install 'envscout[bundle]'"
        ) from error
    return serialization


def content(path: Path) -> bytes:
    """Return the bytes of a file of keys. Raises UsageError, for more than 1 MiB, too."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", NEXT_STEP) from error
    if len(data) > _MOST:
        raise UsageError(f"{path} is too large for a file of keys: more than {_MOST:,} bytes", NEXT_STEP)
    return data


def private(path: Path) -> "Ed25519PrivateKey":
    """Return the private key in a file. Raises UsageError."""
    read_from = library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    data = content(path)
    read = read_from.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else read_from.load_pem_private_key
    try:
        key = read(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        why = "it has a passphrase" if isinstance(error, TypeError) or "assword" in str(error) else str(error)
        raise UsageError(f"{path} holds no private key that can be used: {why}", NEXT_STEP) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} holds a key of another kind than Ed25519", NEXT_STEP)
    return key


def fingerprint(key: bytes) -> str:
    """Return what `ssh-keygen -l` calls a public key."""
    blob = b"".join(len(each).to_bytes(4, "big") + each for each in (SSH, key))
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


def make(path: Path) -> tuple[Path, str]:
    """Write a new private key, and its public one beside it; return where that is, and its fingerprint.

    Raises UsageError: then neither was written, and what was there is as it was.
    """
    public = _beside(path)
    writer = library()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    line = key.public_key().public_bytes(writer.Encoding.OpenSSH, writer.PublicFormat.OpenSSH) + b" envscout\n"
    _write(path, key.private_bytes(writer.Encoding.PEM, writer.PrivateFormat.OpenSSH, writer.NoEncryption()), 0o600)
    try:
        _write(public, line, 0o644)
    except BaseException:
        path.unlink()
        raise
    return public, fingerprint(key.public_key().public_bytes_raw())


def _beside(path: Path) -> Path:
    """Return the place of the public key. Raises UsageError unless both places are free."""
    if not path.name:
        raise UsageError(f"cannot write {path}: it is a folder", "name a file that is not there yet")
    if not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {path.parent}", f"mkdir -p {path.parent}")
    public = path.with_name(f"{path.name}.pub")
    for each in (path, public):
        # A link that leads nowhere is there, too.
        if os.path.lexists(each):
            raise UsageError(f"cannot write {each}: it is there already", "name a file that is not there yet")
    return public


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a new file, whole or not at all."""
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")
        try:
            with file:
                file.write(data)
        except BaseException:
            path.unlink()
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", "check the path and free space") from error
