"""Public keys that are believed, as files hold them: OpenSSH lines and PEM blocks, in any order.

What is neither, nor empty, nor a comment (`#`), is an error: a key that was meant must not be left out in silence.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from envscout.advisories.bundles import keys
from envscout.advisories.bundles.keys import NEXT_STEP, SSH
from envscout.errors import UsageError

MOST = 100
"""Keys in one file."""
_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,60})-----")
_ALONE = "write the keys that are to be trusted alone: ssh-ed25519 AAAA... NAME"
_Lines = Iterator[tuple[int, bytes]]


def trusted(paths: Iterable[Path]) -> frozenset[bytes]:
    """Return the raw public keys in files. Raises UsageError."""
    return frozenset(key for path in paths for key in _keys(path))


def _keys(path: Path) -> list[bytes]:
    library = keys.library()
    found: list[bytes] = []
    lines = iter(enumerate((line.strip() for line in keys.content(path).splitlines()), 1))
    for number, line in lines:
        if not line or line.startswith(b"#"):
            continue
        begin = _BEGIN.fullmatch(line)
        where = f"line {number} of {path}"
        if begin:
            found.append(_read(library.load_pem_public_key, _block(where, path, begin, lines), where))
        else:
            found.append(_read(library.load_ssh_public_key, _bare(where, line), where))
        if len(found) > MOST:
            raise UsageError(f"{path} holds more than {MOST} keys", "trust fewer, or divide them into several files")
    if not found:
        raise UsageError(f"{path} holds no public Ed25519 key", NEXT_STEP)
    return found


def _read(load: Any, data: bytes, where: str) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = load(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{where} holds no public key that can be used: {error}", NEXT_STEP) from error
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{where} holds a key of another kind than Ed25519", NEXT_STEP)
    return key.public_bytes_raw()


def _block(where: str, path: Path, begin: re.Match[bytes], lines: _Lines) -> bytes:
    """Return a PEM block to its end. Raises UsageError for all that is no public key."""
    kind = begin[1].decode()
    if kind.endswith("PRIVATE KEY"):
        raise UsageError(f"{path} holds a private key", f"name the public one, which is usually {path}.pub")
    if kind.endswith("CERTIFICATE"):
        raise UsageError(
            f"{where} begins a certificate, of which nothing is checked here",
            f"trust its key alone: openssl x509 -pubkey -noout -in {path}",
        )
    if kind != "PUBLIC KEY":
        raise UsageError(f"{where} begins {kind!r}, which is no public key", NEXT_STEP)
    block = [begin[0]]
    for _, line in lines:
        block.append(line)
        if line == b"-----END PUBLIC KEY-----":
            return b"\n".join((*block, b""))
    raise UsageError(f"{where} begins a key that has no end", "have the file brought again")


def _bare(where: str, line: bytes) -> bytes:
    """Return the key of a line, which the name of a signer (`ssh-keygen -Y`) may stand before. Raises UsageError."""
    words = line.split()
    if any(b"-cert-v01@openssh.com" in word for word in words):
        raise UsageError(f"{where} holds a certificate, of which nothing is checked here", _ALONE)
    if SSH not in words:
        raise UsageError(f"{where} holds no public Ed25519 key", NEXT_STEP)
    before = words[: words.index(SSH)]
    if len(before) > 1 or any(word[:1] == b"@" or b"=" in word or word == b"cert-authority" for word in before):
        raise UsageError(f"{where} limits a key, or revokes it, in a way that is not understood here", _ALONE)
    return b" ".join(words[len(before) : len(before) + 2])
