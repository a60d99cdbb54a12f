"""An image that more than one index led to is known by each of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from envscout.demo.databases import Deb
from envscout.demo.layout import ImagePlan, IndexPlan, layer, write_layout
from envscout.environments.fold import advance
from envscout.model import Event, Hung, Image, Inventory
from envscout.names import bounds
from envscout.names.reference import parse
from envscout.operations.indexing import index, within
from envscout.store import Database, Place, copying, deployments, images
from envscout.store.images import Led
from envscout.verbs import index as keeping
from tests.stories.story import debian

AMD = Led("sha256:amd", "linux/amd64")


def put(database: Database, above: str, digest: str = "sha256:amd") -> int:
    with database.write() as connection:
        return images.put(connection, Image(digest, "linux/amd64", above), Inventory(), 1)[0]


def known(database: Database, above: str) -> tuple[list[str], list[Led]]:
    """Return what is known as the digest of an index, and what that led to."""
    with database.read() as connection:
        found = images.known_as(connection, above)
        return [each.image.digest for each in found], images.led_to(connection, {above}).get(above, [])


def also_led(database: Database, *numbers: int) -> dict[int, frozenset[str]]:
    with database.read() as connection:
        return images.also_led(connection, numbers)


def renew(database: Database, number: int, *indexes: str) -> None:
    for each in indexes:
        keeping.renew(database, number, Hung(), index_digest=each)


def test_a_further_index_leads_to_an_image_like_its_own(database: Database) -> None:
    number, other = put(database, "x1"), put(database, "x1", "sha256:arm")
    renew(database, number, "x1", "x2", "x2", "x3", "", "x" * (bounds.MAX_LAYER + 1))
    for above in ("x2", "x3"):
        assert known(database, above) == (["sha256:amd"], [AMD])
    assert known(database, "x1")[0] == ["sha256:arm", "sha256:amd"]
    assert also_led(database, number, other) == {number: frozenset({"x2", "x3"})}
    assert known(database, "") == ([], [])


def test_an_image_that_no_index_led_to_at_first(database: Database) -> None:
    renew(database, put(database, ""), "x2")
    assert known(database, "x2") == (["sha256:amd"], [AMD])


def test_an_image_that_is_put_anew_keeps_the_indexes_that_it_had(database: Database) -> None:
    number = put(database, "x1")
    renew(database, number, "x2")
    for above in ("x2", "", "x3", "x3"):
        assert put(database, above) == number
    for above in ("x1", "x2", "x3"):
        assert known(database, above) == (["sha256:amd"], [AMD]), above


def test_what_is_forgotten_has_no_index(database: Database) -> None:
    gone, kept = put(database, "x1"), put(database, "x1", "sha256:arm")
    for number in (gone, kept):
        renew(database, number, "x2")
    with database.write() as connection:
        images.drop(connection, [gone])
    assert known(database, "x2")[0] == ["sha256:arm"]
    assert also_led(database, gone, kept) == {kept: frozenset({"x2"})}


def test_a_copy_of_a_store_knows_them(database: Database, tmp_path: Path) -> None:
    renew(database, put(database, "x1"), "x2")
    with Database(tmp_path / "copy.db", half=True) as target:
        copying.copy(database, target, lambda *_: None)
    with Database(tmp_path / "copy.db") as copy:
        assert known(copy, "x2") == (["sha256:amd"], [AMD])


def test_it_tells_a_tenant_of_what_the_tenant_sees_alone(place: Callable[[str], Place]) -> None:
    with Database(place("store")) as database:
        number = put(database, "x1")
        renew(database, number, "x2")
        with database.write() as connection:
            event = Event("acme", "production", "app", "record", 1, reference="acme/app:1")
            deployments.append(connection, event, number, advance)
    for tenant, found in (("acme", (["sha256:amd"], [AMD])), ("evil", ([], []))):
        with Database(place("store"), tenant) as database:
            assert known(database, "x2") == found


@pytest.mark.parametrize("indexes", [("x1", "x2"), ("x1", "x2", "x1")])
def test_an_index_that_was_made_anew_is_kept_with_the_image_that_stayed(
    indexes: tuple[str, ...], database: Database, tmp_path: Path
) -> None:
    stayed = ImagePlan((layer(debian(Deb("bash", "5.2-1")), "ADD . /"),))
    digests = {}
    for each in ("x1", "x2"):
        plan = IndexPlan((stayed,), (("built", each),))
        digests[each] = write_layout(tmp_path / each, {"v1": plan})["v1"]
    references = [parse(f"oci-dir://{tmp_path / each}") for each in indexes]
    found = [index(within(database), each, platform="linux/amd64") for each in references]
    assert [each.fresh for each in found] == [True, *[False] * (len(found) - 1)]
    led = Led(found[0].image.digest, "linux/amd64")
    for each in digests.values():
        assert known(database, each) == ([led.digest], [led])
    assert also_led(database, found[0].image_id) == {found[0].image_id: frozenset({digests["x2"]})}
