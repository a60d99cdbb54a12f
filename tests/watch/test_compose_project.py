"""A folder stands for the files that `docker compose` takes in it, with the variables that it goes by.

What is expected is what `docker compose config` 2.40.3 made of the same files, where it was started in the folder.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from envscout.errors import EnvscoutError, NotFound, SourceError, UsageError
from envscout.watch.compose import declaration
from envscout.watch.compose.project import FILES, OVERRIDES


def _image(text: str) -> str:
    return f"services: {{a: {{image: '{text}'}}}}"


def _runs(folder: Path, files: Mapping[str, str], environ: Mapping[str, str], *env_files: str) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (told,) = declaration([str(folder)], environ, [str(folder / each) for each in env_files]).declared
    return told.reference


@pytest.mark.parametrize("number", range(4))
def test_the_first_of_the_names_is_taken(number: int, tmp_path: Path) -> None:
    assert _runs(tmp_path, {name: _image(name) for name in FILES[number:]}, {}) == FILES[number]


@pytest.mark.parametrize("number", range(4))
def test_the_first_of_the_overrides_changes_it(number: int, tmp_path: Path) -> None:
    files = {FILES[number]: _image("base"), **{name: _image(name) for name in OVERRIDES[number:]}}
    assert _runs(tmp_path, files, {}) == OVERRIDES[number]


_X, _Y, _BASE = {"x": _image("x:${V-}${W-}")}, {"y": _image("y:${V-}")}, {"compose.yaml": _image("base:${V-}")}


@pytest.mark.parametrize(
    ("files", "environ", "expected"),
    [
        (_X | _Y | _BASE, {"COMPOSE_FILE": "x:y"}, "y:"),
        (_X | _Y | _BASE, {"COMPOSE_FILE": "y,x", "COMPOSE_PATH_SEPARATOR": ","}, "x:"),
        (_X | _BASE | {".env": "COMPOSE_FILE=x\nV=1"}, {}, "x:1"),
        (_X | _Y | _BASE | {".env": "COMPOSE_FILE=x;y\nCOMPOSE_PATH_SEPARATOR=;"}, {}, "y:"),
        ({"s/x": _X["x"], "s/.env": "V=s\nW=s", ".env": "COMPOSE_FILE=s/x\nV=root"}, {}, "x:roots"),
        (_BASE | {".env": "V=1"}, {}, "base:1"),
        (_BASE | {".env": "V=1"}, {"V": ""}, "base:"),
        (_BASE | {".env": "V=1"}, {"COMPOSE_DISABLE_ENV_FILE": "true"}, "base:"),
        (_BASE | {".env": "V=1"}, {"COMPOSE_DISABLE_ENV_FILE": "0"}, "base:1"),
        (_BASE | {".env/inner": ""}, {}, "base:"),
    ],
)
def test_a_folder_is_read_by_its_variables(
    files: Mapping[str, str], environ: Mapping[str, str], expected: str, tmp_path: Path
) -> None:
    assert _runs(tmp_path, files, environ) == expected


def test_files_of_variables_are_those_of_the_flags_else_of_the_variable(tmp_path: Path) -> None:
    files = {"compose.yaml": _image("a:${A-x}${B-x}"), "1": "A=1\nB=1", "2": "B=2$A", ".env": "A=dot"}
    environ = {"COMPOSE_ENV_FILES": f"{tmp_path}/1,{tmp_path}/2"}
    assert _runs(tmp_path, files, environ) == "a:121"
    assert _runs(tmp_path, files, environ, "2") == "a:x2"
    assert _runs(tmp_path, {"x": _image("x:${V}"), "e": "COMPOSE_FILE=x\nV=1"}, {}, "e") == "x:1"


def test_a_file_of_variables_may_be_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(_image("a:${A}"))
    reading, writing = os.pipe()
    os.write(writing, b"A=1")
    os.close(writing)
    try:
        (told,) = declaration([str(tmp_path)], {}, [f"/dev/fd/{reading}"]).declared
    finally:
        os.close(reading)
    assert told.reference == "a:1"


def test_files_that_are_named_are_read_whatever_the_variables_say(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(_image("base"))
    (told,) = declaration([str(tmp_path / "compose.yaml")], {"COMPOSE_FILE": "gone"}).declared
    assert told.reference == "base"


def test_a_folder_and_one_more_file(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(_image("base"))
    (tmp_path / "more").write_text(_image("more"))
    (told,) = declaration([str(tmp_path), str(tmp_path / "more")], {}).declared
    assert told.reference == "more"


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as error:
        declaration([str(tmp_path)], {})
    assert error.value.cause == f"there is no Compose file in {tmp_path}"
    with pytest.raises(NotFound) as error:
        declaration([str(tmp_path)], {"COMPOSE_FILE": "gone.yaml"})
    assert error.value.cause == f"there is no file {tmp_path}/gone.yaml"


def test_a_variable_that_is_neither_true_nor_false_is_refused(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(_image("base"))
    with pytest.raises(UsageError):
        declaration([str(tmp_path)], {"COMPOSE_DISABLE_ENV_FILE": "perhaps"})


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"COMPOSE_FILE={'a' * 5000}/b")
    with pytest.raises(SourceError) as error:
        declaration([str(tmp_path)], {})
    assert error.value.cause.endswith("/b: File name too long")
    for place in ("a" * 5000, f"{'a' * 5000}/b"):
        with pytest.raises(SourceError):
            declaration([place], {})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"A=1\nB=\xff\n", ".env:2 is not in UTF-8"),
        (b"A=1\n\nB C\n", ".env is no file of variables: line 3: it sets no variable"),
        (b"A='x\n", ".env is no file of variables: line 1: it has a quote that is not closed"),
    ],
)
def test_a_broken_file_of_variables_is_told_with_its_line(data: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(_image("base"))
    (tmp_path / ".env").write_bytes(data)
    with pytest.raises(EnvscoutError) as error:
        declaration([str(tmp_path)], {})
    assert error.value.cause == f"{tmp_path}/{why}"
