"""A real docker engine that touches neither the machine's network nor any other engine."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers.program import need, run, running, unavailable


class Engine:
    """One running engine. host is the value of DOCKER_HOST (`unix:///...`)."""

    def __init__(self, host: str) -> None:
        self.host = host

    def docker(self, *words: str | Path, stdin: bytes = b"") -> str:
        """Run the docker client against this engine and return what it printed."""
        env = {**os.environ, "DOCKER_HOST": self.host}
        env.pop("DOCKER_CONTEXT", None)
        return run("docker", *words, stdin=stdin, env=env)

    def load(self, archive: Path) -> str:
        """Load a `docker save` archive and return what the client printed (`Loaded image: NAME`)."""
        return self.docker("load", "--quiet", "--input", archive)

    def load_layout(self, layout: Path, name: str, ref: str = "") -> None:
        """Load an image of an OCI layout under a name with a tag (`myorg/myapp:v1`)."""
        archive = layout.parent / f"{layout.name}.docker.tar"
        docker_archive(layout, archive, name, ref)
        self.load(archive)
        archive.unlink()


def docker_archive(layout: Path, archive: Path, name: str, ref: str = "") -> None:
    """Write an image of an OCI layout as `docker save` would."""
    need("skopeo")
    archive.unlink(missing_ok=True)
    source = f"oci:{layout}:{ref}" if ref else f"oci:{layout}"
    run("skopeo", "--insecure-policy", "copy", "--quiet", source, f"docker-archive:{archive}:{name}")


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    """Run an engine with an empty image store."""
    need("dockerd", "containerd", "docker")
    if os.geteuid() != 0:
        unavailable("dockerd needs root")
    # Not below pytest's folder: the path of a unix socket holds at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="es-"))
    socket = folder / "docker.sock"
    engine = Engine(f"unix://{socket}")
    argv = ["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--host", engine.host]
    argv += ["--config-file", str(folder / "none.json")]
    argv += ["--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")]
    argv += ["--pidfile", str(folder / "docker.pid")]
    (folder / "none.json").write_text("{}")
    try:
        with running(argv, folder / "docker.log", lambda: socket.exists() and _answers(engine)):
            yield engine
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _answers(engine: Engine) -> bool:
    with suppress(RuntimeError):
        engine.docker("version")
        return True
    return False
