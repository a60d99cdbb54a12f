"""Signatures of bundles: Ed25519. Loads `cryptography` late."""

from pathlib import Path

from envscout.advisories.bundles import keys
from envscout.advisories.bundles.keys import fingerprint
from envscout.advisories.bundles.reading import Check, Signature
from envscout.advisories.bundles.writing import Sign
from envscout.errors import FeedError


def signer(path: Path) -> Sign:
    """Return what signs with the private key in a file. Raises UsageError."""
    key = keys.private(path)
    public = key.public_key().public_bytes_raw()
    return lambda data: (public, key.sign(data))


def believing(trusted: frozenset[bytes], *, unsigned: bool = False) -> Check:
    """Return what refuses all but signatures of these keys. unsigned: a bundle without a signature will do, too."""

    def check(found: Signature | None) -> None:
        if found is None:
            if not unsigned:
                raise FeedError(
                    "the bundle is not signed",
                    "have it made with --key; --insecure-unsigned applies it though anybody may have made it",
                )
        elif found.key not in trusted:
            raise FeedError(
                f"the bundle is signed with a key that is not trusted here: {fingerprint(found.key)}",
                "pass the publisher's public key: --trust FILE, or the setting bundle_trust",
            )
        else:
            _verify(found)

    return check


def alone(key: Path) -> Check:
    """Return what refuses all but signatures of one private key, in a file: for who signs with it what they read.

    Keys that are trusted where bundles are applied are not asked: what a stranger says is not to be signed as one's
    own. Raises UsageError.
    """
    public, _ = signer(key)(b"")

    def check(found: Signature | None) -> None:
        if found is None or found.key != public:
            by = f"by {fingerprint(found.key)}" if found else "by nobody"
            raise FeedError(
                f"the bundle to continue from is signed {by}, and the next one is to be by {fingerprint(public)}",
                "if the key was changed, pass the generation of that bundle: --since NUMBER",
            )
        _verify(found)

    return check


def anybody(found: Signature | None) -> None:
    """Believe any signature that holds, and none: for who signs nothing of what they read."""
    if found is not None:
        _verify(found)


def _verify(found: Signature) -> None:
    keys.library()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(found.key).verify(found.signature, found.data)
    except (InvalidSignature, ValueError) as error:
        raise FeedError(
            "the bundle was changed after it was signed: its signature does not hold",
            "do not use it; have it made and brought again",
        ) from error
