"""What the sample images hold: packages of real distributions and indexes, in versions that were really published."""

import msgspec

from envscout.demo.databases import Apk, Deb, Npm, Wheel


class Alpine(msgspec.Struct, frozen=True):
    """A release of Alpine and what its minimal image holds of interest here."""

    release: str
    packages: tuple[Apk, ...]


ALPINE = {"name": "Alpine Linux", "id": "alpine", "pretty_name": "Alpine Linux v3.22"}
DEBIAN = {
    "pretty_name": "Debian GNU/Linux 12 (bookworm)",
    "name": "Debian GNU/Linux",
    "version_id": "12",
    "version": "12 (bookworm)",
    "version_codename": "bookworm",
    "id": "debian",
}

ALPINE_3_22_0 = Alpine(
    "3.22.0",
    (
        Apk("alpine-baselayout", "3.7.0-r0", "GPL-2.0-only"),
        Apk("alpine-release", "3.22.0-r0", "MIT", "alpine-base"),
        Apk("busybox", "1.37.0-r18", "GPL-2.0-only", files=("bin/busybox",)),
        Apk("libcrypto3", "3.5.0-r0", "Apache-2.0", "openssl", ("usr/lib/libcrypto.so.3",)),
        Apk("libssl3", "3.5.0-r0", "Apache-2.0", "openssl", ("usr/lib/libssl.so.3",)),
        Apk("musl", "1.2.5-r10", "MIT", files=("lib/ld-musl-x86_64.so.1",)),
        Apk("zlib", "1.3.1-r2", "Zlib", files=("usr/lib/libz.so.1.3.1",)),
    ),
)
ALPINE_3_22_2 = Alpine(
    "3.22.2",
    (
        Apk("alpine-baselayout", "3.7.0-r0", "GPL-2.0-only"),
        Apk("alpine-release", "3.22.2-r0", "MIT", "alpine-base"),
        Apk("busybox", "1.37.0-r19", "GPL-2.0-only", files=("bin/busybox",)),
        Apk("libcrypto3", "3.5.4-r0", "Apache-2.0", "openssl", ("usr/lib/libcrypto.so.3",)),
        Apk("libssl3", "3.5.4-r0", "Apache-2.0", "openssl", ("usr/lib/libssl.so.3",)),
        Apk("musl", "1.2.5-r10", "MIT", files=("lib/ld-musl-x86_64.so.1",)),
        Apk("zlib", "1.3.1-r2", "Zlib", files=("usr/lib/libz.so.1.3.1",)),
    ),
)
NODE = (Apk("nodejs", "22.16.0-r2", "MIT", files=("usr/bin/node",)),)
PYTHON = (Apk("sqlite-libs", "3.49.2-r1", "blessing", "sqlite", ("usr/lib/libsqlite3.so.0",)),)

_LIB = "/usr/lib/x86_64-linux-gnu"
_CERTIFI = "/usr/lib/python3/dist-packages/certifi-2022.9.24.egg-info/PKG-INFO"

