"""Changes of real inputs that keep enough of their shape to get past the door. Pure, given the source of chance."""

import random
import re
from collections.abc import Callable, Sequence

MAX_SIZE = 128 << 10
"""Bytes of a mutated input at most."""

_NUMBERS = (b"0", b"-1", b"1e9", b"2147483648", b"18446744073709551616", b"9" * 400, b"0" * 5000, b"1" * 20_000, b"1.5")
_OPENING = (b"[", b"{", b"(", b"<a>", b'{"a":', b'["a",', b"a: {", b"- ", b"a = [", b"'", b'"', b"\\", b"&a;", b"# ")
_WORDS = (
    *(b"\0", b"\xff", b"\n", b"\r\n", b" ", b"\t", b"\x1b[31m", b"\xe2\x80\xae", b"\xed\xa0\x80", b"\xc0\x80", b"%00"),
    *(b"../", b"/", b"//", b"..", b"@", b":", b"=", b",", b"null", b"true", b"{}", b"[]", b'""', b"&x", b"*x", b"!!x "),
    *(b"\\u0000", b"\\ud800", b"\x7f" * 4, b"\xff" * 4, b"\x80\0\0\0", b"\0\0\0\x80", b"PK\3\4", b"PK\1\2", b"PK\5\6"),
)
_NUMBER = re.compile(rb"\d+")
_TOKEN = re.compile(rb"[A-Za-z0-9._@/+~-]{1,60}")
_Change = Callable[[bytes, Sequence[bytes], random.Random], bytes]


def mutated(data: bytes, others: Sequence[bytes], chance: random.Random, max_size: int = MAX_SIZE) -> bytes:
    """Return a changed input. others: more inputs of the same kind, to take pieces of."""
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        data = chance.choice(_CHANGES)(data, others, chance)[:max_size]
    return data


def growing(data: bytes, chance: random.Random) -> Callable[[int], bytes]:
    """Return what makes an input of any size: a real one, in which some piece, line or opening stands over and over."""
    low, high = _cut(data, chance)
    match chance.randrange(5):
        case 0:
            piece = data[low:high]
        case 1 | 2:
            low = data.rfind(b"\n", 0, low) + 1
            high = data.find(b"\n", low) + 1 or len(data)
            piece = data[low:high]
        case 3:
            piece = chance.choice((*_OPENING, *_WORDS))
        case _:
            piece = chance.choice((*_OPENING, *_WORDS)) + data[low : low + chance.randint(0, 8)]
    before, after = data[: chance.choice((low, high))], data[high:]
    piece = piece or b"a"
    return lambda size: before + piece * max((size - len(before) - len(after)) // len(piece), 1) + after


def _cut(data: bytes, chance: random.Random) -> tuple[int, int]:
    """Return a random part of the data: mostly a short one."""
    low = chance.randint(0, len(data))
    longest = chance.choice((4, 16, 64, 1024, len(data)))
    return low, min(len(data), low + chance.randint(1, max(longest, 1)))


def _truncate(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    return data[: chance.randint(0, len(data))]


def _remove(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    low, high = _cut(data, chance)
    return data[:low] + data[high:]


def _flip(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    changed = bytearray(data or b"\0")
    for _count in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(changed))
        changed[at] = chance.choice((changed[at] ^ 1 << chance.randrange(8), 0, 255, 127, 128, chance.randrange(256)))
    return bytes(changed)


def _integer(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    """Overwrite some bytes with a binary number that is near an edge."""
    width = chance.choice((1, 2, 4, 8))
    at = chance.randint(0, max(len(data) - width, 0))
    edge = chance.choice((0, 1, 1 << 8 * width - 1, (1 << 8 * width) - 1, len(data), len(data) + 1, at))
    value: int = max(edge + chance.choice((-1, 0, 0, 1)), 0) % (1 << 8 * width)
    return data[:at] + value.to_bytes(width, chance.choice(("little", "big"))) + data[at + width :]


def _repeat(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    low, high = _cut(data, chance)
    piece = data[low:high] or b"a"
    return data[:high] + piece * _times(len(piece), chance) + data[high:]


def _repeat_line(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    piece = b"\n".join(lines[at : at + chance.choice((1, 1, 2, 5))]) + b"\n"
    lines[at:at] = [piece * _times(len(piece), chance)]
    return b"\n".join(lines)


def _times(size: int, chance: random.Random) -> int:
    """Return how often to repeat a piece: seldom as often as fits, to find what is worse than linear."""
    fits = max(MAX_SIZE // size, 1)
    return fits if chance.random() < 0.1 else chance.choice((1, 1, 2, 3, 10, min(100, fits)))


def _splice(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others) if others else data
    low, high = _cut(other, chance)
    start, end = _cut(data, chance)
    return data[:start] + other[low:high] + data[chance.choice((start, end)) :]


def _join(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others) if others else data
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def _number(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    found = [match.span() for match in _NUMBER.finditer(data)]
    if not found:
        return data + chance.choice(_NUMBERS)
    low, high = chance.choice(found)
    return data[:low] + chance.choice(_NUMBERS) + data[high:]


def _token(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Replace a word by another one, or by something that needs escaping."""
    found = [match.span() for match in _TOKEN.finditer(data[:MAX_SIZE])]
    low, high = chance.choice(found) if found else (0, 0)
    there = _TOKEN.findall(chance.choice(others)[:MAX_SIZE]) if others else []
    word: bytes = chance.choice((*_WORDS, *chance.sample(there, min(len(there), 20))))
    return data[:low] + word + data[high:]


def _insert(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice(_WORDS) * chance.choice((1, 1, 1, 300)) + data[at:]


def _nest(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    opening = chance.choice(_OPENING)
    return data[:at] + opening * chance.choice((1, 10, 500, 5000, MAX_SIZE // len(opening))) + data[at:]


def _swap(data: bytes, _: Sequence[bytes], chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


_CHANGES: tuple[_Change, ...] = (
    *(_truncate, _remove, _flip, _flip, _integer, _integer, _repeat, _repeat_line),
    *(_splice, _join, _number, _token, _token, _insert, _nest, _swap),
)
