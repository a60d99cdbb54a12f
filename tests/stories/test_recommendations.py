"""What to do about an image: newer base images from our own history and a real registry, and package upgrades."""

import json
import zipfile
from pathlib import Path

import pytest

from envscout.demo.databases import Deb
from envscout.demo.layout import ImagePlan, layer, write_layout
from tests.servers.registry import Registry
from tests.stories.story import CRITICAL, HIGH, HOLE, LOW, OPENSSL_3_0_9, Desk, advisory, debian, feed, layout

NAME, DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"
OLD = (Deb("libssl3", "3.0.9-1", "openssl"), Deb("bash", "5.2-1"), Deb("zlib1g", "1.2", "zlib"))
NEW = (Deb("libssl3", "3.0.11-1", "openssl"), Deb("bash", "5.2-1"), Deb("zlib1g", "1.2", "zlib"))


class Bases:
    """Base images in a registry, and applications on a desk that say what they were built on."""

    def __init__(self, desk: Desk, registry: Registry, folder: Path, repository: str) -> None:
        self.desk = desk
        self.registry = registry
        self.folder = folder
        self.repository = repository

    @property
    def name(self) -> str:
        """Return the repository with its host."""
        return f"{self.registry.host}/{self.repository}"

    def push(self, tag: str, packages: tuple[Deb, ...], day: int) -> str:
        """Push a base image and return its digest."""
        into = self.folder / f"{tag}-{day}"
        write_layout(into, {tag: self._plan(packages, day)})
        return self.registry.push(into, f"{self.repository}:{tag}", tag)

    def _plan(self, packages: tuple[Deb, ...], day: int) -> ImagePlan:
        return ImagePlan((layer(debian(*packages), "ADD base / # buildkit"),), created=f"2026-01-{day:02}T00:00:00Z")

    def app(self, tag: str, digest: str, packages: tuple[Deb, ...] = OLD, created: str = "2026-02-01T00:00:00Z") -> str:
        """Return an application that says it was built on a tag of these."""
        into = self.folder / f"app-{tag}"
        notes = ((NAME, f"{self.name}:{tag}"), (DIGEST, digest))
        layers = (layer(debian(*packages), "ADD base / # buildkit"), layer({"app": b"app"}, "COPY app / # buildkit"))
        write_layout(into, {"v1": ImagePlan(layers, created=created, annotations=notes)})
        return f"oci-dir://{into}"


@pytest.fixture
def bases(desk: Desk, registry: Registry, tmp_path: Path, request: pytest.FixtureRequest) -> Bases:
    """Return a repository of base images of this test's own, on a desk that knows holes in two packages."""
    records = (
        advisory("CVE-2026-0001", "Debian:sid", "openssl", "3.0.11-1", CRITICAL),
        advisory("CVE-2026-0002", "Debian:sid", "bash", "5.3-1", HIGH),
        advisory("CVE-2026-0003", "Debian:sid", "zlib", "", LOW),
    )
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", *records))
    # A registry of a closed network is asked once something of it is in use.
    write_layout(tmp_path / "used", {"v1": ImagePlan((layer({"used": b""}, "COPY used /"),))})
    registry.push(tmp_path / "used", "in/use:v1", "v1")
    desk.ok("cves", f"{registry.host}/in/use:v1")
    return Bases(desk, registry, tmp_path, f"base/{abs(hash(request.node.name))}")


def test_a_newer_image_of_the_same_tag_is_found_in_the_registry_and_in_our_own_history(bases: Bases) -> None:
    first = bases.push("1.0-slim", OLD, 1)
    app = bases.app("1.0-slim", first)
    ask = ("recommendations", "--format", "json", app)
    assert bases.desk.ok(*ask).json["base"]["is_current"] is True
    second = bases.push("1.0-slim", NEW, 2)
    found = bases.desk.ok(*ask).json
    assert found["base"]["is_current"] is False
    assert (found["refresh"]["digest"], found["refresh"]["summary"]) == (second, None)
    offline = bases.desk.ok(*ask, "--offline").json
    assert (offline["base"]["is_current"], offline["refresh"]) == (None, None)
    assert any("not known" in note for note in offline["notes"])
    bases.desk.ok("cves", f"{bases.name}:1.0-slim")
    bases.desk.ok("cves", f"registry://{bases.name}@{first}")
    offline = bases.desk.ok(*ask, "--offline").json
    assert offline["refresh"]["digest"] == second
    assert offline["base"]["summary"]["critical"] == 1
    assert offline["refresh"]["summary"]["critical"] == 0
    assert "Image introduces no new vulnerability but removes 1" in offline["refresh"]["benefits"]
    assert bases.desk.ok(*ask, DOCKER_SCOUT_OFFLINE="1").json == offline


