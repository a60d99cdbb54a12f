"""The tables of the other tests, and real files, as `docker compose config` itself reads them."""

import json
import os
import random
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from envscout.watch.compose import declaration
from tests.servers.fetched import compose
from tests.watch.test_compose_merging import BASE, MANY, ONE, OVER, runs

__all__ = ["compose"]

ASKED = 20


def _of_program(program: str, folder: Path, *words: str) -> dict[str, str] | None:
    """Return the image of each service that would run, "" for what is only built; None where files are refused."""
    argv = [program, *words, "config", "--format", "json"]
    # Nothing of this machine's own settings counts.
    env = {"PATH": os.defpath, "HOME": str(folder)}
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        return None
    services = json.loads(done.stdout).get("services") or {}
    return {name: each.get("image", "").replace("$$", "$") for name, each in services.items() if _copies(each)}


def _copies(service: Mapping[str, Any]) -> Any:
    return service.get("scale", (service.get("deploy") or {}).get("replicas", 1))


@pytest.mark.parametrize(
    ("files", "profile", "expected"),
    [
        *(({"c": BASE, "over.yaml": text}, profile, expected) for text, profile, expected in OVER),
        *(({"c": text}, "", expected) for text, expected in ONE),
        *((files, "", expected) for files, expected in MANY),
    ],
)
def test_the_program_says_the_same(
    compose: str, files: Mapping[str, str], profile: str, expected: Mapping[str, str] | str, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert _images(compose, tmp_path, files, profile) == expected


def _images(program: str, folder: Path, files: Mapping[str, str], profile: str) -> dict[str, str] | str:
    """Return the image of each service that would run of files that lie in a folder, "!" where they are refused."""
    named = [name for name in (next(iter(files)), "over.yaml") if name in files]
    words = [word for name in named for word in ("--file", name)]
    found = _of_program(program, folder, *words, *(("--profile", profile) if profile else ()))
    # What is only built has no name that an image could be found by.
    return "!" if found is None else {name: image for name, image in found.items() if image}


# What services say, @ being one before them.
_SAID = {
    "image": ("x:1", "y", "'z:${V-0}'", "'${W-w}'", "!override o", "!reset null", "null"),
    "build": (".", "{context: .}", "!reset null"),
    "scale": ("0", "1", "'${N-0}'", "!reset 0", "!override 1"),
    "deploy": ("{replicas: 0}", "{replicas: 1}", "{mode: replicated}", "!reset {}", "!override {replicas: 1}"),
    "profiles": ("[p]", "[q]", "[q, '${V-}']", "[]", "!reset []", "!override [p]"),
    "depends_on": ("[@]", "{@: {condition: service_started, required: false}}", "!reset []"),
    "links": ("[@]", "['@:${V-x}']", "!reset []"),
    "network_mode": ("host", "'service:@'", "!reset null"),
    "extends": ("@", "{service: @}", "{file: d, service: d}", "{file: d, service: e}"),
}


def _project(some: random.Random) -> dict[str, str]:
    """Return files of services that say anything, and seldom much of it."""
    files = {".env": some.choice(("", "V=v", "COMPOSE_PROFILES=p", "COMPOSE_PROFILES=", "N=1"))}
    for file, names, head in (
        ("c", "abc", some.choice(("", "include: [d]"))),
        ("over.yaml", "abc", ""),
        ("d", "de", ""),
    ):
        documents = []
        for _ in range(some.choice((1, 1, 2))):
            services = []
            for number, name in enumerate(names):
                said = {word: some.choice(texts) for word, texts in _SAID.items() if some.random() < 0.12}
                said |= {"image": f"'{name}:{file}'"} if some.random() < 0.6 else {}
                told = [f"{word}: {text}" for word, text in said.items() if number or "@" not in text]
                services.append(f"{name}: {{{', '.join(told).replace('@', some.choice(names[:number] or names))}}}")
            documents.append(f"services: {{{', '.join(services)}}}\n")
        files[file] = f"{head}\n" + "---\n".join(documents)
    return {"c": files.pop("c"), **files}


def test_projects_by_chance_are_read_as_the_program_reads_them(compose: str, tmp_path: Path) -> None:
    compared = 0
    for seed in range(40):
        some = random.Random(seed)
        files, profile, folder = _project(some), some.choice(("", "", "p", "q")), tmp_path / str(seed)
        ours = runs(folder, files, profile)
        # Of what is extended through several files, the program itself says now this, now that: its maps have no order.
        for _ in range(ASKED):
            theirs = _images(compose, folder, files, profile)
            if theirs in ("!", ours):
                break
        # What else it refuses is no matter of which images run.
        compared += theirs != "!"
        assert theirs in ("!", ours), (seed, profile, files)
    assert compared >= 10


def test_the_program_finds_the_same_in_real_files(compose: str, data: Path, tmp_path: Path) -> None:
    for file in sorted((data / "deploy" / "compose").iterdir()):
        folder = tmp_path / file.stem
        folder.mkdir()
        (folder / "compose.yaml").write_bytes(file.read_bytes())
        told = declaration([str(folder / "compose.yaml")], {})
        # It refuses some files for want of a variable that no image depends on.
        unset = [each.message.split()[0] for each in told.notes if each.code == "unset-variable"]
        (folder / ".env").write_text("".join(f"{name}=/x\n" for name in unset))
        ours = {each.service: each.reference for each in told.declared}
        built = {each.message.split()[1] for each in told.notes if each.code == "build-only"}
        assert _of_program(compose, folder, "--file", "compose.yaml") == ours | dict.fromkeys(built, ""), file.name
