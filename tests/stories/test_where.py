"""Where something runs, and what is kept of images that run nowhere."""

from pathlib import Path

from envscout.demo.fleet import Fleet
from tests.stories.story import APP, Desk, codes, moment, rootfs


def test_where_finds_by_every_name(advised: Desk, fleet: Fleet) -> None:
    for each in fleet.production:
        advised.record("production", f"oci-dir://{each.layout}", "--service", f"shop/{each.service}", "--org", "shop")
    by_cve = advised.ok("where", "CVE-2023-4863", "--format", "json").json
    assert {spot["service"] for spot in by_cve["places"]} == {"shop/api", "shop/frontend", "shop/worker"}
    assert {spot["type"] for spot in by_cve["places"]} == {"deb", "npm", "pypi"}
    assert all(spot["fixed_version"] for spot in by_cve["places"])
    by_alias = advised.ok("where", "ghsa-54xq-cgqr-rpm3", "--format", "json").json
    assert {spot["name"] for spot in by_alias["places"]} >= {"sharp"}
    for query in ("pkg:npm/lodash@4.17.20", "lodash", "lodash@4.17.20", "pkg:npm/lodash"):
        (spot,) = advised.ok("where", query, "--format", "json").json["places"]
        assert (spot["service"], spot["version"]) == ("shop/frontend", "4.17.20"), query
    assert "libssl3" in advised.ok("where", "openssl").out
    assert advised.ok("where", "lodash@4.17.21", "--format", "json").json["places"] == []


def test_where_answers_for_the_past(watched: Desk, old: str, new: str) -> None:
    watched.record("production", old, *APP)
    between = moment()
    watched.record("production", new, *APP)
    assert watched.ok("where", "CVE-2023-5363", "--format", "json").json["places"] == []
    (spot,) = watched.ok("where", "CVE-2023-5363", "--at", between, "--format", "json").json["places"]
    assert (spot["service"], spot["version"]) == ("myorg/myapp", "3.0.9-1")
    (spot,) = watched.ok("where", "openssl@3.0.9-1", "--at", between, "--format", "json").json["places"]
    assert spot["name"] == "libssl3"


def test_where_does_not_call_nowhere_what_it_cannot_see(watched: Desk, tmp_path: Path) -> None:
    unheard = watched.ok("where", "CVE-2026-9999", "--format", "json").json
    assert (unheard["places"], unheard["coverage"]["state"], codes(unheard)) == (
        [],
        "unknown",
        {"unknown-vulnerability"},
    )
    watched.record("staging", f"fs://{rootfs(tmp_path / 'b', {'bin/busybox': b''})}", "--service", "probe")
    found = watched.ok("where", "CVE-2023-5363", "--format", "json").json
    assert found["coverage"]["state"] == "unknown"
    assert "no-package-database" in codes(found)
    assert watched.call("where", "").code == 64


def test_an_organization_sees_its_own(watched: Desk, old: str) -> None:
    for org in ("one", "two"):
        watched.record("production", old, "--service", "app", "--org", org)
    found = watched.ok("where", "CVE-2023-5363", "--org", "one", "--format", "json").json
    assert [spot["organization"] for spot in found["places"]] == ["one"]
    assert len(watched.cves("--env", "production")["images"]) == 2
    assert len(watched.cves("--env", "production", "--org", "two")["images"]) == 1
    assert "one/production" in watched.ok("where", "CVE-2023-5363").out


def test_cache_shows_and_frees_only_what_no_record_names(watched: Desk, old: str, new: str) -> None:
    watched.record("production", old, *APP)
    watched.ok("environment", "remove", "production", "myorg/myapp")
    watched.ok("cves", new)
    shown = watched.ok("cache", "df", "--format", "json").json["cache"]
    assert len(shown["unused"]) == 1
    assert "1 cached inventories" in watched.ok("cache", "df").out
    asked = watched.spawn("cache", "prune", stdin=b"n\n")
    assert (asked.code, "Nothing was forgotten" in asked.err) == (0, True)
    assert len(watched.ok("cache", "df", "--format", "json").json["cache"]["unused"]) == 1
    assert "Forgot 1 inventories" in watched.ok("cache", "prune", "--force").err
    assert watched.ok("cache", "df", "--format", "json").json["cache"]["unused"] == []
    assert "already known" in watched.ok("cves", old).err
    assert "Indexed 1 packages" in watched.ok("cves", new).err


def test_where_in_one_environment(watched: Desk, old: str, new: str) -> None:
    watched.record("production", new, *APP)
    watched.record("staging", old, *APP)
    everywhere = watched.ok("where", "CVE-2023-5363").out
    assert everywhere.startswith("  CVE-2023-5363 runs in 1 service of staging\n")
    assert watched.ok("where", "CVE-2023-5363", "--env", "staging").out == everywhere
    assert watched.ok("where", "CVE-2023-5363", "--env", "production").out == (
        "  CVE-2023-5363 does not run in production\n"
    )
    assert [
        watched.call("where", "CVE-2023-5363", "--env", environment, "--exit-code").code
        for environment in ("staging", "production", "prod", "")
    ] == [2, 0, 1, 64]
    assert watched.call("where", "CVE-2023-5363", "-e").code == 2
    assert watched.call("where", "CVE-2020-9999", "--env", "production", "-e").code == 2, "nobody knows"
    watched.record("staging", new, *APP, "--add")
    assert watched.ok("where", "openssl").out.startswith("  openssl runs in 1 service of production, 1 of staging\n")


def test_what_cannot_be_seen_elsewhere_does_not_matter_here(watched: Desk, new: str, tmp_path: Path) -> None:
    empty = rootfs(tmp_path / "rootfs", {"bin/app": b"no package database"})
    watched.record("production", new, *APP)
    watched.record("staging", f"fs://{empty}", *APP)
    assert watched.ok("where", "CVE-2023-5363", "--env", "production", "-e").out.endswith("not run in production\n")
    assert watched.call("where", "CVE-2023-5363", "--env", "staging", "-e").code == 2
    assert watched.call("where", "CVE-2023-5363", "-e").code == 2


def test_a_name_that_no_package_has_is_answered_with_those_like_it(watched: Desk, new: str) -> None:
    watched.record("production", new, *APP)
    answer = watched.ok("where", "SSL", "--env", "production").out
    assert answer == "  SSL does not run in production\n\n  No package has that name. Some are called: libssl3\n"
    assert watched.ok("where", "ssl@1.0", "--format", "json").json["similar"] == ["libssl3"]
    assert watched.ok("where", "libssl3@1.0", "--format", "json").json["similar"] == []
    assert watched.ok("where", "pkg:npm/nothing-of-the-kind").out.startswith("  pkg:npm/nothing-of-the-kind runs in no")


def test_an_answer_about_the_past_says_so(watched: Desk, new: str) -> None:
    watched.record("production", new, *APP)
    then = watched.call("cves", "--env", "production", "--at", "2020-01-01", "myorg/myapp")
    assert then.code == 1
    assert "myorg/myapp does not run in environment production at 2020-01-01T00:00:00" in then.refusal
