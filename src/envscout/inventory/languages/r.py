"""Installed R packages: `DESCRIPTION` in a library folder ("Writing R Extensions", section 1.1.1).

The field Built is written by installation: a source tree's file lacks it. Packages of R itself (Priority: base), one of
which lacks it, too, are on CRAN only as part of R.
"""

from envscout.inventory import deb822
from envscout.inventory.record import Reading, damaged, record, text

MAX_DESCRIPTION = 1 << 20
"""Bytes of a description that are searched."""

_FIELDS = deb822.pattern(("Package", "Version", "License", "Built", "Priority", "Repository", "biocViews", "git_url"))


def read(path: str, data: bytes) -> Reading:
    """Return the package of one description, none of a package that is not installed."""
    fields = deb822.fields(data[:MAX_DESCRIPTION], _FIELDS)
    if b"built" not in fields and fields.get(b"priority") != b"base":
        return Reading()
    if b"package" not in fields:
        return Reading(problems=(damaged(path, "the description names no package"),))
    licenses = [text(fields[b"license"])] if b"license" in fields else []
    return record(_kind(fields), text(fields[b"package"]), text(fields.get(b"version", b"")), path, licenses=licenses)


def _kind(fields: deb822.Fields) -> str:
    """Return which collection it is from. Packages of CRAN may have biocViews, too."""
    if fields.get(b"repository") == b"CRAN":
        return "cran"
    return "bioconductor" if b"biocviews" in fields or b"bioconductor" in fields.get(b"git_url", b"") else "cran"
