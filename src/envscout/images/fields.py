"""Numbers and texts in tar headers. Pure."""

from envscout.images.chunks import DamagedError


def number(field: bytes) -> int:
    """Return a number field: base-256 where its first bit is set, else octal. Raises DamagedError."""
    if field[0] & 0x80:
        value = int.from_bytes(field[1:], "big") | (field[0] & 0x7F) << 8 * (len(field) - 1)
        if value >= 1 << 62 or field[0] == 0xFF:
            raise DamagedError("A tar header has an impossible size.")
        return value
    return octal(field)


def octal(field: bytes) -> int:
    """Return an octal number between blanks and NULs; 0 where there is none. Raises DamagedError."""
    text = field.strip(b" \0") or b"0"
    try:
        if not text.isdigit():
            text = until_nul(text).strip(b" ")
        return int(text, 8)
    except ValueError:
        raise DamagedError("A tar header has a number that is not octal.") from None


def decimal(text: bytes) -> int:
    """Return a number of a PAX header. Raises DamagedError."""
    if not text.isdigit() or len(text) > 18:
        raise DamagedError("A PAX header has an impossible size.")
    return int(text)


def until_nul(field: bytes) -> bytes:
    """Return what stands before the first NUL."""
    end = field.find(b"\0")
    return field if end < 0 else field[:end]
