"""Files, services and includes change one another as Compose says.

What is expected is what `docker compose config` 2.40.3 made of the same files; "!" stands where it refuses them.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from envscout.errors import EnvscoutError
from envscout.watch.compose import declaration

BASE = (
    "services:\n  a: {image: 'x/a:1', build: ., profiles: [p], scale: 2}\n  b: {image: 'x/b:1'}\n"
    "  z: {image: 'x/z', deploy: {replicas: 0}}\n"
)

# What a second file says, and what runs with which profile.
OVER: list[tuple[str, str, Mapping[str, str] | str]] = [
    ("services: {b: {image: 'x/b:2'}}", "", {"b": "x/b:2"}),
    ("services: {b: }", "", {"b": "x/b:1"}),
    ("services: {b: {image: }}", "", {"b": "x/b:1"}),
    ("services: {b: {image: ''}}", "", "!"),
    ("services: {b: {image: !reset null}}", "", "!"),
    ("services: {b: !reset null}", "", {}),
    ("services: {b: {image: !override 'x/b:3'}}", "", {"b": "x/b:3"}),
    ("services: {n: }", "", "!"),
    ("services: ", "", "!"),
    ("services: !override {n: {image: 'x/n'}}", "", {"n": "x/n"}),
    ("", "", {"b": "x/b:1"}),
    ("# a remark", "", {"b": "x/b:1"}),
    ("x-more: 1", "", {"b": "x/b:1"}),
    ("services: {a: {image: !reset null}}", "p", {"b": "x/b:1"}),
    ("services: {a: {image: ''}}", "p", {"b": "x/b:1"}),
    ("services: {a: {image: !reset null, build: null}}", "p", {"b": "x/b:1"}),
    ("services: {a: {image: !reset null, build: !reset null}}", "p", "!"),
    ("services: {a: {profiles: !reset []}}", "", {"a": "x/a:1", "b": "x/b:1"}),
    ("services: {a: {profiles: }}", "", {"b": "x/b:1"}),
    ("services: {a: {profiles: []}}", "", {"b": "x/b:1"}),
    ("services: {a: {profiles: [q]}}", "p", {"a": "x/a:1", "b": "x/b:1"}),
    ("services: {a: {profiles: [q]}}", "q", {"a": "x/a:1", "b": "x/b:1"}),
    ("services: {a: {profiles: !override [q]}}", "p", {"b": "x/b:1"}),
    ("services: {a: {profiles: !override [q]}}", "q", {"a": "x/a:1", "b": "x/b:1"}),
    ("services: {a: !override {image: 'x/a:2'}}", "", {"a": "x/a:2", "b": "x/b:1"}),
    ("services: {b: !override {image: !reset 'x/b:4', scale: !reset 0}}", "", {}),
    ("services: !override {n: !reset {image: 'x/n'}}", "", {"n": "x/n"}),
    ("services: {z: {deploy: !override {replicas: !reset 0}}}", "", {"b": "x/b:1"}),
    ("services: {b: !reset {image: b}, n: {extends: b}}", "", "!"),
    ("services: {b: {scale: 0}}", "", {}),
    ("services: {b: {deploy: {replicas: 0}}}", "", {}),
    ("services: {a: {scale: 0}}", "p", {"b": "x/b:1"}),
    ("services: {a: {scale: }}", "p", {"a": "x/a:1", "b": "x/b:1"}),
    ("services: {a: {deploy: {replicas: 0}}}", "p", "!"),
    ("services: {z: {scale: 1}}", "", "!"),
    ("services: {z: {deploy: {mode: replicated}}}", "", {"b": "x/b:1"}),
    ("services: {z: {deploy: }}", "", {"b": "x/b:1"}),
    ("services: {z: {deploy: {replicas: }}}", "", {"b": "x/b:1"}),
    ("services: {z: {deploy: {replicas: !reset 0}}}", "", {"b": "x/b:1", "z": "x/z"}),
    ("services: {z: {deploy: {replicas: !override 3}}}", "", {"b": "x/b:1", "z": "x/z"}),
    ("services: {z: {deploy: !override {mode: replicated}}}", "", {"b": "x/b:1", "z": "x/z"}),
    ("services: {z: {deploy: !reset {}}}", "", {"b": "x/b:1", "z": "x/z"}),
    ("services: {z: {deploy: !reset {replicas: 0}}}", "", {"b": "x/b:1", "z": "x/z"}),
    ("services: {a: {deploy: {replicas: 1}}}", "", {"b": "x/b:1"}),
]

_NEEDS = "services: {b: {image: b, profiles: [p]}"

# What a needs where b is of a profile that is not active, and what runs.
NEEDED: list[tuple[str, str, Mapping[str, str] | str]] = [
    *(("links", how, "!") for how in ("[b]", "['b:x']", "['${A-b}']", "[none]")),
    *(("volumes_from", how, "!") for how in ("[b]", "['b:ro']", "[none]")),
    ("volumes_from", "['container:b']", {"a": "a"}),
    *((word, "'service:b'", "!") for word in ("network_mode", "ipc", "pid", "uts")),
    *((word, "'service:none'", "!") for word in ("network_mode", "ipc", "pid", "uts")),
    *((word, "'host'", {"a": "a"}) for word in ("network_mode", "ipc", "pid", "uts")),
    ("network_mode", "'service:'", "!"),
    ("network_mode", "'container:b'", {"a": "a"}),
    ("depends_on", "[none]", "!"),
    ("depends_on", "{none: {condition: service_started, required: false}}", "!"),
    ("external_links", "[b]", {"a": "a"}),
]

# What one file says, and what runs.
ONE: list[tuple[str, Mapping[str, str] | str]] = [
    *((f"services: {{a: {{image: a, scale: {zero}}}}}", {}) for zero in ("00", "0.0", "0x0", "'00'", "+0", "0o0")),
    *((f"services: {{a: {{image: a, scale: {no}}}}}", "!") for no in ("-1", "''", "two", "1.5", "[0]", "true")),
    ("services: {a: {image: a, scale: 1, deploy: {replicas: 1}}}", {"a": "a"}),
    ("services: {a: {image: a, scale: 1, deploy: {replicas: 0}}}", "!"),
    ("services: {a: {build: ''}, b: {build: {}}}", {}),
    ("services: {a: {build: }}", "!"),
    ("services: {a: {image: a, build: ., pull_policy: build}}", {"a": "a"}),
    ("services: {a: {image: a, models: [m]}}\nmodels: {m: {model: ai/m}}", {"a": "a"}),
    ("services: {a: {provider: {type: model}}}", {}),
    ("services: {a: {image: a}}\n---\nservices: {a: {image: 'a:2'}, b: {image: b}}", {"a": "a:2", "b": "b"}),
    ("x-a: &i a:1\nx-b: &i a:2\nservices: {a: {image: *i}}", {"a": "a:2"}),
    ("x-a: &a {image: a, deploy: {replicas: 0}}\nservices: {b: {<<: *a, deploy: {mode: global}}}", {"b": "a"}),
    ("services: {a: {<<: text, image: a}}", "!"),
    ("services: {a: {<<: [text], image: a}}", "!"),
    ("services: {a: {image: a, profiles: [p]}, b: {extends: a}}", {}),
    ("services: {a: {image: a, profiles: [p]}, b: {extends: a, profiles: !reset []}}", {"b": "a"}),
    ("services: {a: {image: a, scale: 0}, b: {extends: a, scale: 2}}", {"b": "a"}),
    ("services: {a: {image: a}, b: {extends: a, image: }}", {"a": "a", "b": "a"}),
    ("services: {a: {image: a}, b: {extends: '${A-a}'}}", {"a": "a", "b": "a"}),
    ("services: {a: {image: a}, b: {extends: {service: '${A-a}'}}}", {"a": "a", "b": "a"}),
    ("services: {a: {image: a}, b: {extends: '', image: b}}", "!"),
    ("services: {a: {image: a}, b: {extends: {}, image: b}}", "!"),
    ("services: {a: , b: {extends: a, image: b}}", "!"),
    ("services: {b: {extends: b, image: b}}", "!"),
    (f"{_NEEDS}, a: {{image: a, depends_on: [b]}}}}", "!"),
    (f"{_NEEDS}, a: {{image: a, depends_on: ['${{A-b}}']}}}}", "!"),
    (f"{_NEEDS}, a: {{image: a, depends_on: {{b: {{condition: service_started}}}}}}}}", "!"),
    (f"{_NEEDS}, a: {{image: a, depends_on: {{b: {{condition: service_started, required: false}}}}}}}}", {"a": "a"}),
    (f"{_NEEDS}, a: {{image: a, depends_on: [b], profiles: [q]}}}}", {}),
    (f"{_NEEDS}, a: {{image: a, depends_on: [b], profiles: [q]}}, c: {{extends: a, profiles: !reset []}}}}", "!"),
    ("services: {a: {image: a, depends_on: [b]}, b: {image: b, scale: 0}}", {"a": "a"}),
    *((f"{_NEEDS}, a: {{image: a, {word}: {how}}}}}", expected) for word, how, expected in NEEDED),
    (
        f"{_NEEDS}, a: {{image: a, links: [b], depends_on: {{b: {{condition: service_started, required: false}}}}}}}}",
        {"a": "a"},
    ),
    (f"{_NEEDS}, a: {{image: a, profiles: [q], links: [none]}}}}", {}),
    (f"{_NEEDS}, a: {{image: a, profiles: [q], links: [b]}}, c: {{extends: a, profiles: !reset []}}}}", "!"),
    (f"{_NEEDS}, a: {{image: a, scale: 0, links: [b]}}}}", "!"),
    ("services: {a: {image: a, links: ['b:x']}, b: {image: b}}", {"a": "a", "b": "b"}),
    ("services: {a: {image: a, links: ['b:x:y']}, b: {image: b}}", "!"),
    ("services: {a: {image: a, profiles: ['${P-}']}}", {"a": "a"}),
    ("services: {a: {image: a}, b: {extends: a}}\n---\nservices: {a: {image: e}}", {"a": "e", "b": "a"}),
    (
        "services: {a: {image: a}, b: {extends: {file: c, service: a}}}\n---\nservices: {a: {image: e}}",
        {"a": "e", "b": "e"},
    ),
]

_A_NEEDS_B = f"{_NEEDS}, a: {{image: a, depends_on: {{b: {{condition: service_started}}}}}}}}"
_D, _E = "services: {a: {image: d}}", "services: {a: {image: e}}"
_V = "services: {a: {image: 'd:${V-none}${W-none}'}}"
_OF_Q = {"c": "services: {a: {image: a, profiles: [q]}, b: {image: b}}", ".env": "COMPOSE_PROFILES=q"}
_OF_P = "services: {a: {image: a, profiles: !override [p]}}"

# Files by their names, the first and over.yaml being named on the command line, and what runs.
MANY: list[tuple[Mapping[str, str], Mapping[str, str] | str]] = [
    ({"c": _A_NEEDS_B, "over.yaml": "services: {a: {depends_on: !reset []}}"}, {"a": "a"}),
    ({"c": _A_NEEDS_B, "over.yaml": "services: {a: {depends_on: {b: !reset null}}}"}, {"a": "a"}),
    ({"c": _A_NEEDS_B, "over.yaml": "services: {a: {depends_on: {b: {condition: service_started, required: false}}}}"},
     {"a": "a"}),
    ({"c": _A_NEEDS_B, "over.yaml": "services: {a: {image: e}}"}, "!"),
    *(({"c": f"{_NEEDS}, a: {{image: a, {before}}}}}", "over.yaml": f"services: {{a: {{{after}}}}}"}, expected)
      for before, after, expected in (
          ("links: [b]", "links: !reset []", {"a": "a"}), ("links: [b]", "links: [a2]", "!"),
          ("volumes_from: [b]", "volumes_from: ['container:x']", "!"), ("links: [b]", "network_mode: host", "!"),
          ("network_mode: 'service:b'", "network_mode: host", {"a": "a"}),
          ("network_mode: host", "network_mode: 'service:b'", "!"))),
    ({"c": f"{_NEEDS}, a: {{image: a, network_mode: 'service:b'}}}}", "over.yaml": "services: {b: !reset null}"}, "!"),
    *(({"c": "services: {a: {image: a, profiles: ['${P-}']}}", ".env": f"COMPOSE_PROFILES={told}"}, expected)
      for told, expected in (("", {"a": "a"}), ("x", {}), ("x,,y", {"a": "a"}), ("'x, '", {"a": "a"}))),
    ({"c": "services: {a: {image: a, profiles: [x]}, b: {image: b, profiles: [y]}}", ".env": "COMPOSE_PROFILES='x, y'"},
     {"a": "a", "b": "b"}),
    *(({"c": "services: {b: {extends: {file: s/d, service: a}}}", "s/d": "\n---\n".join(documents)}, expected)
      for documents, expected in (
          (("services: {a: {image: a}}", "services: {a: {image: e}}"), {"b": "e"}),
          (("services: {a: {image: a}}", "services: {c: {image: e}}"), {"b": "a"}),
          (("services: {a: {image: a, scale: 0}}", "services: {a: {image: e}}"), {}),
          (("services: {a: {image: a, build: .}}", "services: {a: {image: !reset null}}"), {}),
          (("services: {a: {image: a}}", "services: {a: !reset null}"), "!"),
          (("services: {a: {image: a, scale: 0}}", "services: {a: !override {image: e}}"), {"b": "e"}),
          (("services: {a: {extends: c}, c: {image: c}}", "services: {c: {image: e}}"), {"b": "e"}),
          (("services: {a: {extends: c}, c: {image: c}}", "services: {a: {scale: 0}}"), {}))),
    (_OF_Q | {"over.yaml": _OF_P}, {"b": "b"}),
    (_OF_Q | {"over.yaml": "include: [d]", "d": _OF_P}, {"a": "a", "b": "b"}),
    (_OF_Q | {"over.yaml": "services: {a: {extends: b}, b: {profiles: !override [p]}}"}, {"a": "a"}),
    (_OF_Q | {"over.yaml": "services: {a: {extends: {file: d, service: a}}}", "d": _OF_P}, {"a": "a", "b": "b"}),
    (_OF_Q | {"over.yaml": "services: {a: {extends: b, profiles: !override [p]}}"}, "!"),
    ({"c": "include: [d]", "d": _D}, {"a": "d"}),
    ({"c": "include: [d]\nservices: {a: {image: e}}", "d": _D}, "!"),
    ({"c": "include: [d]\nservices: {a: {image: d}}", "d": _D}, {"a": "d"}),
    ({"c": "include: [d, e]", "d": _D, "e": _E}, "!"),
    ({"c": "include: [d, e]", "d": "include: [f]", "e": "include: [f]", "f": _D}, {"a": "d"}),
    ({"c": "include: [{path: [d, e]}]", "d": _D, "e": _E}, {"a": "e"}),
    ({"c": "include: [d]", "over.yaml": _E, "d": _D}, {"a": "e"}),
    ({"c": _E, "over.yaml": "include: [d]", "d": _D}, {"a": "d"}),
    ({"c": "include: [d]", "over.yaml": "include: [e]", "d": _D, "e": _E}, {"a": "e"}),
    ({"c": "include: [d]", "over.yaml": "services: {a: !reset null}", "d": _D}, {}),
    ({"c": "services: {a: {image: c, build: .}}", "over.yaml": "include: [d]\nservices: {a: !reset null}", "d": _D},
     {"a": "d"}),
    ({"c": f"include: [d]\n{_D}", "d": ""}, {"a": "d"}),
    ({"c": f"include: [d]\n{_D}", "d": "networks: {}"}, {"a": "d"}),
    ({"c": f"include: [d]\n{_D}", "d": "services:"}, "!"),
    ({"c": "include: [d]", "d": "include: [c]"}, "!"),
    ({"c": "include: [d]\nservices: {b: {extends: a}}", "d": _D}, "!"),
    ({"c": "include: [s/d]", "s/d": _V, "s/.env": "V=s\nW=s", ".env": "V=root"}, {"a": "d:roots"}),
    ({"c": "include: [s/d]\nservices: {b: {image: 'b:${V-none}'}}", "s/d": _V, "s/.env": "V=s"},
     {"a": "d:snone", "b": "b:none"}),
    ({"c": "include: [{path: s/d, env_file: [t, u]}]", "s/d": _V, "s/.env": "V=s", "t": "V=t", "u": "W=u$V"},
     {"a": "d:tut"}),
    ({"c": "include: [{path: s/d, env_file: /dev/null}]", "s/d": _V, "s/.env": "V=s"}, {"a": "d:nonenone"}),
    ({"c": "include: [{path: s/d, env_file: gone}]", "s/d": _V}, "!"),
    ({"c": "include: [{path: s/d, project_directory: t}]", "s/d": _V, "s/.env": "V=s", "t/.env": "V=t"},
     {"a": "d:tnone"}),
    ({"c": "include: [{path: s/d, project_directory: t}]", "s/d": "include: [e]", "s/e": _D, "t/e": _E}, {"a": "e"}),
    ({"c": "include: [{path: s/d, project_directory: t}]", "s/d": "services: {b: {extends: {file: e, service: a}}}",
      "s/e": _D, "t/e": _E}, {"b": "e"}),
    ({"c": "include: ['${N}']", "d": _D, ".env": "N=d"}, {"a": "d"}),
    ({"c": "services: {b: {extends: {file: s/d, service: a}}}", "s/d": _V, "s/.env": "V=s", ".env": "V=root"},
     {"b": "d:rootnone"}),
    ({"c": "services: {b: {extends: {file: s/d, service: c}}}",
      "s/d": "services: {c: {extends: {file: e, service: a}}}", "s/e": _E, "e": _D}, {"b": "e"}),
    ({"c": f"{_D}\n", "over.yaml": "services: {b: {extends: a}}"}, "!"),
    ({"c": "services: {a: {image: d}, b: {extends: a}}", "over.yaml": _E}, {"a": "e", "b": "d"}),
    ({"c": "services: {b: {image: '${COMPOSE_PROJECT_NAME}'}}\nname: 'One-${N-1}'"}, {"b": "one-1"}),
    ({"c": "services: {b: {image: '${COMPOSE_PROJECT_NAME}'}}\nname: one", "over.yaml": "name: two"}, {"b": "two"}),
    ({"c": "services: {b: {image: '${COMPOSE_PROJECT_NAME}'}}\nname: one", ".env": "COMPOSE_PROJECT_NAME=three"},
     {"b": "three"}),
    ({"c": "include: [s/d]\nname: one", "s/d": "services: {b: {image: '${COMPOSE_PROJECT_NAME}'}}\nname: two"},
     {"b": "one"}),
]  # fmt: skip


def runs(folder: Path, files: Mapping[str, str], profile: str = "", **environ: str) -> Mapping[str, str] | str:
    """Return the image of each service that runs of files that are written to a folder, "!" where that is unclear."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    named = [str(folder / name) for name in (next(iter(files)), "over.yaml") if name in files]
    try:
        told = declaration(named, environ, profiles=[profile] if profile else [])
    except EnvscoutError:
        return "!"
    return "!" if told.problems else {each.service: each.reference for each in told.declared}


