"""Files that mean harm are refused with their place, in bounded time and memory."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from envscout.errors import EnvscoutError, LimitExceeded, SourceError
from envscout.watch import listing, manifests
from envscout.watch.compose import declaration
from envscout.watch.documents import MAX_DEPTH, documents
from envscout.watch.reading import MAX_FILE, read, read_named


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    """End a test that waits for ever, as one that opened a pipe without a writer would."""

    def late(*_: object) -> None:
        raise TimeoutError("it takes too long")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _refused(folder: Path, text: str, **environ: str) -> str:
    (folder / "compose.yaml").write_text(text)
    with pytest.raises(EnvscoutError) as error:
        declaration([str(folder / "compose.yaml")], environ)
    assert error.value.next_step
    return error.value.cause.replace(f"{folder}/", "")


def test_a_file_that_another_names_is_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for text in ("include: [pipe]", "include: [{path: gone, env_file: pipe}]"):
        assert _refused(tmp_path, text) == "pipe is no regular file"
    assert _refused(tmp_path, "include: [/dev/zero]") == "/dev/zero is no regular file"
    assert _refused(tmp_path, "include: ['.']") == f"{tmp_path} is no regular file"
    (tmp_path / "compose.yaml").write_text("services:\n  a:\n    extends: {file: pipe, service: a}\n")
    (problem,) = declaration([str(tmp_path)], {}).problems
    assert "pipe is no regular file" in problem.message
    assert read_named(os.devnull) == b""


def test_a_pipe_beside_a_compose_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {image: a}}")
    os.mkfifo(tmp_path / ".env")
    assert len(declaration([str(tmp_path)], {}).declared) == 1


def test_a_pipe_that_a_variable_names_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / ".env").write_text("COMPOSE_FILE=pipe")
    with pytest.raises(SourceError) as error:
        declaration([str(tmp_path)], {})
    assert error.value.cause == f"{tmp_path}/pipe is no regular file"


def test_links_that_lead_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    assert _refused(tmp_path, "include: [one]") == "cannot read one: Too many levels of symbolic links"


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    for name in ("a\\0b", "\\ud800"):
        cause = _refused(tmp_path, f'include: ["{name}"]')
        assert "is the name of no file" in cause or "is no YAML" in cause
    long = "a" * 5000
    for text in (
        f"[{long}]",
        f"[{long}/b]",
        f"[{{path: b, project_directory: {long}}}]",
        f"[{{path: b, env_file: {long}}}]",
    ):
        (tmp_path / "b").write_text("include: [c]")
        assert "File name too long" in _refused(tmp_path, f"include: {text}")
    assert "is the name of no file" in _refused(tmp_path, 'include: [{path: x, env_file: "a\\0b"}]')


def test_what_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(100 << 20)
    for work in (read, read_named):
        with pytest.raises(LimitExceeded) as error:
            work(str(tmp_path / "large"))
        assert error.value.cause.endswith(f"large is larger than {MAX_FILE >> 20} MiB")
    (tmp_path / "large").rename(tmp_path / ".env")
    assert _refused(tmp_path, "services: {}") == ".env is larger than 16 MiB"
    (tmp_path / ".env").write_bytes(b"A=1\n" * (1 << 18) + b"\n")
    assert _refused(tmp_path, "services: {}") == ".env is larger than 1 MiB"
    with pytest.raises(LimitExceeded):
        listing.declaration(["/dev/zero"])
    with pytest.raises(LimitExceeded):
        manifests.declaration(["/dev/zero"])


def test_what_holds_too_many_values_or_nests_too_deep(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The bound itself takes seconds to reach.
    monkeypatch.setattr("envscout.watch.documents.MAX_NODES", 1000)
    assert documents(b"- a\n" * 999, "f")
    with pytest.raises(LimitExceeded) as error:
        documents(b"- a\n" * 1001, "f")
    assert error.value.cause == "f:1001 is the end of 1,000 values, and more follow"
    shared = b"- &a {" + b", ".join(b"k%d: v" % number for number in range(100)) + b"}\n"
    assert documents(shared + b"- {<<: *a}\n" * 7, "f")
    with pytest.raises(LimitExceeded):
        documents(shared + b"- {<<: *a}\n" * 8, "f")
    (tmp_path / "d").write_text("services: {}\nx: [" + "a, " * 500 + "]")
    (tmp_path / "e").write_text("services: {}\nx: [" + "a, " * 500 + "]")
    assert declaration([str(tmp_path / "d")], {})
    assert _refused(tmp_path, "include: [d, e]") == "e:2 is the end of 1,000 values, and more follow"
    assert documents(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "f")
    for text in (b"\n" + b"[" * 61 + b"]" * 61, b"\n" + b"{a: " * 61 + b"}" * 61):
        with pytest.raises(LimitExceeded) as error:
            documents(text, "f")
        assert error.value.cause == "f:2 nests more than 60 levels"


def test_files_that_include_one_another_many_times_over(tmp_path: Path) -> None:
    for number in range(18):
        (tmp_path / f"{number}").write_text(f"include: [{', '.join([str(number + 1)] * 10)}]")
    (tmp_path / "18").write_text("services: {}")
    assert _refused(tmp_path, "include: ['0']") == "Compose files lead to more than 200 others, or to too large ones"
    for number in range(101):
        (tmp_path / f"{number}").write_text("services: {}")
    assert _refused(tmp_path, f"include: [{', '.join(map(str, range(101)))}]") == (
        "more than 100 Compose files lead to one another"
    )


def test_services_that_extend_one_another_in_a_long_row(tmp_path: Path) -> None:
    services = "".join(f"  s{n}: {{extends: s{n + 1}}}\n" for n in range(20_000))
    (tmp_path / "compose.yaml").write_text(f"services:\n{services}  s20000: {{image: a}}\n")
    told = declaration([str(tmp_path)], {})
    assert len(told.declared) == 21
    assert len(told.problems) == 19_980


def test_variables_that_hold_one_another(tmp_path: Path) -> None:
    text = "services: {a: {image: $A9}, b: {image: '${B}'}, c: {image: c, command: '$B$B'}}"
    (tmp_path / ".env").write_text("A0=xxxxxxxxxx\n" + "".join(f"A{n}={f'$A{n - 1}' * 10}\n" for n in range(1, 10)))
    assert _refused(tmp_path, text) == ".env is no file of variables: line 5: its variables cannot be filled in"
    (tmp_path / ".env").unlink()
    told = declaration([str(tmp_path)], {"A9": "a", "B": "b" * 1_000_000})
    assert [each.service for each in told.declared] == ["a", "c"]
    assert "grows to more than 65,536 characters" in told.problems[0].message
    told = declaration([str(tmp_path)], {"A9": "a" * 5000, "B": "b"})
    assert "its image has more than 4,096 characters" in told.problems[0].message


def test_aliases_are_neither_unfolded_nor_followed_into_themselves() -> None:
    lines = ["x0: &x0 {a: a}"] + [f"x{n}: &x{n} {{a: *x{n - 1}, b: *x{n - 1}}}" for n in range(1, 50)]
    (tree,) = documents("\n".join(lines).encode(), "f")
    assert tree["x49"]["a"] is tree["x49"]["b"]
    for text, why in (
        ("a:\n  b: &b [*b]", "f:2 holds itself"),
        ("a: &a\n  <<: *a", "f:2 holds itself"),
        ("a:\n- *gone", "f:2 is no YAML: nothing is called 'gone'"),
        ("a: &a 1\n---\nb: *a", "f:3 is no YAML: nothing is called 'a'"),
        ("a: 1\n<<: [b]", "f:2 merges what is no mapping"),
        ("{a: 1}: b", "f:1 has a key that is no text"),
        ("a: 1\n'a': 2", "f:2: 'a' is there twice"),
    ):
        with pytest.raises(SourceError) as error:
            documents(text.encode(), "f")
        assert error.value.cause == why


_NAMES = ", ".join(f"n{number}" for number in range(100_000))
_DEPENDS = ", ".join(f"n{number}: {{}}" for number in range(100_000))


@pytest.mark.parametrize(
    "shared",
    [
        f"profiles: [{_NAMES}]",
        f"depends_on: [{_NAMES}]",
        f"depends_on: {{{_DEPENDS}}}",
        f"links: [{_NAMES}]",
        f"image: '{'$A' * 50_000}'",
    ],
)
def test_services_that_share_much_do_not_have_it_over_again(shared: str, tmp_path: Path) -> None:
    services = "".join(f"  s{number}: *a\n" for number in range(20_000))
    assert "says too much over again" in _refused(tmp_path, f"x: &a {{{shared}}}\nservices:\n{services}")


def test_services_that_add_to_what_they_extend(tmp_path: Path) -> None:
    services = "".join(f"  s{number}: {{extends: a, profiles: [p]}}\n" for number in range(20_000))
    assert "says too much over again" in _refused(
        tmp_path, f"services:\n  a: {{image: a, profiles: [{_NAMES}]}}\n{services}"
    )


def test_a_text_that_is_shared_is_looked_at_once(tmp_path: Path) -> None:
    shared = "*a, " * 500_000
    (tmp_path / "compose.yaml").write_text(f"x: [&a '{'$A' * 15_000}', {shared}]\nservices: {{a: {{image: a}}}}")
    (note,) = declaration([str(tmp_path)], {}).notes
    assert note.message == "A has no value and is left empty"


def test_objects_that_share_their_parts(tmp_path: Path) -> None:
    shared = "x: &a [" + "{image: a}, " * 50_000 + "]\n"
    (tmp_path / "k").write_text(f"kind: Pod\n{shared}spec: [{'{containers: *a}, ' * 50_000}]")
    assert len(manifests.declaration([str(tmp_path / "k")]).declared) == 50_000
    (tmp_path / "k").write_text(f"kind: List\n{shared}items: [{'{kind: Pod, spec: {containers: *a}}, ' * 50_000}]")
    with pytest.raises(LimitExceeded) as error:
        manifests.declaration([str(tmp_path / "k")])
    assert error.value.cause == f"{tmp_path}/k:3 shares too much with other objects"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a: 1\nb: \x00", "f:2 is no YAML: control characters are not allowed"),
        (b"a: 1\nb: \xff", "f:2 is no YAML: invalid leading UTF-8 octet"),
        (b"a: 1\n\nb: \xc3\x28", "f:3 is no YAML: invalid trailing UTF-8 octet"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, why: str) -> None:
    with pytest.raises(SourceError) as error:
        documents(data, "f")
    assert error.value.cause == why
