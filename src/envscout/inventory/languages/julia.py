"""Julia packages in a depot: `packages/NAME/SLUG/Project.toml` (pkgdocs.julialang.org, "Project.toml")."""

import tomllib

from envscout.inventory.documents import string
from envscout.inventory.record import Reading, damaged, record

MAX_PROJECT = 1 << 18
"""Bytes of a Project.toml that is read: parsing takes a second per 4 MB."""


def read(path: str, data: bytes) -> Reading:
    """Return the package of one project file; one without name and unique id is no package."""
    if len(data) > MAX_PROJECT:
        return Reading(problems=(damaged(path, f"the project file has {len(data)} bytes"),))
    try:
        found = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        return Reading(problems=(damaged(path, f"the project file is no TOML ({error})"),))
    name, unique = string(found.get("name")), string(found.get("uuid"))
    if not name or not unique:
        return Reading()
    return record("julia", name, string(found.get("version")), path, qualifiers=(("uuid", unique),))
