"""VEX from files, from inside of images, and attached to them: heeded, shown with its author, and never silent."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from envscout.demo.layout import ImagePlan, write_layout
from envscout.demo.layout import layer as made
from envscout.findings.heeding import heeded
from envscout.store import Database
from envscout.verbs import index
from envscout.verbs.reconcile import reconcile
from tests.images import attesting
from tests.servers.registry import Registry
from tests.stories.story import APP, FILES, HOLE, Desk, at_hand, feed, moment, names, rootfs
from tests.stories.story import layout as written

CVE = "CVE-2023-5363"
OPENVEX = "https://openvex.dev/ns/v0.2.0"
OPENSSL = "pkg:deb/debian/openssl"
ACME = "Acme Security <psirt@acme.example>"


def statement(status: str, *products: Any, cve: str = CVE, **fields: Any) -> dict[str, Any]:
    """Return an OpenVEX statement."""
    why = {"justification": "vulnerable_code_not_in_execute_path"} if status == "not_affected" else {}
    return {"vulnerability": {"name": cve}, "products": list(products), "status": status, **why, **fields}


def document(*statements: Any, author: str = ACME, at: str = "2026-01-01T00:00:00Z", **fields: Any) -> dict[str, Any]:
    """Return an OpenVEX document."""
    return {
        "@context": OPENVEX,
        "@id": "https://acme.example/vex/1",
        "author": author,
        "timestamp": at,
        "version": 1,
        "statements": list(statements),
        **fields,
    }


def product(name: str, *parts: str) -> dict[str, Any]:
    """Return a product, or parts of it."""
    inner = {"subcomponents": [{"@id": part} for part in parts]} if parts else {}
    return {"@id": name, **inner}


def wrote(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def hushed(report: Any) -> dict[str, str]:
    return {each["vulnerability"]: each["suppression"]["who"] for each in report["suppressed"]}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path / "home")
    found.ok("db", "update", "--from", feed(tmp_path / "feed", HOLE))
    return found


class TestFiles:
    def test_a_file_is_heeded(self, watched: Desk, old: str, tmp_path: Path) -> None:
        file = wrote(tmp_path / "a.json", document(statement("not_affected", product(OPENSSL))))
        assert hushed(watched.cves(old, "--vex-location", file)) == {CVE: ACME}
        assert watched.call("cves", old, "--vex-location", file, "--exit-code").code == 0
        text = watched.ok("cves", old, "--vex-location", file).out
        assert "VEX             : not affected [vulnerable code not in execute path]" in text
        assert f"                : {ACME}" in text
        # Nothing of it is kept.
        assert names(watched.cves(old)) == {CVE}

    def test_folders_are_looked_through(self, watched: Desk, old: str, tmp_path: Path) -> None:
        wrote(tmp_path / "v" / "a" / "b" / "x.json", document(statement("not_affected", product(OPENSSL))))
        wrote(tmp_path / "v" / "other.json", {"hello": "world"})
        (tmp_path / "v" / "readme.txt").write_text("nothing")
        answer = watched.ok("cves", old, "--vex-location", tmp_path / "v", "--format", "json")
        assert hushed(answer.json) == {CVE: ACME}
        assert "other.json could not be read as VEX" in answer.err
        assert [each["code"] for each in answer.json["problems"]] == ["unread-vex"]

    def test_folders_with_odd_things_in_them(self, watched: Desk, old: str, tmp_path: Path) -> None:
        folder = tmp_path / "v"
        wrote(folder / "good.json", document(statement("not_affected", product(OPENSSL)), **{"@id": ""}))
        os.mkfifo(folder / "pipe.json")
        (folder / "zero.json").symlink_to("/dev/zero")
        (folder / "loop").symlink_to(folder)
        (folder / "gone.json").symlink_to(folder / "nothing")
        (folder / "dir.json").mkdir()
        (folder / os.fsdecode(b"\xff\x1b[2J.json")).write_bytes(b"{")
        deep = folder / "/".join("d" * 20)
        wrote(deep / "deep.json", document(statement("affected", product(OPENSSL)), at="2026-05-01T00:00:00Z"))
        answer = watched.ok("cves", old, "--vex-location", folder, "--format", "json")
        assert hushed(answer.json) == {CVE: ACME}
        for words in ("pipe.json could not be read", "zero.json could", "gone.json could", "16 deep", "2J.json could"):
            assert words in answer.err
        assert "\x1b" not in answer.err + answer.out

    def test_a_place_that_is_not_there_is_wrong_usage(self, watched: Desk, old: str) -> None:
        assert watched.call("cves", old, "--vex-location", "/nowhere").code == 64

    def test_the_newest_counts_wherever_it_is(self, watched: Desk, old: str, tmp_path: Path) -> None:
        ours = product(OPENSSL)
        no = wrote(tmp_path / "no.json", document(statement("not_affected", ours), at="2026-01-01T00:00:00Z"))
        yes = wrote(tmp_path / "yes.json", document(statement("affected", ours), at="2026-02-01T00:00:00Z"))
        again = wrote(tmp_path / "again.json", document(statement("fixed", ours), at="2026-03-01T00:00:00Z"))
        assert hushed(watched.cves(old, "--vex-location", f"{no},{yes}")) == {}
        assert hushed(watched.cves(old, "--vex-location", f"{yes},{no}")) == {}
        assert hushed(watched.cves(old, "--vex-location", f"{no},{yes},{again}")) == {CVE: ACME}

    def test_authors_are_chosen_by_flag_and_by_setting(self, watched: Desk, old: str, tmp_path: Path) -> None:
        file = wrote(tmp_path / "a.json", document(statement("not_affected", product(OPENSSL))))
        assert hushed(watched.cves(old, "--vex-location", file, "--vex-author", "@acme[.]example>$")) == {CVE: ACME}
        answer = watched.ok("cves", old, "--vex-location", file, "--vex-author", "@docker[.]com>$")
        assert f"1 VEX statement is by {ACME} not heeded" in answer.err
        watched.ok("config", "vex_authors", "docker,somebody")
        assert hushed(watched.cves(old, "--vex-location", file)) == {}
        assert hushed(watched.cves(old, "--vex-location", file, "--vex-author", "Acme")) == {CVE: ACME}
        assert watched.call("cves", old, "--vex-author", "(").code == 64

    def test_what_vex_says_is_hidden_if_asked_for(self, watched: Desk, old: str, tmp_path: Path) -> None:
        file = wrote(tmp_path / "a.json", document(statement("not_affected", product(OPENSSL))))
        report = watched.cves(old, "--vex-location", file, "--only-vex-affected")
        assert (report["suppressed"], report["findings"]) == ([], [])

    def test_the_past_does_not_know_what_was_said_later(self, watched: Desk, old: str, tmp_path: Path) -> None:
        watched.record("production", old, *APP)
        file = wrote(
            tmp_path / "a.json", document(statement("not_affected", product(OPENSSL)), at="2099-01-01T00:00:00Z")
        )
        answer = watched.ok("cves", "--env", "production", "--vex-location", file)
        assert "dated in the future" in answer.err
        assert names(watched.cves("--env", "production", "--vex-location", file)) == {CVE}


class TestInside:
    def image(self, into: Path, content: Any, name: str = "usr/share/vex/app.vex.json") -> str:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        return f"oci-dir://{written(into, {**FILES, name: data})}"

    def test_a_document_in_the_image_is_kept_with_it(self, desk: Desk, tmp_path: Path) -> None:
        image = self.image(tmp_path / "i", document(statement("not_affected", product(OPENSSL))))
        desk.record("production", image, *APP)
        (tmp_path / "i" / "index.json").unlink()
        report = desk.cves("--env", "production")
        assert (hushed(report), report["coverage"]["state"]) == ({CVE: ACME}, "complete")

    def test_a_statement_without_product_is_about_the_image(self, desk: Desk, tmp_path: Path) -> None:
        assert hushed(desk.cves(self.image(tmp_path / "i", document(statement("not_affected"))))) == {CVE: ACME}

    def test_it_says_nothing_of_other_images(self, desk: Desk, tmp_path: Path) -> None:
        desk.record("a", self.image(tmp_path / "i", document(statement("not_affected", product(OPENSSL)))), *APP)
        desk.record("b", f"oci-dir://{written(tmp_path / 'plain', FILES)}", *APP)
        assert [hushed(desk.cves("--env", each)) for each in ("a", "b")] == [{CVE: ACME}, {}]

    def test_the_setting_says_whether_it_counts(self, desk: Desk, tmp_path: Path) -> None:
        image = self.image(tmp_path / "i", document(statement("not_affected", product(OPENSSL))))
        for sources, there in (("none", {}), ("attached", {}), ("image", {CVE: ACME}), ("attached,image", {CVE: ACME})):
            desk.ok("config", "vex_sources", sources)
            assert hushed(desk.cves(image)) == there
        desk.ok("config", "vex_sources", "everywhere")
        assert desk.call("cves", image).code == 64

    def test_what_was_told_is_verified_by_the_settings_it_was_told_by(self, desk: Desk, tmp_path: Path) -> None:
        at_hand("the standing work is done in this process")
        image = self.image(tmp_path / "i", document(statement("not_affected", product(OPENSSL))))
        desk.record("production", image, *APP)
        with Database(desk.place) as database:
            reconcile(database, heeded("", "none"))
        desk.ok("config", "vex_sources", "none")
        assert desk.ok("db", "verify", "--format", "json").json["verified"]["differences"] == 0
        desk.ok("config", "vex_sources", "image")
        assert desk.call("db", "verify").code == 1

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"[]", b"\xff\xfe", b'{"@context": "https://openvex.dev/ns", "statements": 3}', b"[" * 100_000],
    )
    def test_damage_is_told_and_makes_nothing_unknown(self, desk: Desk, tmp_path: Path, content: bytes) -> None:
        answer = desk.ok("cves", self.image(tmp_path / "i", content), "--format", "json")
        assert names(answer.json) == {CVE}
        assert answer.json["coverage"]["state"] == "complete"
        assert "app.vex.json" in answer.err

    def test_a_huge_one_is_told(self, desk: Desk, tmp_path: Path) -> None:
        answer = desk.ok("cves", self.image(tmp_path / "i", b" " * (9 << 20)), "--format", "json")
        assert "9,437,184 bytes" in answer.err
        assert answer.json["coverage"]["state"] == "complete"

    def test_more_than_anybody_would_write_is_told(self, desk: Desk, tmp_path: Path) -> None:
        data = json.dumps(document(statement("not_affected", product(OPENSSL)))).encode()
        files = {f"v/{number:03}.vex.json": data for number in range(70)}
        answer = desk.ok("cves", f"oci-dir://{written(tmp_path / 'i', {**FILES, **files})}", "--format", "json")
        assert "v/064.vex.json and what comes after it is not read" in answer.err
        assert hushed(answer.json) == {CVE: ACME}

    def test_many_that_mean_everything_are_told(
        self, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each document keeps within its own bound; together they would be gone through with every question."""
        at_hand("the bound is set in this process")
        monkeypatch.setattr(index, "MAX_MEANT", 25)
        many = document(statement("fixed", *(product(f"pkg:npm/a@{number}") for number in range(10))))
        files = {f"usr/share/vex/{number}.vex.json": json.dumps(many).encode() for number in range(3)}
        answer = desk.ok("cves", f"oci-dir://{written(tmp_path / 'i', {**FILES, **files})}", "--format", "json")
        assert "2.vex.json and what comes after it is not read" in answer.err

    def test_images_of_one_base_share_its_documents(self, desk: Desk, tmp_path: Path) -> None:
        data = json.dumps(
            document(statement("not_affected", product(OPENSSL)), statement("fixed", cve="CVE-1-1"))
        ).encode()
        for name in ("a", "b"):
            files = {**FILES, "base.vex.json": data, f"{name}.txt": b""}
            desk.record("production", f"oci-dir://{written(tmp_path / name, files)}", "--service", f"shop/{name}")
        report = desk.cves("--env", "production")
        assert [image["summary"]["total"] for image in report["images"]] == [0, 0]
        assert len(report["suppressed"]) == 2

    def test_a_folder_has_them_too(self, desk: Desk, tmp_path: Path) -> None:
        data = json.dumps(document(statement("not_affected", product(OPENSSL)))).encode()
        folder = rootfs(tmp_path / "root", {**FILES, "x.openvex.json": data})
        assert hushed(desk.cves(f"fs://{folder}")) == {CVE: ACME}


