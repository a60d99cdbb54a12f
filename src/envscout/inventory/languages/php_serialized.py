"""PHP's serialised values (php.net, serialize): strings, numbers and arrays; objects are refused."""

import re

MAX_DEPTH = 32
"""How deep arrays in arrays are read."""

MAX_VALUES = 200_000
"""Values of one text that are read."""

Value = str | None | dict[str, "Value"]

_SCALAR = re.compile(rb"(?:[idb]:([^;]{0,64})|(N));")
_SIZED = re.compile(rb"([sa]):([0-9]{1,10}):")


class Damaged(ValueError):
    """Bytes that are no serialised value, or one that is too deep or too large."""


def decode(data: bytes) -> Value:
    """Return a value; arrays as dicts whose keys are texts, numbers as texts. Raises Damaged."""
    return _Decoder(data).value(0)


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._left = MAX_VALUES

    def value(self, depth: int) -> Value:
        """Return the value at the cursor and move it behind."""
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise Damaged("the value is too deep or too large")
        scalar = _SCALAR.match(self._data, self._at)
        if scalar:
            self._at = scalar.end()
            return None if scalar[2] else scalar[1].decode("ascii", "backslashreplace")
        sized = _SIZED.match(self._data, self._at)
        if not sized:
            raise Damaged(f"there is no value at byte {self._at}")
        self._at = sized.end()
        return self._string(int(sized[2])) if sized[1] == b"s" else self._array(int(sized[2]), depth)

    def _string(self, size: int) -> str:
        end = self._at + 1 + size
        if self._data[self._at : self._at + 1] != b'"' or self._data[end : end + 2] != b'";':
            raise Damaged(f"the string at byte {self._at} does not end where it says")
        found = self._data[self._at + 1 : end]
        self._at = end + 2
        return found.decode("utf-8", "backslashreplace")

    def _array(self, count: int, depth: int) -> dict[str, Value]:
        self._expect(b"{")
        found: dict[str, Value] = {}
        for _ in range(count):
            if self._data[self._at : self._at + 1] not in (b"i", b"s"):
                raise Damaged(f"there is no key at byte {self._at}")
            key = self.value(depth)
            found[str(key)] = self.value(depth + 1)
        self._expect(b"}")
        return found

    def _expect(self, mark: bytes) -> None:
        if self._data[self._at : self._at + 1] != mark:
            raise Damaged(f"there is no {mark.decode()} at byte {self._at}")
        self._at += 1
