"""The base image of a stored image: from what hangs on it, and from the layers of others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from envscout.demo.layout import ImagePlan, LayerBlob, layer, write_layout
from envscout.model import BaseImage, Event
from envscout.names.reference import parse
from envscout.operations.indexing import index, within
from envscout.store import Database, Place
from envscout.verbs import ask, record
from tests.images import attesting
from tests.images.attesting import SLSA_02, SLSA_1

LAYERS = tuple(layer({f"f{number}": b"x"}, f"RUN {number}") for number in range(4))


def stored(database: Database, folder: Path, *layers: LayerBlob, tag: str = "v1") -> tuple[str, BaseImage | None]:
    """Index an image of these layers; return its digest and its base."""
    write_layout(folder / tag, {tag: ImagePlan(layers)})
    indexed = index(within(database), parse(f"oci-dir://{folder / tag}:{tag}"))
    return indexed.image.digest, ask.base_of(database, indexed.image)


def test_an_image_with_all_but_the_upper_layers(tmp_path: Path, place: Callable[[str], Place]) -> None:
    with Database(place("x")) as database:
        assert stored(database, tmp_path, *LAYERS[:1], tag="a")[1] is None
        middle, base = stored(database, tmp_path, *LAYERS[:2], tag="b")
        assert base is not None
        assert base.layers == 1
        # An image whose layers are others, or the same in another order, is nobody's base.
        stored(database, tmp_path, LAYERS[1], LAYERS[0], tag="c")
        stored(database, tmp_path, LAYERS[3], tag="d")
        assert stored(database, tmp_path, *LAYERS, tag="e")[1] == BaseImage("", middle, 2, "known")


def test_its_name_is_what_it_was_recorded_as(tmp_path: Path, place: Callable[[str], Place]) -> None:
    with Database(place("x")) as database:
        digest, _ = stored(database, tmp_path, *LAYERS[:2], tag="a")
        for name in ("python:3.11", "python:3.12"):
            record.record(database, Event("o", "bases", "python", "record", 0, digest=digest, reference=name))
        assert stored(database, tmp_path, *LAYERS, tag="b")[1] == BaseImage("python:3.12", digest, 2, "known")


def test_the_same_layers_make_no_base(tmp_path: Path, place: Callable[[str], Place]) -> None:
    with Database(place("x")) as database:
        stored(database, tmp_path, *LAYERS, tag="a")
        write_layout(tmp_path / "b", {"b": ImagePlan(LAYERS, user="other")})
        again = index(within(database), parse(f"oci-dir://{tmp_path / 'b'}:b"))
        assert again.fresh
        assert ask.base_of(database, again.image) is None


@pytest.mark.parametrize("version", [SLSA_1, SLSA_02])
def test_provenance_names_it(tmp_path: Path, place: Callable[[str], Place], version: str) -> None:
    with Database(place("x")) as database:
        digest, _ = stored(database, tmp_path, *LAYERS[:2], tag="base")
        layout = tmp_path / "app"
        write_layout(layout, {"plain": ImagePlan(LAYERS)})
        image = attesting.entry(layout, "plain")
        materials = [("pkg:docker/golang@1.22", "0" * 64), ("pkg:docker/python@3.12?platform=linux%2Famd64", digest)]
        predicate = attesting.slsa(*materials, version=version)
        attesting.index(layout, "v1", [image, attesting.buildkit(layout, {version: predicate}, image["digest"])])
        indexed = index(within(database), parse(f"oci-dir://{layout}:v1"))
        assert [each.name for each in indexed.image.bases] == ["golang:1.22", "python:3.12"]
        assert ask.base_of(database, indexed.image) == BaseImage("python:3.12", digest, 2, "provenance")


def test_provenance_of_another_image_or_none_at_all(tmp_path: Path, place: Callable[[str], Place]) -> None:
    with Database(place("x")) as database:
        layout = tmp_path / "app"
        write_layout(layout, {"plain": ImagePlan(LAYERS)})
        image = attesting.entry(layout, "plain")
        other = attesting.statement(SLSA_1, attesting.slsa(("pkg:docker/x@1", "0" * 64)), "sha256:" + "1" * 64)
        notes = {"in-toto.io/predicate-type": SLSA_1}
        entry = attesting.manifest(
            layout, [attesting.layer(layout, each, attesting.IN_TOTO, notes) for each in (other, {"no": "statement"})]
        )
        marks = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": image["digest"],
        }
        attesting.index(layout, "v1", [image, {**entry, "annotations": marks}])
        indexed = index(within(database), parse(f"oci-dir://{layout}:v1"))
        assert indexed.image.bases == ()
        _, inventory = ask.inventory(database, indexed.image_id)
        assert "unread-provenance" in {problem.code for problem in inventory.problems}
