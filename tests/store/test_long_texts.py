"""Texts longer than an index of PostgreSQL has room for (2,704 bytes) must not keep a feed or an image out."""

import json
import random
import string
import zipfile
from pathlib import Path
from typing import Any

import pytest

from envscout.model import Image, Inventory, Layer, Package
from envscout.names.reference import parse
from envscout.operations.indexing import index, within
from envscout.store import Database, feeds, findings, images, vex
from envscout.verbs.update.run import update
from envscout.versions import SCHEMES, key
from envscout.versions.schemes import MAX_LENGTH
from tests.stories.story import published

ROOM = 2704
_CHANCE = random.Random(7)


def noise(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    """Return a text that does not become shorter by being compressed."""
    return "".join(_CHANCE.choices(letters, k=length))


LONG = noise(20_000)
WIDE = noise(250, "".join(map(chr, range(0x20000, 0x2A000))))


def record(id_: str, ecosystem: str, name: str, fixed: str, **fields: Any) -> dict[str, Any]:
    events = [{"introduced": "0"}, {"fixed": fixed}]
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    return {"id": id_, "affected": [affected], **fields}


LEFT = {"ecosystem": "npm", "name": "left"}
GOOD = record("CVE-2026-1", "npm", "left", "2.0.0")
HOSTILE = {
    "id": record(LONG, "npm", "left", "2.0.0"),
    "a wide id": record(WIDE, "npm", "left", "2.0.0"),
    "alias": record("A-1", "npm", "left", "2.0.0", aliases=[LONG, WIDE]),
    "upstream": record("A-2", "npm", "left", "2.0.0", upstream=[LONG, WIDE]),
    "ecosystem": record("A-3", f"Debian:{LONG}", "left", "1"),
    "an ecosystem as long as may be": record("A-4", f"Debian:{noise(990)}", noise(1000), "1"),
    "name": record("A-5", "npm", LONG, "2.0.0"),
    "wide names": record("A-6", f"Debian:{WIDE}", WIDE * 4, "1"),
    "version": record("A-7", "npm", "left", f"1.0.0-{LONG}"),
    "versions": record("A-8", "npm", "left", "0") | {"affected": [
        {"package": LEFT, "versions": [f"1.0.0-{noise(n)}" for n in (400, 505, 3000)]}]},
    "stream": record("A-9", "AlmaLinux:8", "nodejs", "1:18.0-1.module+el8", summary=f"{noise(5000)}:18 update"),
    "a range between the longest": record("A-10", "npm", "left", "2.0.0") | {"affected": [
        {"package": LEFT, "ranges": [{"type": "SEMVER", "events": [
            {"introduced": f"1.0.0-{noise(500)}"}, {"fixed": f"2.0.0-{noise(500)}"}]}]}]},
}  # fmt: skip


# What of these is left out could name nothing that anybody can have, or is no longer than what may be.
HARMLESS = ("a wide id", "alias", "upstream", "a range between the longest")


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_record_keeps_no_other_out(what: str, database: Database, tmp_path: Path) -> None:
    for name, each in (("good", GOOD), ("bad", HOSTILE[what])):
        (tmp_path / f"{name}.json").write_text(json.dumps(each))
    (result,) = update(database, [str(tmp_path)], lambda _: (), lambda *_: None)
    assert (result.error, result.records >= 1) == ("", True)
    with database.write() as connection:
        package = Package("npm", "left", "1.9.9", "pkg:npm/left@1.9.9")
        _, fresh = images.put(connection, Image("sha256:1"), Inventory((package,)), 1)
        findings.match_packages(connection, fresh, 1, lambda _: None)
        rows = connection.execute("SELECT id FROM finding JOIN advisory USING (adv_id)").fetchall()
        assert ("CVE-2026-1",) in rows
        told = {each.code for each in feeds.status(connection)[0].problems}
        assert told or what in HARMLESS


def test_a_member_of_a_long_name_that_cannot_be_read(database: Database, tmp_path: Path) -> None:
    place = published(tmp_path, [GOOD])
    with zipfile.ZipFile(place / "Debian" / "all.zip", "a") as archive:
        archive.writestr(f"{LONG}.json", b"{")
    (result,) = update(database, [str(place)], lambda _: (), lambda *_: None)
    assert (result.error, result.records, result.problems) == ("", 1, 1)


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_two_keys_have_room_beside_each_other(name: str) -> None:
    for _ in range(50):
        for letters in ("0123456789.", string.ascii_lowercase + ".-", string.digits + "~.+-", "1.", "a1"):
            made = key(name, "1." + noise(MAX_LENGTH - 2, letters))
            assert made is None or 2 * (len(made) + 1) + 64 <= ROOM


LAYER = {
    "schema": "envscout/sbom/1",
    "packages": [
        {
            "purl": "pkg:npm/left@1.0.0",
            "name": "left",
            "version": "1.0.0",
            "type": "npm",
            "layer": LONG,
            "locations": [LONG, "a"],
        }
    ],
}
CYCLONEDX = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "components": [
        {
            "type": "library",
            "name": "left",
            "version": "1.0.0",
            "purl": "pkg:npm/left@1.0.0",
            "properties": [{"name": "aquasecurity:trivy:LayerDiffID", "value": LONG}],
        }
    ],
    "metadata": {
        "component": {
            "type": "container",
            "name": LONG,
            "properties": [
                {"name": "aquasecurity:trivy:DiffID", "value": LONG},
                {"name": "envscout:image:digest", "value": LONG},
                {"name": "envscout:image:index_digest", "value": LONG},
            ],
        }
    },
}
SPDX = {
    "spdxVersion": "SPDX-2.3",
    "SPDXID": "SPDXRef-DOCUMENT",
    "name": LONG,
    "packages": [
        {
            "SPDXID": "SPDXRef-a",
            "name": "left",
            "versionInfo": "1.0.0",
            "attributionTexts": [f"LayerDiffID: {LONG}"],
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": "pkg:npm/left@1.0.0",
                }
            ],
        },
        {
            "SPDXID": "SPDXRef-c",
            "name": LONG,
            "primaryPackagePurpose": "CONTAINER",
            "attributionTexts": [f"DiffID: {LONG}"],
        },
    ],
}
MODULAR = {
    "schema": "envscout/sbom/1",
    "distribution": {"id": "almalinux", "version": "8.10"},
    "packages": [
        {
            "purl": f"pkg:rpm/almalinux/nodejs@1:18.0-1.module+el8?rpmmod=nodejs:{noise(1500)}:1:2",
            "name": "nodejs",
            "version": "1:18.0-1.module+el8",
            "type": "rpm",
        }
    ],
}
WIDE_PACKAGE = {"schema": "envscout/sbom/1", "distribution": {"id": "debian", "version": LONG}, "packages": [
    {"purl": f"pkg:deb/debian/{WIDE}@1", "name": WIDE, "version": WIDE * 2, "type": "deb"}]}  # fmt: skip


