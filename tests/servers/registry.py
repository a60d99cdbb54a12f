"""Real registries (Debian's docker-registry) on loopback, over plain http."""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from envscout.demo.layout import REF_NAME
from tests.servers.program import need, run, running
from tests.servers.tokens import ISSUER, SERVICE, granting


class Registry:
    """One running registry. host is `127.0.0.1:PORT`; user and password are empty where nobody is asked."""

    def __init__(self, host: str, storage: Path, user: str = "", password: str = "") -> None:
        self.host = host
        self.storage = storage
        self.user = user
        self.password = password

    def push(self, layout: Path, name: str, ref: str = "", form: str = "") -> str:
        """Push an image of an OCI layout as `name` (`myorg/myapp:v1`) and return the digest of what was pushed.

        ref: its name in the layout, needed only where the layout holds several. form: "" keeps the manifest as it
        is; `v2s2` has skopeo write Docker's schema 2. An index is pushed with all its members.
        """
        need("skopeo")
        digest = self.storage / "pushed.digest"
        words: list[str | Path] = ["skopeo", "--insecure-policy", "copy", "--quiet", "--all"]
        words += ["--dest-tls-verify=false", "--digestfile", digest]
        words += ["--format", form] if form else ["--preserve-digests"]
        if self.user:
            words += ["--dest-creds", f"{self.user}:{self.password}"]
        source = f"oci:{layout}:{ref}" if ref else f"oci:{layout}"
        run(*words, source, f"docker://{self.host}/{name}")
        return digest.read_text().strip()

    def put(self, layout: Path, name: str, ref: str) -> str:
        """Push as `push` does, but byte for byte and by the protocol alone: for what skopeo refuses to copy."""
        repository, _, tag = name.rpartition(":")
        base = f"http://{self.host}/v2/{repository}"
        index = json.loads((layout / "index.json").read_bytes())
        pointer = next(one for one in index["manifests"] if one["annotations"][REF_NAME] == ref)
        with requests.Session() as session:
            if self.user:
                session.auth = (self.user, self.password)
            _put_manifest(session, base, layout, pointer, tag)
        return str(pointer["digest"])

    def docker_config(self, into: Path) -> Path:
        """Write a config.json that holds the credentials into a folder and return the folder."""
        run_dir = into / "docker"
        run_dir.mkdir(parents=True, exist_ok=True)
        (run_dir / "config.json").write_text(json.dumps({"auths": {self.host: self._auth()}}))
        return run_dir

    def _auth(self) -> dict[str, str]:
        word = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"auth": word} if self.user else {}


@contextmanager
def serving(
    folder: Path, auth: dict[str, Any] | None = None, endpoints: Sequence[dict[str, Any]] = ()
) -> Iterator[str]:
    """Run a registry that stores below folder and yield its `host:port`; it picks a free port itself.

    endpoints: whom it tells of pushes, as its configuration has them.
    """
    need("docker-registry")
    config: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "info", "formatter": "json", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}, "delete": {"enabled": True}},
        "http": {"addr": "127.0.0.1:0"},
    }
    if auth:
        config["auth"] = auth
    if endpoints:
        config["notifications"] = {"endpoints": list(endpoints)}
    settings = folder / "config.yml"
    settings.write_text(json.dumps(config))
    log = folder / "registry.log"
    with running(["docker-registry", "serve", str(settings)], log, lambda: bool(_address(log))):
        yield _address(log)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Run a registry that asks nobody who they are."""
    folder = tmp_path_factory.mktemp("registry")
    with serving(folder) as host:
        yield Registry(host, folder)


@pytest.fixture(scope="session")
def registry_basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Run a registry that asks for a name and a password."""
    need("htpasswd")
    folder = tmp_path_factory.mktemp("registry-basic")
    user, password = "alice", "a pass:word"
    users = folder / "htpasswd"
    users.write_text(run("htpasswd", "-Bbn", user, password))
    with serving(folder, {"htpasswd": {"realm": "test", "path": str(users)}}) as host:
        yield Registry(host, folder, user, password)


@pytest.fixture(scope="session")
def registry_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Run a registry that sends its clients for a bearer token; name and password are for the token server."""
    need("openssl", "docker-registry")
    folder = tmp_path_factory.mktemp("registry-token")
    user, password = "bob", "an other:word"
    with granting(folder, user, password) as tokens:
        auth = {"realm": tokens.realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": str(tokens.certificate)}
        with serving(folder, {"token": auth}) as host:
            yield Registry(host, folder, user, password)


def _put_manifest(session: requests.Session, base: str, layout: Path, pointer: dict[str, Any], tag: str) -> None:
    """Upload what a manifest or index points at, then itself under a tag or a digest."""
    body = _blob(layout, pointer["digest"])
    document = json.loads(body)
    for member in document.get("manifests", []):
        _put_manifest(session, base, layout, member, member["digest"])
    for part in [*document.get("layers", []), *filter(None, [document.get("config")])]:
        place = session.post(f"{base}/blobs/uploads/")
        place.raise_for_status()
        done = session.put(
            place.headers["Location"], params={"digest": part["digest"]}, data=_blob(layout, part["digest"])
        )
        done.raise_for_status()
    kind = {"Content-Type": pointer["mediaType"]}
    session.put(f"{base}/manifests/{tag}", data=body, headers=kind).raise_for_status()


def _blob(layout: Path, digest: str) -> bytes:
    return (layout / "blobs" / digest.replace(":", "/")).read_bytes()


def _address(log: Path) -> str:
    found = re.search(rb"listening on (127\.0\.0\.1:\d+)", log.read_bytes())
    return found[1].decode() if found else ""
