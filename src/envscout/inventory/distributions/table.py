"""The databases of distributions: what is installed, and which files came with it."""

from envscout.inventory.cataloguer import Cataloguer

_RPM_FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")

DISTRIBUTIONS = (
    Cataloguer(
        "dpkg", "2", ("var/lib/dpkg/status", "var/lib/dpkg/status.d/*"), "distributions.dpkg", ("deb",), database=True
    ),
    Cataloguer(
        "dpkg-files",
        "1",
        ("var/lib/dpkg/info/*.md5sums", "var/lib/dpkg/info/*.list"),
        "distributions.dpkg_files",
    ),
    Cataloguer(
        "apk", "2", ("lib/apk/db/installed", "usr/lib/apk/db/installed"), "distributions.apk", ("apk",), database=True
    ),
    Cataloguer(
        "rpm",
        "1",
        tuple(f"{folder}/{file}" for folder in _RPM_FOLDERS for file in ("rpmdb.sqlite", "Packages.db", "Packages")),
        "distributions.rpm",
        ("rpm",),
        database=True,
        large=True,
    ),
    Cataloguer(
        "sqlite-log",
        "1",
        (*(f"{folder}/rpmdb.sqlite-wal" for folder in _RPM_FOLDERS), "nix/var/nix/db/db.sqlite-wal"),
        "distributions.sqlite_log",
        large=True,
    ),
    Cataloguer(
        "rpm-manifest",
        "1",
        ("var/lib/rpmmanifest/container-manifest-2",),
        "distributions.rpm_manifest",
        ("rpm",),
        database=True,
    ),
    Cataloguer(
        "pacman",
        "1",
        ("var/lib/pacman/local/*/desc",),
        "distributions.pacman",
        ("alpm",),
        database=True,
        unmatched="OSV has no ecosystem for Arch Linux",
    ),
    Cataloguer("pacman-files", "1", ("var/lib/pacman/local/*/mtree",), "distributions.pacman_files"),
    Cataloguer(
        "portage",
        "1",
        ("var/db/pkg/*/*/CONTENTS",),
        "distributions.portage",
        ("ebuild",),
        database=True,
        unmatched="OSV has no ecosystem for Gentoo",
    ),
    Cataloguer(
        "opkg",
        "1",
        ("usr/lib/opkg/status", "var/lib/opkg/status", "opt/lib/opkg/status"),
        "distributions.opkg",
        ("opkg",),
        database=True,
        unmatched="OSV has no ecosystem for opkg, and OpenWrt and Yocto number packages each in their own way",
    ),
    Cataloguer(
        "nix",
        "1",
        ("nix/var/nix/db/db.sqlite",),
        "distributions.nix",
        ("nix",),
        database=True,
        unmatched="OSV has no ecosystem for Nix packages",
        large=True,
    ),
    Cataloguer(
        "snap",
        "1",
        ("snap/*/*/meta/snap.yaml", "var/lib/snapd/snap/*/*/meta/snap.yaml"),
        "distributions.snap",
        ("snap",),
        unmatched="OSV has no ecosystem for snaps",
    ),
    Cataloguer(
        "flatpak",
        "1",
        ("var/lib/flatpak/app/*/*/*/*/deploy", "var/lib/flatpak/runtime/*/*/*/*/deploy"),
        "distributions.flatpak",
        ("flatpak",),
        unmatched="OSV has no ecosystem for Flatpak applications",
    ),
)
