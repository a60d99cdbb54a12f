"""OSV records and feeds made on the spot for the tests of this folder."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def record(id_: str = "TEST-1", **fields: Any) -> dict[str, Any]:
    """Return a small OSV record of a PyPI package; fields replace or add."""
    return {
        "id": id_,
        "modified": "2024-03-01T12:00:00Z",
        "published": "2024-02-29T00:00:00.5Z",
        "affected": [block("PyPI", "Sample_Package", {"introduced": "0"}, {"fixed": "1.2"})],
    } | fields


def block(ecosystem: str, name: str, *events: Mapping[str, str], **fields: Any) -> dict[str, Any]:
    """Return one `affected` of a record."""
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges} | fields


def encode(value: Any) -> bytes:
    """Return JSON as bytes."""
    return json.dumps(value).encode()


def write_zip(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a deflated zip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path
