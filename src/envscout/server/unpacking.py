"""Bodies that come packed (https://www.rfc-editor.org/rfc/rfc9110#section-8.4), unpacked up to their bound."""

import zlib

from litestar.exceptions import HTTPException

from envscout.errors import LimitExceeded, UsageError

MAX_BODY = 64 << 20
ACCEPTED = (b"accept-encoding", b"gzip")
"""Said with every answer: https://www.rfc-editor.org/rfc/rfc7694."""

_GZIP = 16 + zlib.MAX_WBITS
_PLAIN = frozenset({"", "identity"})


def unpacked(body: bytes, coding: str) -> bytes:
    """Return a body as it was before it was packed. Raise HTTPException (415), LimitExceeded, UsageError."""
    named = coding.strip().lower()
    if named in _PLAIN:
        return body
    if named not in ("gzip", "x-gzip"):
        raise HTTPException(f"the content coding {coding[:100]!r} is not read here: use gzip", status_code=415)
    reader = zlib.decompressobj(_GZIP)
    try:
        whole = reader.decompress(body, MAX_BODY + 1)
    except zlib.error as error:
        raise UsageError("the body is not packed by gzip, or is damaged", "send it as it is") from error
    if len(whole) > MAX_BODY:
        raise LimitExceeded(f"the body is larger than {MAX_BODY >> 20} MiB", "send less at once")
    if not reader.eof or reader.unused_data:
        raise UsageError("the packed body is cut off, or has something behind it", "send it as one member of gzip")
    return whole
