"""The least that any reader of an OCI layout in Python must do: hash the blobs, inflate the layers, walk the headers.

    python bench/inventory_floor.py LAYOUT

Knows nothing of envscout, on purpose. Uses every core: the layers are inflated side by side, the largest first, and
hashed whenever a core is free.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from isal import isal_zlib

_PIECE = 128 * 1024
_BLOCK = 512


def main() -> None:
    """Read the layout's one image; print how many members its layers have."""
    layout = Path(sys.argv[1])
    index = json.loads((layout / "index.json").read_bytes())
    manifest = json.loads(_blob(layout, index["manifests"][0]["digest"]).read_bytes())
    layers = sorted(manifest["layers"], key=lambda layer: -layer["size"])
    paths = [(_blob(layout, layer["digest"]), layer["digest"]) for layer in layers]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = [pool.submit(_members, path) for path, _ in paths]
        hashes = [pool.submit(_hashes, path, digest) for path, digest in paths]
        print(sum(count.result() for count in counts))
        if not all(right.result() for right in hashes):
            sys.exit("a blob is not what its digest says")


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def _hashes(path: Path, digest: str) -> bool:
    with path.open("rb", buffering=0) as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}" == digest


def _members(path: Path) -> int:
    """Return the number of headers of a layer; go from one to the next by the size that each gives."""
    inflate: Callable[[bytes], bytes] = isal_zlib.decompressobj(31).decompress
    count, skip, rest = 0, 0, b""
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            data = inflate(piece)
            if skip >= len(data):
                skip -= len(data)
                continue
            data, at = rest + data, skip
            end = len(data) - _BLOCK
            while at <= end:
                size = data[at + 124 : at + 135].strip(b" \0")
                if not size:
                    at += _BLOCK
                    continue
                count += 1
                at += _BLOCK + (int(size, 8) + _BLOCK - 1) // _BLOCK * _BLOCK
            rest, skip = (data[at:], 0) if at < len(data) else (b"", at - len(data))
    return count


if __name__ == "__main__":
    main()
