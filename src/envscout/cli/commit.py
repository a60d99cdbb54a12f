"""The commit that this program was built from, as far as its installation or checkout tells. Imports nothing heavy."""

import json
import re
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_COMMIT = re.compile(r"[0-9a-f]{40}")
UNKNOWN = "unknown"


def commit(package: Path = _PACKAGE) -> str:
    """Return 40 hexadecimal digits, or `unknown`.

    What was installed from version control says so in `direct_url.json`
    (https://packaging.python.org/en/latest/specifications/direct-url/); a checkout holds the package in `src`.
    """
    try:
        for each in package.parent.glob("envscout-*.dist-info/direct_url.json"):
            found = str(json.loads(each.read_bytes()).get("vcs_info", {}).get("commit_id", ""))
            if _COMMIT.fullmatch(found):
                return found
        return _head(package.parents[1] / ".git") if package.parent.name == "src" else UNKNOWN
    except (OSError, ValueError, AttributeError):
        return UNKNOWN


def _head(git: Path) -> str:
    """Return what HEAD of a repository, or of one of its worktrees, stands for: gitrepository-layout(5)."""
    if git.is_file():
        git = git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref: "):
        return head if _COMMIT.fullmatch(head) else UNKNOWN
    name = head.removeprefix("ref: ")
    common = git / "commondir"
    roots = (git, git / common.read_text(encoding="utf-8").strip()) if common.exists() else (git,)
    for root in roots:
        if (root / name).is_file():
            found = (root / name).read_text(encoding="utf-8").strip()
            return found if _COMMIT.fullmatch(found) else UNKNOWN
        packed = root / "packed-refs"
        for line in packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else ():
            if line.endswith(f" {name}") and _COMMIT.match(line):
                return line[:40]
    return UNKNOWN
