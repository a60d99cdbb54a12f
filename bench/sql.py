"""Named queries of the `.sql` files in this folder."""

import re
from pathlib import Path


def queries(module: str) -> dict[str, str]:
    """Return name -> text of the queries in `<module>.sql`."""
    text = Path(__file__).with_name(f"{module}.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
