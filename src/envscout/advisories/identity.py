"""Which vulnerabilities a record speaks of: its own id, its aliases, and what it covers. Pure.

A record's CVE stands in `aliases` (languages), `upstream` (Debian, Ubuntu, Alpine, Wolfi) or `related` (AlmaLinux).
"""

import re
from typing import NamedTuple

from envscout.advisories.wire import Record
from envscout.names.vulnerability import is_cve

_CVE_IN_ID = re.compile(r"(?:^|-)(CVE-\d{4}-\d{4,19})$", re.ASCII)
_BUG_FIX = re.compile(r"[A-Z]{2}[BE]A-\d{4}", re.ASCII)
_MOST = 2_000
_LONGEST = 250


class Names(NamedTuple):
    """Other ids of the same vulnerability, and the vulnerabilities that the record covers."""

    aliases: tuple[str, ...]
    upstream: tuple[str, ...]


def names(record: Record, distribution: bool) -> Names:
    """Return the names of a record. distribution: it speaks of packages of a Linux distribution.

    `related` tells of other vulnerabilities, except where a distribution's record has nothing else. An id that ends
    in a CVE id names it where nothing else names one (`DEBCHANGELOG-CVE-2005-0448`).
    """
    aliases = _clean(record.aliases, record.id)
    upstream = _clean(record.upstream, record.id)
    if distribution and not aliases and not upstream:
        upstream = tuple(name for name in _clean(record.related, record.id) if is_cve(name))
    ends = _CVE_IN_ID.search(record.id)
    if ends is None or ends[1] == record.id or any(map(is_cve, aliases)) or any(map(is_cve, upstream)):
        return Names(aliases, upstream)
    return Names(aliases, (*upstream, ends[1])) if distribution else Names((*aliases, ends[1]), upstream)


def _clean(found: list[str] | None, own: str) -> tuple[str, ...]:
    if not found:
        return ()
    if len(found) == 1 and 0 < len(found[0]) <= _LONGEST and found[0] != own:
        return (found[0],)
    return tuple(dict.fromkeys([name for name in found[:_MOST] if name and name != own and len(name) <= _LONGEST]))


def is_bug_fix(record: Record, found: Names) -> bool:
    """Tell whether a record announces a bug fix or enhancement and no vulnerability (ALBA, ALEA, RLBA, RHEA, ...)."""
    return _BUG_FIX.match(record.id) is not None and not found.aliases and not found.upstream
