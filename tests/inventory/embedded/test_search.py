"""Every form is found in its place, on its line, however the bytes come; and what only looks like one is not."""

import random
import re
import subprocess
from pathlib import Path

import pytest

from envscout.inventory.embedded.checks import checksum
from envscout.inventory.embedded.forms import FORMS
from envscout.inventory.embedded.search import BLOCK, MAX_HITS, Hit, Search, Sought
from tests.inventory.embedded.samples import Sample, anywhere, drawn, samples, summed
from tests.servers.program import need

KEY = b"a key of the tests"


def sought(path: str, *pieces: bytes, settings: bool = False, block: int = BLOCK) -> Sought:
    """Search a file that comes in these pieces."""
    search = Search(path, KEY, settings=settings, block=block)
    for piece in pieces:
        search.feed(piece)
    return search.done()


def hits(path: str, data: bytes, *, settings: bool = False) -> list[tuple[str, str]]:
    """Return kind and certainty of what is found."""
    return [(hit.kind, hit.certainty) for hit in sought(path, data, settings=settings).hits]


def test_there_is_a_sample_of_every_form() -> None:
    assert {each.kind for each in samples()} == {form.id for form in FORMS}
    assert len({form.id for form in FORMS}) == len(FORMS)


def test_every_form_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "secrets.md").read_text(encoding="utf-8")
    listed = {
        word for line in page.splitlines() if line.startswith("| `") for word in re.findall("`([a-z0-9-]+)`", line)
    }
    assert {form.id for form in FORMS} <= listed


@pytest.mark.parametrize("sample", samples(), ids=lambda each: each.kind)
def test_a_secret_is_found_on_its_line_and_not_told(sample: Sample) -> None:
    (hit,) = sought(sample.path, sample.data).hits
    assert (hit.kind, hit.certainty, hit.line) == (sample.kind, sample.certainty, 3)
    assert len(hit.starts) <= 4
    told = repr(hit)
    assert sample.secret.decode() not in told
    assert sample.secret[4:12].decode() not in told


@pytest.mark.parametrize("sample", list(anywhere()), ids=lambda each: each.kind)
def test_a_secret_in_a_program_is_found(sample: Sample) -> None:
    data = b"\x7fELF\0\0" + b"\0" * 100 + sample.data + b"\0" * 100
    (hit,) = sought("usr/bin/app", data).hits
    assert (hit.kind, hit.line) == (sample.kind, 0)


@pytest.mark.parametrize("sample", samples(), ids=lambda each: each.kind)
def test_pieces_and_blocks_make_no_difference(sample: Sample) -> None:
    block = 1 << 17
    chance = random.Random(sample.kind)
    for before in (0, block - 40000, block - 300, block - len(sample.data) // 2, block + 5, 2 * block - 36000):
        data = b"#" * before + b"\n" + sample.data
        whole = sought(sample.path, data, block=block)
        (hit,) = whole.hits
        assert (hit.kind, hit.line) == (sample.kind, 4)
        cuts = sorted(chance.randrange(len(data)) for _ in range(5))
        pieces = [data[low:high] for low, high in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        assert sought(sample.path, *pieces, block=block) == whole == sought(sample.path, data)


def test_a_checksum_tells_a_token_from_what_looks_like_one() -> None:
    assert checksum(b"zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ") == b"0mLq17"
    good = summed(b"ghp_")
    bad = good[:-1] + (b"1" if good[-1:] != b"1" else b"2")
    assert hits("app/a.py", good) == [("github-token", "checked")]
    assert hits("app/a.py", bad) == [("github-token", "example")]


@pytest.mark.parametrize(
    "text",
    [
        b"AKIAIOSFODNN7ABCDEFG alone says nothing",
        b"ghp_" + drawn(37),
        b"xghp_" + drawn(36),
        b"postgres://app:${PASSWORD}@db.example.org/app",
        b"postgres://app:<password>@db.example.org/app",
        b"http://db.example.org:8080/a@b",
        b"-----BEGIN RSA PRIVATE KEY-----\n%s\n-----END RSA PRIVATE KEY-----",
        b"-----BEGIN CERTIFICATE-----\n" + drawn(200) + b"\n-----END CERTIFICATE-----",
        b"sk_test_" + drawn(24),
        b"DB_PASSWORD=hello-there in a text says nothing",
        b"hf_" + drawn(33),
        b"",
    ],
)
def test_what_is_no_secret(text: bytes) -> None:
    assert hits("app/settings.py", text) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("etc/shadow", b"root:*:19000:0:99999:7:::\nme:!$6$" + drawn(8) + b"$" + drawn(86) + b":1::::::\n"),
        ("root/.npmrc", b"//registry.example.org/:_authToken=${NPM_TOKEN}\n"),
        ("root/.docker/config.json", b'{"auths": {"a.example.org": {"auth": ""}, "b.example.org": {"auth": "!!!!"}}}'),
        (
            "app/.env",
            b"DB_PASSWORD_FILE=/run/secrets/db\nDB_PASSWORD=$OTHER\nTOKEN=/run/secrets/t\nAPI_KEY=\nUSE_TOKEN=disabled\n",
        ),
        ("app/.env", b"A=eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9." + drawn(43)),
    ],
)
def test_what_only_stands_for_a_secret(path: str, text: bytes) -> None:
    assert hits(path, text) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/a.ini", b"id = AKIAIOSFODNN7EXAMPLE\nkey = " + drawn(40)),
        ("app/a.ini", b"https://me:password@example.org/"),
        ("app/a.ini", b"glpat-xxxxxxxxxxxxxxxxxxxx"),
        ("app/a.ini", b"AIza1234567890abcdefghijklmnopqrstuvwxyz1"[:39]),
        ("app/.env", b"DB_PASSWORD=changeme"),
        ("app/tests/a.ini", summed(b"ghp_")),
        ("usr/share/doc/a/README", summed(b"ghp_")),
        ("app/.env.example", summed(b"ghp_")),
        ("app/node_modules/a/guide.md", summed(b"ghp_")),
        ("app/server_tests/a.ini", summed(b"ghp_")),
        ("usr/lib/x86_64-linux-gnu/liba.so.1", b"\x7fELF\0" + summed(b"ghp_")),
        ("usr/lib/python3/dist-packages/a.py", b"https://me:" + drawn(12) + b"@example.org/"),
    ],
)
def test_examples_are_told_from_the_rest(path: str, text: bytes) -> None:
    assert {certainty for _, certainty in hits(path, text)} == {"example"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/guide.md", b""),
        ("app/node_modules/a/a.js", b""),
        ("usr/lib/python3/dist-packages/a.py", b""),
        ("usr/bin/app", b"\x7fELF\0"),
        ("app/lib/liba.so", b"\x7fELF\0"),
        ("usr/lib/a.conf", b""),
    ],
)
def test_what_is_no_example(path: str, text: bytes) -> None:
    assert hits(path, text + summed(b"ghp_")) == [("github-token", "checked")]