def attached(into: Path, *documents: Any) -> Path:
    """Write an image with documents attached as BuildKit attaches them."""
    if not (into / "index.json").exists():
        write_layout(into, {"plain": ImagePlan((made(FILES, "ADD . /"),))})
    image = attesting.entry(into, "plain")
    entries = [attesting.buildkit(into, {OPENVEX: each}, image["digest"]) for each in documents]
    attesting.index(into, "v1", [image, *entries])
    return into


class TestAttached:
    def test_it_is_kept_with_the_image(self, desk: Desk, tmp_path: Path, registry: Registry) -> None:
        registry.put(attached(tmp_path / "i", document(statement("not_affected"))), "shop/vexed:v1", "v1")
        desk.record("production", f"registry://{registry.host}/shop/vexed:v1")
        report = desk.cves("--env", "production")
        assert (hushed(report), report["coverage"]["state"]) == ({CVE: ACME}, "complete")

    def test_what_is_attached_later_is_found_when_the_image_is_asked_about(
        self, desk: Desk, tmp_path: Path, registry: Registry
    ) -> None:
        folder = attached(tmp_path / "i")
        registry.put(folder, "shop/later:v1", "v1")
        image = f"registry://{registry.host}/shop/later:v1"
        desk.record("production", image)
        assert hushed(desk.cves(image)) == {}
        file = wrote(tmp_path / "vex.json", document(statement("not_affected", product(OPENSSL))))
        desk.ok("attestation", "add", "--file", file, image)
        assert hushed(desk.cves(image)) == {CVE: ACME}
        assert hushed(desk.cves("--env", "production")) == {CVE: ACME}
        # A newer one takes it back.
        file = wrote(
            tmp_path / "vex.json", document(statement("affected", product(OPENSSL)), at="2026-02-01T00:00:00Z")
        )
        desk.ok("attestation", "add", "--file", file, image)
        assert hushed(desk.cves(image)) == {}

    def test_the_past_does_not_know_what_was_attached_later(self, desk: Desk, tmp_path: Path) -> None:
        folder = attached(tmp_path / "i")
        image = f"oci-dir://{folder}:v1"
        desk.record("production", image, *APP)
        before = moment()
        attached(folder, document(statement("not_affected", product(OPENSSL))))
        assert hushed(desk.cves(image)) == {CVE: ACME}
        during = moment()
        attached(folder)
        assert hushed(desk.cves(image)) == {}
        asked = ("--env", "production", "--at")
        assert [hushed(desk.cves(*asked, at)) for at in (before, during, moment())] == [{}, {CVE: ACME}, {}]

    def test_what_is_taken_away_ends(self, desk: Desk, tmp_path: Path) -> None:
        folder = attached(tmp_path / "i", document(statement("not_affected", product(OPENSSL))))
        image = f"oci-dir://{folder}:v1"
        desk.record("production", image, *APP)
        assert hushed(desk.cves(image)) == {CVE: ACME}
        attached(folder)
        assert hushed(desk.cves(image)) == {}
        assert hushed(desk.cves("--env", "production")) == {}

    def test_one_of_another_image_is_not_heeded(self, desk: Desk, tmp_path: Path) -> None:
        write_layout(tmp_path / "i", {"plain": ImagePlan((made(FILES, "ADD . /"),))})
        image = attesting.entry(tmp_path / "i", "plain")
        foreign = attesting.statement(OPENVEX, document(statement("not_affected")), f"sha256:{'1' * 64}")
        held = attesting.layer(tmp_path / "i", foreign, attesting.IN_TOTO, {"in-toto.io/predicate-type": OPENVEX})
        marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]}
        attesting.index(
            tmp_path / "i", "v1", [image, {**attesting.manifest(tmp_path / "i", [held]), "annotations": marks}]
        )
        answer = desk.ok("cves", f"oci-dir://{tmp_path / 'i'}:v1", "--format", "json")
        assert names(answer.json) == {CVE}
        assert "speaks of another image" in answer.err

    def test_a_damaged_one_is_told(self, desk: Desk, tmp_path: Path) -> None:
        answer = desk.ok("cves", f"oci-dir://{attached(tmp_path / 'i', {'statements': 7})}:v1", "--format", "json")
        assert names(answer.json) == {CVE}
        assert answer.json["problems"]
        assert answer.json["coverage"]["state"] == "complete"

    def test_an_unsigned_envelope_that_does_not_say_its_type(self, desk: Desk, tmp_path: Path) -> None:
        folder = tmp_path / "i"
        write_layout(folder, {"v1": ImagePlan((made(FILES, "ADD . /"),))})
        image = attesting.entry(folder, "v1")
        said = attesting.envelope(attesting.statement(OPENVEX, document(statement("not_affected")), image["digest"]))
        held = attesting.layer(folder, said, attesting.DSSE)
        attesting.tag(folder, attesting.fallback(image["digest"], ".att"), attesting.manifest(folder, [held]))
        assert hushed(desk.cves(f"oci-dir://{folder}:v1")) == {CVE: ACME}