def test_other_tags_are_offered_and_looked_into_on_request(bases: Bases) -> None:
    digest = bases.push("1.0-slim", OLD, 1)
    for tag, packages, day in (
        ("1.1-slim", OLD, 2),
        ("1.2-slim", NEW, 3),
        ("1.2-rc1-slim", NEW, 4),
        ("0.9-slim", NEW, 5),
    ):
        bases.push(tag, packages, day)
    app = bases.app("1.0-slim", digest)
    ask = ("recommendations", "--format", "json", "--only-update", app)
    found = bases.desk.ok(*ask).json
    assert [each["tag"] for each in found["updates"]] == ["1.2-slim", "1.1-slim"]
    assert all(each["summary"] is None for each in found["updates"])
    assert (found["refresh"], found["upgrades"]) == (None, [])
    looked = bases.desk.ok(*ask, "--index").json
    assert [(each["tag"], each["summary"]["total"]) for each in looked["updates"]] == [("1.2-slim", 2), ("1.1-slim", 3)]
    text = bases.desk.ok("recommendations", app).out
    assert "Minor runtime version update" in text
    view = bases.desk.ok("quickview", app)
    assert f"{bases.repository}:1.2-slim" in view.out
    document = bases.desk.ok("quickview", "--format", "json", app).json
    assert document["updated_base"]["summary"] == {**looked["updates"][0]["summary"]}


def test_another_tag_may_be_asked_about(bases: Bases) -> None:
    digest = bases.push("1.0", OLD, 1)
    bases.push("2", NEW, 2)
    bases.push("3", NEW, 3)
    found = bases.desk.ok("recommendations", "--format", "json", "--tag", "2", bases.app("1.0", digest)).json
    assert [each["tag"] for each in found["updates"]] == ["3"]
    assert found["base"]["name"] == f"{bases.name}:2"


def _built_on(into: Path, name: str) -> str:
    layers = (layer(debian(*OLD), "ADD base /"), layer({"app": b""}, "COPY app /"))
    notes = ((NAME, name), (DIGEST, "sha256:" + "0" * 64))
    write_layout(into, {"v1": ImagePlan(layers, annotations=notes)})
    return f"oci-dir://{into}"


def test_a_registry_that_does_not_answer_is_said_and_stops_nothing(bases: Bases, tmp_path: Path) -> None:
    image = _built_on(tmp_path / "app", "nowhere.invalid/base/gone:1.0")
    found = bases.desk.ok("recommendations", "--format", "json", image).json
    assert any("nowhere.invalid does not answer" in note for note in found["notes"])
    assert found["base"]["is_current"] is None
    assert [each["name"] for each in found["upgrades"]] == ["openssl", "bash"]


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:1", "169.254.169.254", "[::1]:1", "10.0.0.1:5000"])
def test_an_image_cannot_make_us_ask_around_in_a_closed_network(desk: Desk, tmp_path: Path, host: str) -> None:
    image = _built_on(tmp_path / "app", f"{host}/base/app:1.0")
    answer = desk.ok("recommendations", "--index", "--format", "json", image)
    assert f"{host} is in a closed network" in answer.err
    assert answer.json["base"]["is_current"] is None


def test_package_upgrades_and_what_none_removes(desk: Desk, tmp_path: Path) -> None:
    records = (
        advisory("CVE-2026-0001", "Debian:sid", "openssl", "3.0.11-1", CRITICAL),
        advisory("CVE-2026-0002", "Debian:sid", "bash", "5.3-1", HIGH),
        advisory("CVE-2026-0003", "Debian:sid", "zlib", "", LOW),
    )
    desk.ok("db", "update", "--from", feed(tmp_path / "more", *records))
    into = tmp_path / "app"
    write_layout(into, {"v1": ImagePlan((layer(debian(*OLD), "ADD . /"),))})
    image = f"oci-dir://{into}"
    found = desk.ok("recommendations", "--format", "json", image).json
    assert [(each["name"], each["to"]) for each in found["upgrades"]] == [("openssl", "3.0.11-1"), ("bash", "5.3-1")]
    assert [each["name"] for each in found["left"]] == ["zlib"]
    assert found["removable"] == pytest.approx(15 / 15.5)
    text = desk.ok("recommendations", image).out
    assert "2 of 2 upgrades remove 97% of the weighted risk in the image." in text
    assert "No upgrade removes:" in text
    assert "zlib" in text.partition("No upgrade removes:")[2]
    assert "not known by name" in text
    desk.record("production", image, "--service", "myorg/app", "--org", "myorg")
    same = desk.ok("recommendations", "--env", "production", "myorg/app", "--format", "json").json
    assert same["upgrades"] == found["upgrades"]
    assert "| openssl | deb | 3.0.9\\-1 | 3.0.11\\-1 |" in desk.ok("recommendations", "--format", "markdown", image).out


