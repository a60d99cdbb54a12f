"""Formats whose checks would turn away almost every change: taken apart, changed inside, and put together again."""

import io
import random
import zipfile
from collections.abc import Callable, Sequence

from fuzz.mutate import mutated

Mutate = Callable[[bytes, Sequence[bytes], random.Random], bytes]
BLOCK = 512


def tar(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Change a tar archive and make its checksums right again, mostly."""
    changed = bytearray(mutated(data, others, chance))
    if chance.random() < 0.1:
        return bytes(changed)
    for at in range(0, len(changed) - BLOCK + 1, BLOCK):
        if changed[at + 257 : at + 262] == b"ustar":
            changed[at + 148 : at + 156] = b" " * 8
            changed[at + 148 : at + 156] = b"%06o\0 " % sum(changed[at : at + BLOCK])
    return bytes(changed)


def archive(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Change a zip archive, or one to three of its members and their names.

    What stands before the first NUL is the path of the archive and is kept.
    """
    path, _, packed = data.partition(b"\0")
    members = _members(packed)
    if not members or chance.random() < 0.4:
        return mutated(data, others, chance)
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(len(members))
        name, content = members[at]
        match chance.randrange(8):
            case 0:
                name = mutated(name.encode(), (), chance).decode("utf-8", "replace")[:2000]
            case 1:
                members += [(f"{number}/{name}", content) for number in range(chance.choice((1, 10, 500)))]
            case 2:
                content = packed
                name += ".jar"
            case _:
                content = mutated(content, [other for _, other in members[:20]], chance)
        members[at] = (name, content)
    return path + b"\0" + _packed(members)


def _members(data: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            infos = [info for info in opened.infolist() if info.file_size < 1 << 20]
            return [(info.filename, opened.read(info)) for info in infos[:100]]
    except Exception:
        return []


def _packed(members: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, content in members:
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(info, content)
    return buffer.getvalue()