class TestGet:
    def test_what_is_in_and_at_an_image_is_one_document(self, desk: Desk, tmp_path: Path) -> None:
        folder = tmp_path / "i"
        inner = json.dumps(document(statement("not_affected", product("pkg:npm/a")), author="inner")).encode()
        write_layout(folder, {"plain": ImagePlan((made({**FILES, "a.vex.json": inner}, "ADD . /"),))})
        image = attesting.entry(folder, "plain")
        outer = attesting.buildkit(folder, {OPENVEX: document(statement("fixed"), author="outer")}, image["digest"])
        attesting.index(folder, "v1", [image, outer])
        merged = desk.ok("vex", "get", f"oci-dir://{folder}:v1").json
        assert merged["@context"] == OPENVEX
        assert merged["author"] == "inner, outer"
        first, second = merged["statements"]
        assert (first["status"], [each["@id"] for each in first["products"]]) == ("not_affected", ["pkg:npm/a"])
        assert first["status_notes"] == "said by inner in https://acme.example/vex/1"
        assert (second["status"], second["products"][0]["hashes"]) == ("fixed", {"sha-256": image["digest"][7:]})
        assert second["timestamp"] == "2026-01-01T00:00:00Z"

    def test_its_output_says_the_same_elsewhere(self, desk: Desk, tmp_path: Path) -> None:
        folder = attached(tmp_path / "i", document(statement("not_affected")))
        file = tmp_path / "out.json"
        desk.ok("vex", "get", f"oci-dir://{folder}:v1", "--output", file)
        other = Desk(tmp_path / "other")
        other.ok("db", "update", "--from", tmp_path / "feed")
        other.ok("config", "vex_sources", "none")
        assert hushed(other.cves(f"oci-dir://{folder}:v1")) == {}
        assert hushed(other.cves(f"oci-dir://{folder}:v1", "--vex-location", file)) == {CVE: ACME}

    def test_from_a_registry(self, desk: Desk, tmp_path: Path, registry: Registry) -> None:
        registry.put(attached(tmp_path / "i", document(statement("not_affected"))), "shop/got:v1", "v1")
        assert len(desk.ok("vex", "get", f"{registry.host}/shop/got:v1").json["statements"]) == 1

    def test_nothing_is_not_an_empty_document(self, desk: Desk, tmp_path: Path) -> None:
        answer = desk.call("vex", "get", f"oci-dir://{written(tmp_path / 'i', FILES)}")
        assert (answer.code, answer.out) == (1, "")
        assert "no VEX" in answer.refusal

    @pytest.mark.parametrize("words", [("--verify",), ("--key", "k.pub"), ("--skip-tlog",)])
    def test_no_signature_is_pretended_to_be_checked(self, desk: Desk, words: tuple[str, ...]) -> None:
        answer = desk.call("vex", "get", "nginx", *words)
        assert (answer.code, answer.out) == (64, "")
        assert "not checked" in answer.refusal