def test_what_people_choose_has_no_fingerprint_and_no_length() -> None:
    (url,) = sought("app/a.ini", b"https://me:" + drawn(12) + b"@example.org/").hits
    assert (url.fingerprint, url.length, url.starts) == ("", 0, "")
    other = Search("app/a.ini", b"another key")
    other.feed(b"https://me:" + drawn(12) + b"@example.org/")
    assert other.done().hits[0].identity != url.identity


def test_the_same_token_has_the_same_fingerprint_everywhere() -> None:
    token = summed(b"ghp_")
    found: list[Hit] = [sought(path, b"x " + token + b" y").hits[0] for path in ("a", "b/c")]
    assert found[0].fingerprint == found[1].fingerprint
    assert len(found[0].fingerprint) == 16


def test_a_variable_is_told_once_by_what_it_holds() -> None:
    assert hits("", b"GITHUB_TOKEN=" + summed(b"ghp_"), settings=True) == [("github-token", "checked")]


def test_a_file_full_of_secrets_is_bounded_and_says_so() -> None:
    found = sought("app/a.txt", b"\n".join(summed(b"ghp_", number) for number in range(MAX_HITS + 5)))
    assert len(found.hits) == MAX_HITS
    assert [problem.code for problem in found.problems] == ["secrets-left-out"]


@pytest.mark.parametrize("label", ["rsa:2048", "ec:P-256", "ed25519"])
@pytest.mark.parametrize("locked", [False, True])
def test_keys_that_openssl_makes(tmp_path: Path, label: str, locked: bool) -> None:
    need("openssl")
    algorithm, _, size = label.partition(":")
    option = {"rsa": ["-pkeyopt", f"rsa_keygen_bits:{size}"], "ec": ["-pkeyopt", f"ec_paramgen_curve:{size}"]}
    words = ["openssl", "genpkey", "-algorithm", algorithm, *option.get(algorithm, []), "-out", str(tmp_path / "a.pem")]
    subprocess.run([*words, *(["-aes256", "-pass", "pass:abcd"] if locked else [])], check=True, capture_output=True)
    data = (tmp_path / "a.pem").read_bytes()
    assert hits("app/a.pem", data) == [("pkcs8-private-key" + "-encrypted" * locked, "checked")]
    as_variable = b"KEY=" + data.replace(b"\n", b"\\n")
    assert hits("app/a.ini", as_variable) == [("pkcs8-private-key" + "-encrypted" * locked, "checked")]


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
@pytest.mark.parametrize("locked", [False, True])
def test_keys_that_openssh_makes(tmp_path: Path, kind: str, locked: bool) -> None:
    need("ssh-keygen")
    words = ["ssh-keygen", "-q", "-t", kind, "-N", "a phrase" if locked else "", "-f", str(tmp_path / "key")]
    subprocess.run(words, check=True, capture_output=True)
    found = hits("root/.ssh/id", (tmp_path / "key").read_bytes())
    assert found == [("openssh-private-key" + "-encrypted" * locked, "checked")]
    old = [*words[:2], "-m", "PEM", *words[2:-1], str(tmp_path / "old")]
    if kind != "ed25519":
        subprocess.run(old, check=True, capture_output=True)
        name = {"rsa": "rsa", "ecdsa": "ec"}[kind]
        assert hits("root/.ssh/id", (tmp_path / "old").read_bytes()) == [
            (f"{name}-private-key" + "-encrypted" * locked, "checked")
        ]
