"""Looking into images: once, and again only where that may show more."""

from collections.abc import Callable
from pathlib import Path

import pytest

from envscout.demo.databases import Deb
from envscout.errors import NotFound, UsageError
from envscout.names.reference import parse
from envscout.operations.indexing import index, within
from envscout.store import Database, Place
from envscout.verbs import keep, look
from envscout.verbs.look import resolve
from tests.stories.story import debian, layout, rootfs

FILES = debian(Deb("bash", "5.2-1"))


def test_a_digest_is_read_once(tmp_path: Path, place: Callable[[str], Place]) -> None:
    reference = parse(f"oci-dir://{layout(tmp_path / 'image', FILES)}")
    with Database(place("x")) as database:
        first, again = index(within(database), reference), index(within(database), reference)
        assert (first.fresh, again.fresh) == (True, False)
        assert (first.image_id, first.packages, first.image) == (again.image_id, again.packages, again.image)


def test_other_cataloguers_read_it_again(
    tmp_path: Path, place: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = parse(f"oci-dir://{layout(tmp_path / 'image', FILES)}")
    with Database(place("x")) as database:
        first = index(within(database), reference)
        monkeypatch.setattr(look, "OURS", ("dpkg@99",))
        again = index(within(database), reference)
        assert again.fresh
        assert again.image_id == first.image_id


def test_a_directory_is_named_by_what_is_in_it(tmp_path: Path, place: Callable[[str], Place]) -> None:
    with Database(place("x")) as database:
        one = index(within(database), parse(f"fs://{rootfs(tmp_path / 'one', FILES)}"))
        same = index(within(database), parse(f"fs://{rootfs(tmp_path / 'two', FILES)}"))
        other = index(within(database), parse(f"fs://{rootfs(tmp_path / 'three', debian(Deb('bash', '5.3-1')))}"))
        assert one.image.digest == same.image.digest != other.image.digest


def test_what_cannot_be_reached_is_named_by_its_reference() -> None:
    assert resolve(parse("registry://127.0.0.1:1/a/b:v1")).digest == "unresolved:127.0.0.1:1/a/b:v1"
    digest = f"sha256:{'a' * 64}"
    assert resolve(parse(f"registry://127.0.0.1:1/a/b@{digest}")).digest == digest


def test_what_is_not_there_or_no_image(tmp_path: Path, place: Callable[[str], Place]) -> None:
    with Database(place("x")) as database:
        with pytest.raises(NotFound):
            index(within(database), parse(f"fs://{tmp_path / 'none'}"))
        with pytest.raises(UsageError):
            index(within(database), parse(f"oci-dir://{layout(tmp_path / 'image', FILES)}"), platform="nonsense")
        assert keep.usage(database).unused == ()


def test_pruning_gives_back_everything(tmp_path: Path, place: Callable[[str], Place]) -> None:
    with Database(place("x")) as database:
        index(within(database), parse(f"fs://{rootfs(tmp_path / 'one', FILES)}"))
        assert len(keep.usage(database).unused) == 1
        assert keep.prune(database).images == 1
        for table in (
            "image",
            "image_set",
            "package_set",
            "set_component",
            "set_pkg",
            "component",
            "package",
            "finding",
        ):
            assert database.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        assert keep.prune(database).images == 0
