"""Small rpm packages built with the real rpmbuild, and databases into which the real rpm installs them."""

import shutil
import subprocess
from pathlib import Path

import pytest

LAMP = """
Name: lamp
Epoch: 2
Version: 1.4
Release: 3.module_el8.6.0+10+abcdef12
Summary: A lamp
License: MIT
ModularityLabel: lamp:1:8060020220101:abcdef12
BuildArch: noarch
AutoReqProv: no
%description
A lamp.
%package libs
Summary: What lamps share
%description libs
What lamps share.
%package -n perl-Lamp
Summary: A module that is numbered for itself
Epoch: 0
Version: 0.9
%description -n perl-Lamp
A module.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/lib/lamp %{buildroot}/usr/share/perl5
echo lamp > %{buildroot}/usr/bin/lamp
echo library > %{buildroot}/usr/lib/lamp/liblamp.so.1
ln -s liblamp.so.1 %{buildroot}/usr/lib/lamp/liblamp.so
echo 1 > %{buildroot}/usr/share/perl5/Lamp.pm
%files
/usr/bin/lamp
%files libs
/usr/lib/lamp
%files -n perl-Lamp
/usr/share/perl5/Lamp.pm
"""

SHADE = """
Name: python3-shade
Version: 2.1.0
Release: 1
Summary: A shade
License: MIT and CC0-1.0
BuildArch: noarch
AutoReqProv: no
%description
A shade.
%install
folder=%{buildroot}/usr/lib/python3.9/site-packages
mkdir -p $folder/shade-2.1.0.dist-info $folder/moved-1.0.dist-info
printf 'Metadata-Version: 2.1\\nName: shade\\nVersion: 2.1.0\\n' > $folder/shade-2.1.0.dist-info/METADATA
printf 'Metadata-Version: 2.1\\nName: moved\\nVersion: 1.0\\n' > $folder/moved-1.0.dist-info/METADATA
%files
/usr/lib/python3.9/site-packages/*
"""

_PLAIN = ("debug_package %{nil}", "__os_install_post %{nil}", "_buildhost localhost")


def needed(program: str, package: str) -> str:
    """Return where a program is, or skip."""
    found = shutil.which(program)
    if not found:
        pytest.skip(f"{program} is missing: install {package}")
    return found


def packages(folder: Path) -> list[Path]:
    """Build the packages of both specifications."""
    rpmbuild = needed("rpmbuild", "rpm")
    for name, words in (("lamp", LAMP), ("shade", SHADE)):
        spec = folder / f"{name}.spec"
        spec.write_text(words.lstrip())
        defined = [word for each in (f"_topdir {folder}", *_PLAIN) for word in ("--define", each)]
        line = [rpmbuild, "-bb", "--quiet", *defined, str(spec)]
        subprocess.run(line, check=True, capture_output=True)
    return sorted(folder.rglob("*.rpm"))


def rpm(database: Path, *words: str) -> str:
    """Ask rpm about a database, in whatever format it is; return its answer."""
    kind = "sqlite" if (database / "rpmdb.sqlite").exists() or not (database / "Packages").exists() else "bdb_ro"
    line = [needed("rpm", "rpm"), "--define", f"_db_backend {kind}", "--dbpath", str(database), *words]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


def installed(database: Path) -> list[tuple[str, ...]]:
    """Return what rpm says is installed: name, epoch, version and release, architecture, source, licence, module."""
    fields = ("NAME", "EPOCHNUM", "VERSION}-%{RELEASE", "ARCH", "SOURCERPM", "LICENSE", "MODULARITYLABEL")
    answer = rpm(database, "-qa", "--queryformat", "\\t".join(f"%{{{field}}}" for field in fields) + "\\n")
    return sorted(tuple("" if word == "(none)" else word for word in line.split("\t")) for line in answer.splitlines())