@pytest.mark.parametrize(("text", "profile", "expected"), OVER)
def test_a_later_file_changes_an_earlier_one(
    text: str, profile: str, expected: Mapping[str, str] | str, tmp_path: Path
) -> None:
    assert runs(tmp_path, {"c": BASE, "over.yaml": text}, profile) == expected


@pytest.mark.parametrize(("text", "expected"), ONE)
def test_one_file_is_read(text: str, expected: Mapping[str, str] | str, tmp_path: Path) -> None:
    assert runs(tmp_path, {"c": text}) == expected


@pytest.mark.parametrize(("files", "expected"), MANY)
def test_files_lead_to_others(files: Mapping[str, str], expected: Mapping[str, str] | str, tmp_path: Path) -> None:
    assert runs(tmp_path, files) == expected


def test_a_third_file_changes_what_the_second_took_away(tmp_path: Path) -> None:
    texts = {
        "a": "services: {a: {image: a, scale: 0, profiles: [p]}, b: {image: b, build: .}}",
        "b": "services: {a: !reset null, b: {image: !reset null}}",
        "c": "services: {a: {image: c}, b: {image: c}}",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    told = declaration([str(tmp_path / name) for name in texts], {})
    assert {each.service: each.reference for each in told.declared} == {"a": "c", "b": "c"}


def test_who_includes_another_service_of_the_same_name_is_told_where(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("include: [d]\nservices:\n  a:\n    image: e\n")
    (tmp_path / "d").write_text("services:\n  a:\n\n    image: d\n")
    with pytest.raises(EnvscoutError) as error:
        declaration([str(tmp_path / "c")], {})
    assert error.value.cause == f"{tmp_path}/c:4: the service a is included from {tmp_path}/d:4 as another one"
