"""What Flatpak has deployed: one folder `KIND/ID/ARCH/BRANCH/COMMIT`, with a `deploy` file in it.

`deploy` is a GVariant of type (ssasta{sv}), https://docs.gtk.org/glib/gvariant-specification-1.0.html: text in it ends
with a zero, and so does an entry's key. An application's version is its entry `appdata-version`; a runtime has none,
and its branch (`23.08`) is what it is known by.
"""

import re

from envscout.inventory.record import Reading, record, text

_ENTRY = re.compile(rb"(appdata-version|appdata-license)\0{1,8}([^\0]{1,512})\0\0s")


def read(path: str, data: bytes) -> Reading:
    """Return what one folder holds."""
    kind, name, architecture, branch = ["", "", "", "", *path.split("/")[:-2]][-4:]
    entries = {key: text(value) for key, value in _ENTRY.findall(data)}
    version = entries.get(b"appdata-version", branch if kind == "runtime" else "")
    return record(
        "flatpak",
        name,
        version,
        path,
        architecture=architecture,
        licenses=(entries.get(b"appdata-license", ""),),
        qualifiers=(("arch", architecture), ("branch", branch)),
    )
