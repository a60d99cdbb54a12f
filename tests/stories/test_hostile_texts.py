"""Texts of advisories, images, VEX, policies and people that mean harm to whoever looks: shown, and never obeyed."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from envscout.demo.databases import Deb, Wheel
from tests.stories.story import HIGH, OPENSSL_3_0_9, OPENSSL_3_0_11, Desk, advisory, debian, feed, layout
from tests.stories.test_vex import OPENSSL, document, product, statement

EVIL = (
    "\x1b]0;owned\x07\x1b[31mred\x9b2J\u202ereversed\u2028<script>alert(1)</script>|`x`[l](javascript:alert(1))"
    " ]]> @everyone \r\n## injected"
)
# People's words have to be printable.
ODD = "=1+1<script>alert(1)</script>|`x`[l](javascript:alert(1)) @everyone"
# What a terminal obeys, or a reader does not see.
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
FORMULA = ("=", "+", "-", "@", "\t", "\r")

FORMS = {
    "cves": ("markdown", "packages", "html", "csv", "sarif", "gitlab", "junit", "openvex", "cyclonedx", "spdx", "json"),
    "compare": ("markdown", "html", "csv", "sarif", "gitlab", "junit", "openvex", "json"),
    "quickview": ("markdown", "json"),
    "recommendations": ("markdown", "json"),
    "report": ("markdown", "html", "csv", "json"),
    "policy": ("markdown", "json"),
    "where": ("json",),
    "explain": ("json",),
    "environment": ("json",),
    "exception": ("json",),
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Path]:
    """Return a desk where everything that anybody may write is hostile, and the folder of its images."""
    folder = tmp_path_factory.mktemp("texts")
    desk = Desk(folder / "home")
    links = [{"type": "ADVISORY", "url": "javascript:alert(1)"}, {"type": "WEB", "url": 'https://a.example/"><script>'}]
    hole = advisory(
        "CVE-2023-5363", "Debian:sid", "openssl", "3.0.11-1", HIGH,
        summary=f"=1+1 {EVIL}", details=EVIL, references=links, aliases=[f"GHSA-{EVIL}"],
    )  # fmt: skip
    other = advisory("ODD-1", "Debian:sid", "bash", "6", HIGH, summary=EVIL, details=EVIL, references=links)
    desk.ok("db", "update", "--from", feed(folder / "feed", hole, other))
    said = document(statement("not_affected", product(OPENSSL), impact_statement=EVIL), author=EVIL, **{"@id": EVIL})
    inside = {
        **debian(OPENSSL_3_0_9, Deb("bash", "5.2-1"), wheels=[Wheel("jinja2", "3.1", EVIL, "jinja2")]),
        "usr/a.vex.json": json.dumps(said).encode(),
        "usr/sh\x1b[31mare/b.vex.json": b"{",
    }
    release = {"id": "debian", "version_codename": "sid", "pretty_name": EVIL}
    layout(folder / "old", inside)
    layout(folder / "new", debian(OPENSSL_3_0_11, Deb("bash", "5.2-1"), release=release))
    run = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": EVIL,
        "GITHUB_SHA": EVIL,
        "GITHUB_SERVER_URL": "javascript:alert(1)//",
        "GITHUB_REPOSITORY": EVIL,
        "GITHUB_RUN_ID": "1",
    }
    for environment, image in (("production", "old"), ("staging", "new")):
        words = ("--service", "<script>=x", "--org", "org")
        desk.ok("environment", environment, f"oci-dir://{folder}/{image}", *words, **run)
    owner = ("--owner", ODD, "--reason", ODD, "--kind", "accepted-risk", "--expires", "3d")
    desk.ok("exception", "add", "ODD-1", *owner, **run)
    rule = {"expression": "finding.kev == null", "message": EVIL}
    rules = {"policies": [{"id": "own", "kind": "cel", "title": EVIL, "config": rule}]}
    (folder / "policies.json").write_text(json.dumps(rules))
    desk.ok("policy", "apply", "--file", folder / "policies.json", "--org", "org", **run)
    return desk, folder


CALLS = [
    ("cves", "{old}"),
    ("cves", "--env", "production"),
    ("cves", "{old}", "--vex-author", "nobody"),
    ("quickview", "{old}"),
    ("quickview", "--env", "production"),
    ("recommendations", "{old}"),
    ("compare", "{new}", "--to", "{old}"),
    ("compare", "--env", "production", "--to-env", "staging"),
    ("report", "--env", "production", "--since", "7d"),
    ("policy", "--env", "production"),
    ("policy", "{old}", "--policy-file", "{folder}/policies.json"),
    ("policy", "list", "--history"),
    ("policy", "show", "--org", "org"),
    ("policy", "test", "--org", "org", "--file", "{folder}/policies.json"),
    ("where", "ODD-1"),
    ("where", EVIL),
    ("explain", "CVE-2023-5363", "{old}"),
    ("explain", EVIL, "{old}"),
    ("environment",),
    ("environment", "history", "production"),
    ("environment", EVIL),
    ("exception", "list"),
    ("vex", "get", "{old}"),
    ("sbom", "{old}"),
    ("db", "status"),
    ("repo", "list"),
    ("policy", "show", EVIL),
    ("watch", "--registry", EVIL),
    (EVIL,),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: re.sub(r"\W+", "-", "-".join(call))[:40])
def test_nothing_is_obeyed(fleet: tuple[Desk, Path], call: tuple[str, ...]) -> None:
    desk, folder = fleet
    places = {"old": f"oci-dir://{folder}/old", "new": f"oci-dir://{folder}/new", "folder": folder}
    words = [word if word == EVIL else word.format(**places) for word in call]
    forms = FORMS.get(call[0], ()) if len(call) < 2 or call[1] not in ("show", "test") else ()
    for form in ("", *forms):
        answer = desk.call(*words, *(("--format", form) if form else ()))
        assert answer.code in (0, 1, 2, 64)
        assert not STEERS.search(answer.out + answer.err), form
        if answer.code in (0, 2):
            _CHECKS.get(form, _nothing)(answer.out)


def _nothing(_text: str) -> None:
    """Look no further."""


def _html(text: str) -> None:
    assert "<script" not in text
    assert not re.search(r"""href="(?!https?://|#)""", text)


def _csv(text: str) -> None:
    assert not [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.startswith(FORMULA)]


def _markdown(text: str) -> None:
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\]\(javascript|^## injected|(?<![\\&#\w;])@everyone", text, re.M)


def _junit(text: str) -> None:
    ElementTree.fromstring(text)


_CHECKS: dict[str, Any] = {"html": _html, "csv": _csv, "markdown": _markdown, "junit": _junit, "json": json.loads}