def test_what_is_accepted_does_not_come_with_an_upgrade(desk: Desk, tmp_path: Path) -> None:
    stays = advisory("CVE-2024-0009", "Debian:sid", "openssl", "", CRITICAL)
    desk.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE, stays))
    image = f"oci-dir://{layout(tmp_path / 'image', debian(OPENSSL_3_0_9))}"
    desk.ok("exception", "add", "CVE-2024-0009", "--kind", "accepted-risk", "--reason", "no fix", "--owner", "me")
    for hidden in ((), ("--ignore-suppressed",)):
        (only,) = desk.ok("recommendations", image, "--offline", "--format", "json", *hidden).json["upgrades"]
        assert (only["to"], only["fixes"], only["remains"], only["brings"]) == ("3.0.11-1", ["CVE-2023-5363"], [], [])


def test_nothing_fits_is_refused(desk: Desk) -> None:
    assert desk.call("recommendations", "--only-refresh", "--only-update", "nginx").code == 64
    assert desk.call("recommendations", "--index", "--offline", "nginx").code == 64


def test_a_hostile_name_of_a_base_image_is_no_name(watched: Desk, tmp_path: Path) -> None:
    for number, name in enumerate(("../../etc", "$(id)", "A" * 500, "host:99999/x", "sbom:///etc/passwd", "\x1b[31m")):
        into = tmp_path / str(number)
        plan = ImagePlan((layer(debian(*OLD), "ADD . /"),), annotations=((NAME, name), (DIGEST, "sha256:0")))
        write_layout(into, {"v1": plan})
        found = watched.ok("recommendations", "--format", "json", "--offline", f"oci-dir://{into}")
        assert json.loads(found.out)["base"]["is_current"] is None
        assert "\x1b" not in watched.ok("quickview", f"oci-dir://{into}").out


def test_what_was_looked_at_before_it_was_built_on_is_no_newer_image(bases: Bases) -> None:
    bases.push("1.0-slim", OLD, 1)
    bases.desk.ok("cves", f"{bases.name}:1.0-slim")
    second = bases.push("1.0-slim", NEW, 2)
    app = bases.app("1.0-slim", second, NEW, created="2999-01-01T00:00:00Z")
    words = ("quickview", "--format", "json", app, "--only-policy", "no-stale-base-images")
    found = bases.desk.ok(*words).json
    assert found["base"]["is_current"] is None
    assert found["policies"][0]["state"] == "unknown"
    bases.desk.ok("cves", f"{bases.name}:1.0-slim")
    found = bases.desk.ok(*words).json
    assert found["base"]["is_current"] is True
    assert found["policies"][0]["state"] == "pass"
    third = bases.push("1.0-slim", NEW, 3)
    bases.desk.ok("cves", f"{bases.name}:1.0-slim")
    found = bases.desk.ok(*words).json
    assert (found["base"]["is_current"], found["policies"][0]["state"]) == (False, "fail")
    assert found["updated_base"]["digest"] == third


def test_an_upgraded_image_has_what_was_said_and_nothing_else(
    watching_alpine: Desk, data: Path, tmp_path: Path
) -> None:
    documents = zipfile.ZipFile(data / "sboms" / "docker-hub-trivy-spdx.zip")
    # A server has the same rules: fewer show that it is asked for the same.
    checked, wanted = 0, 4 if Desk.remote else 12
    for member in sorted(documents.namelist()):
        if checked == wanted:
            break
        image = tmp_path / "image.spdx.json"
        image.write_bytes(documents.read(member))
        plan = watching_alpine.ok("recommendations", "--format", "json", f"sbom://{image}").json
        if not plan["upgrades"]:
            continue
        checked += 1
        document = watching_alpine.ok("sbom", f"sbom://{image}").json
        to = {purl: each["to"] for each in plan["upgrades"] for purl in each["packages"]}
        for package in document["packages"]:
            if package["purl"] in to:
                bare, mark, rest = package["purl"].partition("?")
                version = to[package["purl"]]
                package |= {"purl": f"{bare.rpartition('@')[0]}@{version}{mark}{rest}", "version": version}
                package["source"]["version"] = version
        upgraded = tmp_path / "upgraded.json"
        upgraded.write_text(json.dumps(document))
        after = watching_alpine.cves(f"sbom://{upgraded}")["findings"]
        said = {(each["name"], one) for each in plan["left"] for one in each["vulnerabilities"]}
        said |= {(each["name"], one) for each in plan["upgrades"] for one in (*each["remains"], *each["brings"])}
        assert {(one["package"]["source"] or one["package"]["name"], one["vulnerability"]) for one in after} == said, (
            member
        )
    assert checked == wanted
