"""What is in an image: envscout's answer beside those of syft and trivy, and what each of them costs.

    python bench/inventory.py --images FOLDER [--times 5] [--only compare|measure|curve] [NAME...]

Builds the images that are not in FOLDER yet (bench/images.py); any other layout in FOLDER can be named as well. Then,
for each: the comparison, package by package (bench/inventory_compare.py), with the lists in FOLDER/.answers; and
medians of wall time, CPU time and peak memory, from the layout and from a registry on loopback, on a fresh store and on
one that knows the image, beside the peers and the floor (bench/inventory_floor.py). At last the curve: what a further
version of an image costs that shares its base layers. The peers come from wheels of PyPI; --no-peers leaves them out,
and then nothing can be compared. Exit code 1: a package that a peer lists is MISSING without a reason.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import images
from images_recipes import IMAGES
from inventory_compare import compare, of_envscout, of_peer, private_manifests, report
from inventory_measure import Case, cases, measure, run, table
from inventory_peers import Lister, binary, envscout, floor, syft, trivy
from measure import heading

_STEPS = ("compare", "measure", "curve")
_CURVE = ("v1", "v2", "v3", "v4", "v5")
_SHOWN = 20
_LARGE = 100_000_000

Push = Callable[[Path], str]
"""Called with a layout; returns `HOST/NAME:TAG` of the image in the registry, "" where there is none."""


def main() -> None:
    """Do what is asked for each image; print."""
    options = _options()
    heading()
    peers = [] if options.no_peers else _peers(options)
    missing = 0
    with tempfile.TemporaryDirectory(prefix="envscout-bench-") as folder, _registry(Path(folder)) as push:
        home = Path(folder) / "home"
        for name in options.names:
            layout = options.images / name
            if not _there(layout):
                continue
            if "compare" in options.only:
                missing += sum(_compare(layout, peer, home, options.images / ".answers") for peer in peers)
            if "measure" in options.only:
                run(envscout(home).layout(layout))
                wanted = cases([floor(), *peers], envscout(home), home, layout, push(layout))
                print("\n".join(table(measure(wanted, options.times), _unpacked(layout) > _LARGE)), flush=True)
        if "curve" in options.only and all(_there(options.images / name) for name in _CURVE):
            _curve(options.images, home, options.times)
    sys.exit(1 if missing else 0)


def _options() -> Any:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--images", type=lambda text: Path(text).resolve(), required=True, help="see bench/images.py")
    wanted.add_argument("--times", type=int, default=5, help="runs of each")
    wanted.add_argument("--only", action="append", choices=_STEPS, help="leave out the other steps; repeatable")
    wanted.add_argument("--syft", default="", help="program, else from the PATH, else from PyPI")
    wanted.add_argument("--trivy", default="", help="program, else from the PATH, else from PyPI")
    wanted.add_argument("--no-peers", action="store_true", help="neither compare nor measure syft and trivy")
    wanted.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(IMAGES)}")
    options = wanted.parse_args()
    unknown = [name for name in options.names if name not in IMAGES and not (options.images / name).is_dir()]
    if unknown:
        wanted.error(f"no such image: {', '.join(unknown)}")
    options.only = options.only or _STEPS
    if options.only != ["curve"]:
        options.names = options.names or [name for name in IMAGES if name not in _CURVE]
    return options


def _peers(options: Any) -> list[Lister]:
    """Return the peers that can be had."""
    kept = options.images / ".peers"
    makers: dict[str, Callable[[str], Lister]] = {"syft": syft, "trivy": partial(trivy, cache=kept / "cache")}
    found = {name: binary(name, getattr(options, name), kept) for name in makers}
    for name in (name for name, path in found.items() if not path):
        print(f"# {name}: not to be had here")
    return [makers[name](path) for name, path in found.items() if path]


@contextmanager
def _registry(folder: Path) -> Iterator[Push]:
    """Run the registry that the tests use, if it is installed."""
    if not (shutil.which("docker-registry") and shutil.which("skopeo")):
        print("# docker-registry or skopeo is not installed: from layouts only")
        yield lambda _: ""
        return
    sys.path.append(str(Path(__file__).parents[1]))
    from tests.servers.registry import Registry, serving

    with serving(folder) as host:
        registry = Registry(host, folder)

        def push(layout: Path) -> str:
            name = f"bench/{layout.name}:latest"
            registry.push(layout, name)
            return f"{host}/{name}"

        yield push


def _compare(layout: Path, peer: Lister, home: Path, answers: Path) -> int:
    """Print how the product's list and a peer's differ; return how many packages are missing.

    The answers of peers are kept: neither they nor the images change.
    """
    answers.mkdir(exist_ok=True)
    ours, theirs = (answers / f"{layout.name}.{name}.json" for name in ("envscout", peer.name))
    shutil.rmtree(home, ignore_errors=True)
    run(envscout(home).layout(layout), ours)
    if not theirs.exists():
        run(peer.layout(layout), theirs)
    beside = answers / f"{layout.name}.syft.json"
    private = private_manifests(json.loads(beside.read_bytes())) if beside.exists() else ()
    documents = (json.loads(path.read_bytes()) for path in (ours, theirs))
    result = compare(of_envscout(next(documents)), of_peer(next(documents), private))
    whole = answers / f"{layout.name}.{peer.name}.txt"
    whole.write_text("\n".join(report(result)) + "\n", encoding="utf-8")
    print("\n".join([f"  beside {peer.name}; in full: {whole}", *report(result, _SHOWN)]), flush=True)
    return len(result.missing)


def _curve(folder: Path, home: Path, times: int) -> None:
    """Print what each version costs after the one before it, beside what it costs alone."""
    after, alone = envscout(home / "after"), envscout(home / "alone")
    wanted, new = [], {}
    for name, previous in zip(_CURVE, (None, *_CURVE), strict=False):
        first = partial(shutil.rmtree, home / "after", ignore_errors=True) if previous is None else _nothing
        wanted.append(Case(name, after.layout(folder / name), first))
        fresh = partial(shutil.rmtree, home / "alone", ignore_errors=True)
        wanted.append(Case(f"{name} alone", alone.layout(folder / name), fresh))
        known = _layers(folder / previous) if previous else {}
        new[name] = sum(size for digest, size in _layers(folder / name).items() if digest not in known)
    costs = measure(wanted, times)
    for name in _CURVE:
        one, whole = costs[name], costs[f"{name} alone"]
        print(
            f"{name} {new[name] / 1e6:8.1f} MB of new layers {one.wall:7.2f} s {one.cpu:7.2f} s cpu"
            f"   alone {whole.wall:7.2f} s {whole.cpu:7.2f} s cpu"
        )


def _there(layout: Path) -> bool:
    """Return whether a layout is there, built if need be; print what it is."""
    if not (layout / "index.json").exists():
        return images.build(layout.parent, layout.name)
    layers = _layers(layout)
    stored, plain = sum(layers.values()) / 1e6, _unpacked(layout) / 1e6
    print(f"{layout.name:8} {plain:7.0f} MB unpacked {stored:7.0f} MB stored {len(layers):3} layers", flush=True)
    return True


def _unpacked(layout: Path) -> int:
    """Return the size of all layers together, inflated: RFC 1952 2.3.1, ISIZE."""
    total = 0
    for digest in _layers(layout):
        with (layout / "blobs" / digest.replace(":", "/")).open("rb") as blob:
            blob.seek(-4, 2)
            total += int.from_bytes(blob.read(4), "little")
    return total


def _layers(layout: Path) -> dict[str, int]:
    """Return the stored size of each layer."""
    index = json.loads((layout / "index.json").read_bytes())
    blobs = layout / "blobs"
    manifest = json.loads((blobs / index["manifests"][0]["digest"].replace(":", "/")).read_bytes())
    return {layer["digest"]: layer["size"] for layer in manifest["layers"]}


def _nothing() -> None:
    """Leave everything as it is."""


if __name__ == "__main__":
    main()
