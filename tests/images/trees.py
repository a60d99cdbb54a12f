"""Images for programs that know less than we do, and the trees that they unpack."""

import gzip
import os
from pathlib import Path

import msgspec

from envscout.demo.layout import LAYER_TYPES, LayerBlob
from envscout.images.compression import plain


def as_gzip(one: LayerBlob) -> LayerBlob:
    """Return a layer as umoci and docker know it: they do not read zstd."""
    stored = gzip.compress(b"".join(plain([one.blob])), mtime=0)
    return msgspec.structs.replace(one, blob=stored, media_type=LAYER_TYPES["gzip"])


def unpacked(root: Path) -> list[tuple[str, bytes]]:
    """Return every file below a root, links followed as a process whose root it is would follow them."""
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            place = _inside(root, path)
            if place.is_file():
                found.append((str(path.relative_to(root)), place.read_bytes()))
    return found


def _inside(root: Path, path: Path) -> Path:
    """Follow links one by one below a root; the images of this test have no loops."""
    current, todo = root, list(path.relative_to(root).parts)
    while todo:
        part = todo.pop(0)
        if part in ("..", "/"):
            current = root if part == "/" or current == root else current.parent
        elif (current / part).is_symlink():
            todo = [*(current / part).readlink().parts, *todo]
        else:
            current = current / part
    return current
