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
    ),
    Cataloguer("rpm-log", "1", tuple(f"{folder}/rpmdb.sqlite-wal" for folder in _RPM_FOLDERS), "distributions.rpm_log"),
    Cataloguer(
        "rpm-manifest",
        "1",
        ("var/lib/rpmmanifest/container-manifest-2",),
        "distributions.rpm_manifest",
        ("rpm",),
        database=True,
    ),
)