class TestElsewhere:
    def test_where_marks_what_does_not_count(self, watched: Desk, old: str) -> None:
        watched.record("staging", old, *APP)
        watched.record("production", old, *APP)
        add = ("exception", "add", CVE, "--kind", "accepted-risk", "--reason", "x", "--env", "production")
        watched.ok(*add, "--owner", "alice")
        places = {
            each["environment"]: each["suppression"]
            for each in watched.ok("where", CVE, "--format", "json").json["places"]
        }
        assert places["staging"] is None
        assert (places["production"]["source"], places["production"]["who"]) == ("exception", "alice")
        assert "exception 1, accepted risk, by alice" in watched.ok("where", CVE).out
        gate = ("where", CVE, "--exit-code", "--env")
        assert [watched.call(*gate, each).code for each in ("staging", "production")] == [2, 0]

    def test_where_hears_what_hangs_on_images(self, desk: Desk, tmp_path: Path) -> None:
        desk.record("production", f"oci-dir://{attached(tmp_path / 'i', document(statement('not_affected')))}:v1", *APP)
        (place,) = desk.ok("where", CVE, "--format", "json").json["places"]
        assert place["suppression"]["who"] == ACME

    def test_explain_says_what_counts_and_what_does_not(self, watched: Desk, old: str, tmp_path: Path) -> None:
        other = statement("not_affected", product("pkg:deb/debian/openssl@1.0"))
        early = statement("affected", product(OPENSSL), timestamp="2025-01-01T00:00:00Z")
        file = wrote(tmp_path / "a.json", document(other, early, statement("not_affected", product(OPENSSL))))
        (image,) = watched.ok("explain", CVE, old, "--vex-location", file, "--format", "json").json["images"]
        assert (image["answer"], hushed(image)) == ("affected", {CVE: ACME})
        told = [(each["kind"], each["decides"], each["why_not"]) for each in image["statements"]]
        assert told == [
            ("not_affected", True, None),
            ("not_affected", False, "it speaks of pkg:deb/debian/openssl@1.0"),
            ("affected", False, "a newer statement counts"),
        ]
        text = watched.ok("explain", CVE, old, "--vex-location", file).out
        assert "is SUPPRESSED by vex https://acme.example/vex/1" in text
        assert "it does not count: it speaks of pkg:deb/debian/openssl@1.0" in text

    def test_explain_says_that_an_exception_is_of_another_environment(self, watched: Desk, old: str) -> None:
        watched.record("staging", old, *APP)
        watched.ok(
            "exception", "add", CVE, "--kind", "accepted-risk", "--reason", "x", "--env", "production", "--owner", "a"
        )
        (image,) = watched.ok("explain", CVE, "--env", "staging", "myorg/myapp", "--format", "json").json["images"]
        assert image["suppressed"] == []
        assert [each["why_not"] for each in image["statements"]] == ["it speaks of environment production"]
