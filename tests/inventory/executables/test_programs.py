"""Well-known programs: the words of each of them, real ones on this machine, and who owns them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscout.inventory import build
from envscout.inventory.executables.probe import HEAD
from envscout.inventory.executables.program_search import MAX_PLACES
from envscout.inventory.executables.programs import PROGRAMS, of
from envscout.inventory.keeping import prober
from envscout.model import Content, File
from envscout.names import programs as upstream
from tests.inventory.executables.programs import PAGE, codes, elf, names, read
from tests.inventory.files import DEBIAN, file, stanza

SAID = [
    ("usr/local/bin/python3.12", "x\0003.12.1\0x", "python 3.12.1"),
    ("usr/local/bin/python3.13", "x\0003.13.0rc2+\0x", "python 3.13.0rc2"),
    ("usr/local/lib/libpython3.7m.so.1.0", "x\0003.7.16\0x", "python 3.7.16"),
    ("root/.pyenv/versions/3.9.18/lib/libpython3.9.so.1.0", "x\0/root/.pyenv/versions/3.9.18\0", "python 3.9.18"),
    ("opt/pypy/bin/libpypy3.10-c.so", "[PyPy 7.3.17 with GCC 10.2.1]", "pypy 7.3.17"),
    ("usr/local/bin/node", "https://nodejs.org/download/release/v18.20.0/node-v18.20.0.tar.gz", "node 18.20.0"),
    ("usr/bin/node", "\0node.js/v20.20.2\0", "node 20.20.2"),
    ("usr/bin/deno", "OTel-OTLP-Exporter-Deno/0.82.0grpcdenover2.9.8Deno/2.9.8Deno/2.9.8+fe7ed01", "deno 2.9.8"),
    ("usr/local/bin/bun", "\0Bun v1.2.0 (b0c5a765) Linux x64\0", "bun 1.2.0"),
    ("usr/lib/dart/bin/dart", '"%s"\0003.3.4 (stable) (Tue Apr 16 19:56:12 2024 +0000) on', "dart 3.3.4"),
    ("usr/lib/dart/bin/dart", '"\0003.6.0-216.1.beta (beta) (Tue', "dart 3.6.0-216.1.beta"),
    ("usr/local/bin/php", "\0X-Powered-By: PHP/8.2.36\0", "php 8.2.36"),
    ("usr/local/sbin/php-fpm", "\0X-Powered-By: PHP/8.4.0RC1\0", "php 8.4.0RC1"),
    ("usr/local/bin/ruby", "ruby 3.1.7p261 (2025-03-26 revision 0a3704f218) [x86_64-linux]", "ruby 3.1.7"),
    ("usr/local/lib/libruby.so.3.4", "ruby 3.4.0preview1 (2024-05-16 master 9d69) [x", "ruby 3.4.0preview1"),
    ("usr/local/bin/perl", "SEED\0v5.36.0\0panic", "perl 5.36.0"),
    ("usr/bin/lua5.4", "$LuaVersion: Lua 5.4.4  Copyright (C) 1994-2022", "lua 5.4.4"),
    ("usr/local/bin/luajit", "LuaJIT 2.1.0-beta3 -- Copyright (C) 2005", "luajit 2.1.0-beta3"),
    (
        "usr/local/lib/erlang/erts-13.1.5/bin/beam.smp",
        "Erlang/OTP %s [erts] [jit:ns]\n\00025.2.3\0\0\0",
        "erlang 25.2.3",
    ),
    ("usr/local/julia/lib/libjulia-internal.so.1.10", "\0__init__\0001.10.2\0verify", "julia 1.10.2"),
    ("opt/ghc/9.4.7/bin/ghc-9.4.7", "\0GHC 9.4.7\0", "ghc 9.4.7"),
    ("usr/local/bin/swipl", "/build/swipl-9.1.2/src", "swipl 9.1.2"),
    ("usr/local/bin/rustc", "rustc version 1.95.0 (59807616e 2026-04-14)", "rust 1.95.0"),
    ("usr/local/bin/gcc", "GCC: (GNU) 12.3.0\0", "gcc 12.3.0"),
    ("usr/sbin/nginx", "\0nginx version: nginx/1.22.1\n", "nginx 1.22.1"),
    ("usr/local/openresty/nginx/sbin/nginx", "\0nginx version: openresty/1.21.4.1\n", "nginx 1.21.4"),
    ("usr/local/apache2/bin/httpd", "\0Apache/2.4.58 (Unix)\0", "httpd 2.4.58"),
    ("usr/sbin/lighttpd", "\0lighttpd/1.4.69\0", "lighttpd 1.4.69"),
    ("usr/local/sbin/haproxy", " version 2.6.12-1+deb12u4, released 2026/10/17", "haproxy 2.6.12"),
    ("usr/local/sbin/haproxy", "HAProxy version 2.9-dev3-1ba2a5f, released 2023/08/12", "haproxy 2.9-dev3"),
    ("usr/sbin/varnishd", "varnish-7.1.1 revision 7cee1c581bead20e88d101a", "varnish 7.1.1"),
    ("usr/sbin/squid", "\0squid/5.7\0", "squid 5.7"),
    ("usr/local/bin/memcached", "listen\0memcached 1.6.18\0", "memcached 1.6.18"),
    ("usr/local/bin/redis-server", "A\x007.0.14buildkitsandbox-1702957741000000000\0", "redis 7.0.14"),
    ("usr/local/bin/redis-server", "\0004.0.11841ce7054bd9-1542359302000000000\0", "redis 4.0.11"),
    ("usr/bin/redis-cli", "\0007.0.151790282056000000000\0", "redis 7.0.15"),
    ("usr/local/bin/redis-server", "Server started, Redis version 2.8.23", "redis 2.8.23"),
    ("usr/local/bin/valkey-server", "\x009.0.0buildkitsandbox-1764887574000000000\0", "valkey 9.0.0"),
    (
        "usr/lib/postgresql/15/bin/postgres",
        "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
        "postgresql 15.18",
    ),
    ("usr/local/bin/postgres", "postgres (PostgreSQL) 16beta2\n", "postgresql 16beta2"),
    ("usr/sbin/mysqld", "\x0010.11.19-MariaDB\0x86_64 /mysql-5.6.2/x.cc", "mariadb 10.11.19"),
    ("usr/sbin/mysqld", "/pb2/build/release/mysql-8.0.4-rc/mysys_ssl/my_default.cc", "mysql 8.0.4"),
    ("usr/sbin/mysqld", "/build/percona-server-8.0.36-28/sql/a.cc", "percona-server 8.0.36"),
    ("usr/sbin/mysqld", "/Percona-XtraDB-Cluster-8.0.35/sql/a.cc", "percona-xtradb-cluster 8.0.35"),
    ("usr/bin/xtrabackup", "/build/percona-xtrabackup-8.0.35-30/a.cc", "percona-xtrabackup 8.0.35"),
    ("usr/bin/mongod", "\x006.0.27\0tcmalloc\0", "mongodb 6.0.27"),
    ("usr/bin/mongod", "\x007.0.28\0\0heap_size\0", "mongodb 7.0.28"),
    ("usr/sbin/arangod", "3.11.8 [linux] 64bit", "arangodb 3.11.8"),
    ("fluent-bit/bin/fluent-bit", "\x003.0.2\0%sFluent Bit", "fluent-bit 3.0.2"),
    ("usr/sbin/proftpd", "\0ProFTPD Version 1.3.8b\0", "proftpd 1.3.8b"),
    ("usr/sbin/vsftpd", "vsftpd: version 3.0.3\n", "vsftpd 3.0.3"),
    ("usr/sbin/slapd", "@(#) $OpenLDAP: slapd 2.5.13 (Feb  8 2023", "openldap 2.5.13"),
    ("usr/sbin/named", "libisc-9.18.49-1-Debian.so\0", "bind 9.18.49"),
    ("usr/sbin/unbound", "\0unbound 1.17.1\0", "unbound 1.17.1"),
    ("usr/sbin/dnsmasq", "\0dnsmasq-2.90\0", "dnsmasq 2.90"),
    ("usr/sbin/sshd", "OpenSSH_9.2\0OpenSSH_9.2p1 Debian-2", "openssh 9.2p1"),
    ("usr/sbin/postconf", "\0mail_version=3.7.11\0", "postfix 3.7.11"),
    ("usr/sbin/exim4", "\x004.96\0<<eximversion>>\0", "exim 4.96"),
    ("usr/sbin/mosquitto", "\x002.0.11\0mosquitto version %s", "mosquitto 2.0.11"),
    ("usr/lib/libcrypto.so.50", "LibreSSL 3.8.2\0OpenSSL 2.0.0 11 Nov 2023", "libressl 3.8.2"),
    ("usr/bin/openssl", "\0OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\0", "aws-lc 1.69.0"),
    ("usr/bin/openssl", "\0OpenSSL 3.0.19 27 Jan 2026\0", "openssl 3.0.19"),
    ("app/x.libs/libcrypto-2ec2f0ef.so.1.1", "\0OpenSSL 1.1.1w  11 Sep 2023\0", "openssl 1.1.1w"),
    ("usr/lib64/libssl.so.10", "\0OpenSSL 1.0.2k-fips  26 Jan 2017\0", "openssl 1.0.2k"),
    ("bin/busybox", "BusyBox v1.35.0 (Debian 1:1.35.0-4)", "busybox 1.35.0"),
    ("bin/bash", "@(#)Bash version 5.2.15(1) release GNU\0", "bash 5.2.15"),
    ("usr/bin/getopt", "\0util-linux 2.38.1\0", "util-linux 2.38.1"),
    ("usr/bin/git", "git/2.39.5\0GIT_USER_AGENT", "git 2.39.5"),
    ("usr/bin/curl", "\0curl/7.88.1\0", "curl 7.88.1"),
    ("usr/lib/libcurl.so.4", "/\0libcurl/7.88.1\0", "libcurl 7.88.1"),
    ("usr/bin/jq", "Error: writing output failed: %s\n\x001.6\0", "jq 1.6"),
    ("bin/gzip", "%s: file size changed while zipping\n\0001.12\0\0", "gzip 1.12"),
    ("usr/bin/xz", "\0xz (XZ Utils) 5.4.1\0", "xz 5.4.1"),
    ("usr/bin/zstd", "\0v1.5.4\0Zstandard CLI\0", "zstd 1.5.4"),
    ("usr/lib/libz.so.1.2.13", " deflate 1.2.13 Copyright 1995-2022 Jean", "zlib 1.2.13"),
    ("usr/bin/ffmpeg", "\0%s version 5.1.9-0+deb12u1\0", "ffmpeg 5.1.9"),
    ("usr/lib/libavcodec.so.59", "\0FFmpeg version n7.0\0", "ffmpeg 7.0"),
    ("usr/lib/libQt6Core.so.6", "\0Qt 6.4.2 (x86_64-little_endian-lp64", "qtbase 6.4.2"),
]
# Program, the words that ask it for its version, and where the answer shows it.
REAL = [
    ("python3.11", "--version", r"Python (\S+)"),
    ("perl", "-v", r"\(v(\S+)\)"),
    ("bash", "--version", r"version ([0-9.]+)"),
    ("openssl", "version", r"OpenSSL (\S+)"),
    ("git", "--version", r"version (\S+)"),
    ("node", "--version", r"v(\S+)"),
    ("postgres", "--version", r"\) ([0-9.]+)"),
    ("curl", "--version", r"curl (\S+)"),
    ("gzip", "--version", r"gzip (\S+)"),
    ("xz", "--version", r"\) (\S+)"),
    ("zstd", "--version", r" v([0-9.]+)"),
    ("busybox", "--help", r"BusyBox v(\S+)"),
    ("nginx", "-v", r"nginx/(\S+)"),
    ("redis-cli", "--version", r"redis-cli (\S+)"),
]


def said(text: str) -> bytes:
    """Return a program with a text among its constants."""
    return elf(b"\0constants\0" + text.encode("latin-1") + b"\0", is_go=False)


@pytest.mark.parametrize(("path", "text", "expected"), SAID)
def test_a_program_says_its_version(path: str, text: str, expected: str) -> None:
    reading = read(path, said(text))
    assert (names(reading), codes(reading)) == ([tuple(expected.split(" "))], [])
    assert reading.records[0].type == "generic"
    assert not names(read("usr/bin/unheard-of", said(text)))


def test_every_row_has_an_example() -> None:
    assert {expected.split(" ")[0] for _, _, expected in SAID} == {program.name for program in PROGRAMS}
    assert set(upstream.UPSTREAM) <= {program.name for program in PROGRAMS} | {"openjdk"}


def test_names_that_only_look_alike() -> None:
    for path in ("usr/bin/nodetool", "usr/bin/bashful", "usr/bin/phpize.py", "lib/libssl3-doc", "usr/lib/python3.11/x"):
        assert not of(path), path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nginx version: ",
        "nginx version: nginx/x.y",
        "nginx version: " * 1000,
        "nginx/1.2.3",
        "\0nginx version:\n1.2.3",
    ],
)
def test_words_without_version_say_nothing(text: str) -> None:
    assert not names(read("usr/sbin/nginx", said(text)))


def test_after_too_many_places_nothing_is_said() -> None:
    late = "nginx version: x" * MAX_PLACES + "nginx version: nginx/1.2.3"
    assert not names(read("usr/sbin/nginx", said(late)))


@settings(max_examples=60, deadline=None)
@given(
    example=st.sampled_from(SAID),
    cuts=st.lists(st.integers(2 * PAGE, 7 * PAGE), max_size=6),
    pad=st.integers(0, 40_000),
)
def test_pieces_make_no_difference(example: tuple[str, str, str], cuts: list[int], pad: int) -> None:
    path, text, expected = example
    content = elf(bytes(40_000 + pad) + text.encode("latin-1") + b"\0 end", is_go=False)
    assert names(read(path, content, sorted(cuts))) == [tuple(expected.split(" "))]


def test_every_border() -> None:
    text = b"\0nginx version: nginx/1.22.1\n"
    content = elf(bytes(50_000) + text, is_go=False)
    start = content.index(text)
    for cut in range(start - 1, start + len(text) + 300):
        assert names(read("usr/sbin/nginx", content, [cut, cut + 1, cut + 2])) == [("nginx", "1.22.1")], cut


@pytest.mark.parametrize(("program", "question", "answer"), REAL)
def test_programs_of_this_machine(program: str, question: str, answer: str) -> None:
    place = shutil.which(program, path="/usr/bin:/usr/sbin:/bin:/usr/local/bin")
    found = Path(place).resolve() if place else None
    if not found or not of(str(found)) or not found.read_bytes().startswith(b"\x7fELF"):
        pytest.skip(f"{program} is not installed")
    told = subprocess.run([found, question], capture_output=True, text=True, check=False)
    version = re.search(answer, told.stdout + told.stderr)
    assert version
    assert [text for _, text in names(read(str(found)[1:], found.read_bytes()))] == [version[1]]


def test_what_a_distribution_installed_is_owned() -> None:
    status = stanza("python3.11-minimal", "3.11.2-6") + stanza("libc6", "2.36-9")
    database = [
        file("etc/os-release", DEBIAN),
        file("var/lib/dpkg/status", status),
        file("var/lib/dpkg/info/python3.11-minimal.md5sums", f"{'0' * 32}  usr/bin/python3.11\n"),
    ]
    theirs = _probed("usr/bin/python3.11", said("\0003.11.2\0"))
    ours = _probed("usr/local/bin/python3.12", said("\0003.12.1\0"))
    found = {each.version: each for each in build([*database, theirs, ours]).packages if each.type == "generic"}
    assert found["3.11.2"].owner.startswith("pkg:deb/debian/python3.11-minimal@3.11.2-6")
    assert found["3.12.1"].owner == ""
    assert found["3.12.1"].purl == "pkg:generic/python@3.12.1"
    replaced = File(theirs.path, (*theirs.contents, Content("1", _probed("", said("\0003.11.9\0"), theirs.path).data)))
    (changed,) = [each for each in build([*database, replaced]).packages if each.type == "generic"]
    assert (changed.version, changed.owner) == ("3.11.9", "")


def _probed(path: str, content: bytes, name: str = "") -> File:
    """Return a file of the lowest layer, as what a probe kept of it."""
    found = prober()(path or name, content[:HEAD], len(content))
    assert found
    found.feed(content)
    return File(path or name, (Content("0", found.done()),))