@pytest.mark.parametrize("document", [LAYER, CYCLONEDX, SPDX, MODULAR, WIDE_PACKAGE])
def test_a_hostile_document_is_kept(document: dict[str, Any], database: Database, tmp_path: Path) -> None:
    (tmp_path / "sbom.json").write_text(json.dumps(document))
    indexed = index(within(database), parse(f"sbom://{tmp_path / 'sbom.json'}"))
    assert indexed.packages == 1


def test_vex_at_a_long_path_is_kept(database: Database) -> None:
    documents = [vex.Document("image", f"{noise(4000)}/vex.json", "", data) for data in (b"1", b"2")]
    with database.write() as connection:
        image_id, _ = images.put(connection, Image("sha256:1"), Inventory(), 1)
        for at in (1, 1, 2, 3):
            vex.put(connection, image_id, "image", documents, f"reader {at}", at)
        assert connection.execute("SELECT count(DISTINCT path) FROM image_vex").fetchone() == (2,)


def test_an_image_of_long_layers_is_kept(database: Database) -> None:
    image = Image("sha256:1", layers=(Layer("sha256:2", LONG, "", 0),), index_digest=LONG)
    with database.write() as connection:
        image_id, _ = images.put(connection, image, Inventory(), 1)
        assert images.get(connection, image_id).image == image
