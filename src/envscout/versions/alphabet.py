"""The alphabet all keys share.

    00       terminators
    01..0F   markers of a scheme that sort below a number
    10..7F   numbers
    80..FE   text, and whatever sorts above a number
    FF       a semantic version that is no pre-release

Each code says its own length, so codes follow one another without separators, and comparing two keys as bytes compares
their codes one by one.
"""

from collections.abc import Callable

ZERO = b"\x10"
_SMALL = [bytes((0x10 + value,)) for value in range(96)]
_MEMO_LENGTH = 8
_MEMO_SIZE = 50_000


def number(digits: str) -> bytes:
    """Return the code of a decimal number of any size, ordered by value; `digits` are ASCII digits.

    Below 96 one byte, 10 + n; else 70 + k and k big-endian bytes for k in 1..14; else 7F, k in two bytes, k bytes.
    """
    value = int(digits)
    if value < len(_SMALL):
        return _SMALL[value]
    size = (value.bit_length() + 7) // 8
    head = bytes((0x70 + size,)) if size < 15 else b"\x7f" + size.to_bytes(2, "big")
    return head + value.to_bytes(size, "big")


class Memo(dict[str, bytes]):
    """Codes of tokens by token, computed once for short ones: versions are made of few different pieces."""

    def __init__(self, code: Callable[[str], bytes]) -> None:
        super().__init__()
        self._code = code

    def __missing__(self, token: str) -> bytes:
        code = self._code(token)
        if len(token) <= _MEMO_LENGTH and len(self) < _MEMO_SIZE:
            self[token] = code
        return code


NUMBER = Memo(number)

# FF stays free, so that no key starts with it.
_HIGH = bytes(min(byte | 0x80, 0xFE) for byte in range(256))


def text(word: str) -> bytes:
    """Return ASCII text moved to 80..FE, which keeps its order; whoever needs an end adds a byte below 80."""
    return word.encode("ascii").translate(_HIGH)
