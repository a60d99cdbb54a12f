"""Which commit the program was built from."""

import json
import subprocess
from pathlib import Path

from envscout.cli.commit import UNKNOWN, commit


def test_what_was_installed_from_version_control_says_so(tmp_path: Path) -> None:
    info = tmp_path / "envscout-1.0.dist-info"
    info.mkdir()
    assert commit(tmp_path / "envscout") == UNKNOWN
    (info / "direct_url.json").write_text(json.dumps({"vcs_info": {"commit_id": "a" * 40}}))
    assert commit(tmp_path / "envscout") == "a" * 40
    for damaged in ("{", "[]", '{"vcs_info": {"commit_id": "$(id)"}}', '{"dir_info": {}}'):
        (info / "direct_url.json").write_text(damaged)
        assert commit(tmp_path / "envscout") == UNKNOWN


def test_a_checkout_knows_its_head(tmp_path: Path) -> None:
    package = tmp_path / "src" / "envscout"
    assert commit(package) == UNKNOWN
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch", "trunk"], check=True)
    assert commit(package) == UNKNOWN
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "one"], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert commit(package) == head
    subprocess.run([*git, "worktree", "add", "--quiet", str(tmp_path / "beside")], check=True)
    assert commit(tmp_path / "beside" / "src" / "envscout") == head
    subprocess.run([*git, "pack-refs", "--all"], check=True)
    assert commit(package) == commit(tmp_path / "beside" / "src" / "envscout") == head
    subprocess.run([*git, "checkout", "--quiet", "--detach"], check=True)
    assert commit(package) == head
    (tmp_path / ".git" / "HEAD").write_text("ref: ../../../etc/passwd\n")
    assert commit(package) == UNKNOWN
