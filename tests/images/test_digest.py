"""Bytes are what their digest says, or they are refused."""

import hashlib

import pytest

from envscout.errors import DigestMismatch, SourceError
from envscout.images import digest as digests

DATA = b"some bytes"
SHA256 = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
SHA512 = f"sha512:{hashlib.sha512(DATA).hexdigest()}"


@pytest.mark.parametrize("digest", [SHA256, SHA512])
@pytest.mark.parametrize("size", [-1, len(DATA)])
def test_true_bytes_pass(digest: str, size: int) -> None:
    assert b"".join(digests.verified([DATA[:3], b"", DATA[3:]], digest, size)) == DATA
    assert digests.verify(DATA, digest) == DATA


@pytest.mark.parametrize("digest", [SHA256, SHA512])
@pytest.mark.parametrize("data", [b"", DATA[:-1], DATA + b"x", b"Some bytes"])
def test_other_bytes_are_a_mismatch(digest: str, data: bytes) -> None:
    with pytest.raises(DigestMismatch):
        b"".join(digests.verified([data], digest, -1))
    with pytest.raises(DigestMismatch):
        digests.verify(data, digest)


def test_more_bytes_than_said_end_at_once() -> None:
    seen: list[bytes] = []
    with pytest.raises(DigestMismatch, match="longer"):
        seen.extend(digests.verified(iter([DATA, b"x", b"never"]), SHA256, len(DATA)))
    assert seen == [DATA]


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../etc/passwd", "md5:" + "0" * 32, "sha256:" + "g" * 64])
def test_only_digests_are_digests(digest: str) -> None:
    with pytest.raises(SourceError, match="no digest"):
        digests.checked(digest)