BOOKWORM_12_1 = (
    Deb("base-files", "12.4+deb12u1", files=("/etc/debian_version",)),
    Deb("bash", "5.2.15-2+b2", "bash (5.2.15-2)", ("/bin/bash",)),
    Deb("coreutils", "9.1-1", files=("/bin/ls",)),
    Deb("dpkg", "1.21.22", files=("/usr/bin/dpkg",)),
    Deb("libc6", "2.36-9+deb12u1", "glibc", (f"{_LIB}/libc.so.6",)),
    Deb("libc-bin", "2.36-9+deb12u1", "glibc", ("/usr/bin/ldd",)),
    Deb("libexpat1", "2.5.0-1", "expat", (f"{_LIB}/libexpat.so.1.8.10",)),
    Deb("libgcc-s1", "12.2.0-14", "gcc-12", (f"{_LIB}/libgcc_s.so.1",)),
    Deb("libssl3", "3.0.9-1", "openssl", (f"{_LIB}/libssl.so.3",)),
    Deb("zlib1g", "1:1.2.13.dfsg-1", "zlib", (f"{_LIB}/libz.so.1.2.13",)),
)
BOOKWORM_12_11 = (
    Deb("base-files", "12.4+deb12u11", files=("/etc/debian_version",)),
    Deb("bash", "5.2.15-2+b8", "bash (5.2.15-2)", ("/bin/bash",)),
    Deb("coreutils", "9.1-1", files=("/bin/ls",)),
    Deb("dpkg", "1.21.22", files=("/usr/bin/dpkg",)),
    Deb("libc6", "2.36-9+deb12u10", "glibc", (f"{_LIB}/libc.so.6",)),
    Deb("libc-bin", "2.36-9+deb12u10", "glibc", ("/usr/bin/ldd",)),
    Deb("libexpat1", "2.5.0-1+deb12u1", "expat", (f"{_LIB}/libexpat.so.1.8.10",)),
    Deb("libgcc-s1", "12.2.0-14+deb12u1", "gcc-12", (f"{_LIB}/libgcc_s.so.1",)),
    Deb("libssl3", "3.0.16-1~deb12u1", "openssl", (f"{_LIB}/libssl.so.3",)),
    Deb("zlib1g", "1:1.2.13.dfsg-1", "zlib", (f"{_LIB}/libz.so.1.2.13",)),
)
API_LIBRARIES_OLD = (
    Deb("curl", "7.88.1-10", files=("/usr/bin/curl",)),
    Deb("libcurl4", "7.88.1-10", "curl", (f"{_LIB}/libcurl.so.4.8.0",)),
    Deb("libnghttp2-14", "1.52.0-1", "nghttp2", (f"{_LIB}/libnghttp2.so.14.24.1",)),
    Deb("libwebp7", "1.2.4-0.2", "libwebp", (f"{_LIB}/libwebp.so.7.1.5",)),
    Deb("python3-certifi", "2022.9.24-1", "python-certifi", (_CERTIFI,), "all"),
)
API_LIBRARIES_NEW = (
    Deb("curl", "7.88.1-10+deb12u12", files=("/usr/bin/curl",)),
    Deb("libcurl4", "7.88.1-10+deb12u12", "curl", (f"{_LIB}/libcurl.so.4.8.0",)),
    Deb("libnghttp2-14", "1.52.0-1+deb12u2", "nghttp2", (f"{_LIB}/libnghttp2.so.14.24.1",)),
    Deb("libwebp7", "1.2.4-0.2+deb12u1", "libwebp", (f"{_LIB}/libwebp.so.7.1.5",)),
    Deb("python3-certifi", "2022.9.24-1", "python-certifi", (_CERTIFI,), "all"),
)
# Debian ships its own certifi: the package of the distribution owns it, so that PyPI's advisories do not speak of it.
OWNED_BY_DEBIAN = {
    _CERTIFI.lstrip("/"): b"Metadata-Version: 2.1\nName: certifi\nVersion: 2022.9.24\nLicense: MPL-2.0\n"
}

API_OLD = (
    Wheel("Django", "4.2.7", "BSD-3-Clause", "django"),
    Wheel("Jinja2", "3.1.2", "BSD-3-Clause", "jinja2"),
    Wheel("certifi", "2023.7.22", "MPL-2.0", "certifi"),
    Wheel("gunicorn", "21.2.0", "MIT", "gunicorn"),
    Wheel("requests", "2.31.0", "Apache-2.0", "requests"),
    Wheel("urllib3", "2.0.7", "MIT", "urllib3"),
)
API_NEW = (
    Wheel("Django", "4.2.16", "BSD-3-Clause", "django"),
    Wheel("Jinja2", "3.1.4", "BSD-3-Clause", "jinja2"),
    Wheel("certifi", "2024.7.4", "MPL-2.0", "certifi"),
    Wheel("gunicorn", "22.0.0", "MIT", "gunicorn"),
    Wheel("requests", "2.32.3", "Apache-2.0", "requests"),
    Wheel("urllib3", "2.2.2", "MIT", "urllib3"),
)
WORKER_OLD = (
    Wheel("aiohttp", "3.9.1", "Apache-2.0", "aiohttp"),
    Wheel("pillow", "10.0.0", "HPND", "PIL"),
    Wheel("yarl", "1.9.4", "Apache-2.0", "yarl"),
)
WORKER_NEW = (
    Wheel("aiohttp", "3.10.1", "Apache-2.0", "aiohttp"),
    Wheel("pillow", "10.0.0", "HPND", "PIL"),
    Wheel("yarl", "1.9.4", "Apache-2.0", "yarl"),
)
FRONTEND_OLD = (
    Npm("axios", "0.27.2", "MIT"),
    Npm("express", "4.19.2", "MIT"),
    Npm("lodash", "4.17.20", "MIT"),
    Npm("minimist", "1.2.5", "MIT"),
    Npm("sharp", "0.32.5", "Apache-2.0"),
    Npm("semver", "7.5.4", "ISC", "sharp"),
)
FRONTEND_NEW = (
    Npm("axios", "1.6.8", "MIT"),
    Npm("express", "4.19.2", "MIT"),
    Npm("lodash", "4.17.21", "MIT"),
    Npm("minimist", "1.2.8", "MIT"),
    Npm("sharp", "0.32.6", "Apache-2.0"),
    Npm("semver", "7.5.4", "ISC", "sharp"),
)
