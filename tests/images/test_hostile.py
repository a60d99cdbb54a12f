"""Whatever one byte of an image says, we answer, say what is damaged, or refuse with a reason."""

import random
from pathlib import Path

import pytest

from envscout.demo.tar import compress
from envscout.errors import EnvscoutError
from tests.images.images import AMD, AMD_FILES, read, shown, write
from tests.images.test_archive import save

ROUNDS = 150


@pytest.mark.parametrize("how", ["none", "gzip", "zstd"])
def test_one_changed_byte_of_an_archive(tmp_path: Path, how: str) -> None:
    path = tmp_path / "image.tar"
    save(path, {"app:v1": AMD})
    whole = compress(path.read_bytes().rstrip(b"\0") + bytes(1024), how)  # type: ignore[arg-type]
    chance = random.Random(1)
    for _ in range(ROUNDS):
        data = bytearray(whole)
        data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        _answered(f"archive://{path}")


def test_one_changed_byte_of_a_layout(tmp_path: Path) -> None:
    write(tmp_path, v1=AMD)
    places = [place for place in sorted(tmp_path.rglob("*")) if place.is_file()]
    chance = random.Random(2)
    for _ in range(ROUNDS):
        place = chance.choice(places)
        whole = place.read_bytes()
        data = bytearray(whole)
        data[chance.randrange(len(data))] = chance.randrange(256)
        place.write_bytes(data)
        _answered(f"oci-dir://{tmp_path}")
        place.write_bytes(whole)


def _answered(text: str) -> None:
    """Read an image: the files are the true ones, or a problem is told, or there is a reason and a next step."""
    try:
        image, contents = read(text)
    except EnvscoutError as error:
        assert error.cause and error.next_step  # noqa: PT017, PT018
        return
    assert contents.problems or shown(image, contents) == AMD_FILES
