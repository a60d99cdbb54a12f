"""Build the images that the inventory is compared and measured on, as OCI layouts, from package registries alone.

    python bench/images.py --to FOLDER [NAME...]

What is already in FOLDER stays as it is: downloads, layers and images. Needs mmdebstrap, pip and npm, and for the
images `rpm` and `alpine` the folder ENVSCOUT_TEST_DATA. What cannot be built here is named with its reason. Layers are
shared between images, and compressed as docker does it (gzip, level 6).
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from images_pack import Blob, write_layout
from images_recipes import IMAGES, LAYERS
from images_sources import Missing


def main() -> None:
    """Build the images that are named, else all; print a line for each."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--to", type=Path, required=True, help="folder that the layouts are built in")
    wanted.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(IMAGES)}")
    options = wanted.parse_args()
    unknown = set(options.names) - set(IMAGES)
    if unknown:
        wanted.error(f"no such image: {', '.join(sorted(unknown))}")
    built = [build(options.to, name) for name in options.names or IMAGES]
    sys.exit(0 if all(built) else 1)


def build(to: Path, name: str) -> bool:
    """Build one image below a folder, and print what it is; return whether it is there."""
    try:
        layers = [_layer(to, layer) for layer in IMAGES[name]]
    except Missing as reason:
        print(f"{name:8} not built: {reason}", flush=True)
        return False
    except subprocess.CalledProcessError as error:
        print(f"{name:8} not built: {' '.join(error.cmd[:3])} failed: {str(error.stderr)[-400:]}", flush=True)
        return False
    if not (to / name / "index.json").exists():
        write_layout(to / name, name, layers, "arm64" if name == "rpm" else "amd64")
    plain, stored = (sum(each) / 1e6 for each in zip(*((layer.plain, layer.size) for layer in layers), strict=True))
    print(f"{name:8} {plain:7.0f} MB unpacked {stored:7.0f} MB stored {len(layers):3} layers  {to / name}", flush=True)
    return True


def _layer(to: Path, name: str) -> Blob:
    """Return a layer, made once and kept."""
    folder, cache = to / ".layers", to / ".downloads"
    for each in (folder, cache):
        each.mkdir(parents=True, exist_ok=True)
    path, facts = folder / f"{name}.tar.gz", folder / f"{name}.json"
    if not facts.exists():
        created_by, make = LAYERS[name]
        blob = make(cache, path, created_by)
        facts.write_text(json.dumps(blob._replace(path=Path())._asdict(), default=str), encoding="utf-8")
    return Blob(**{**json.loads(facts.read_text(encoding="utf-8")), "path": path})


if __name__ == "__main__":
    main()
