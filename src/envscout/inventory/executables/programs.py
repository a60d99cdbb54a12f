"""Well-known programs that no package manager installed, and the words in which each of them says its version.

A row holds the name of a program as in `pkg:generic/NAME`, the names its file may have, where `*` stands for anything,
and marks: words to search for, and what the version around them looks like, whose first group is the version. Where `%`
stands in a mark, it is the first number in the file's name. Words are long where they can be, since each of them is
searched for in the whole file. Rows are in order: where several fit a file, the first that finds its version counts.
"""

import re
from functools import cache

import msgspec


class Mark(msgspec.Struct, frozen=True):
    """Words, and the shape of the version around them, a regular expression."""

    words: bytes
    shape: bytes


class Program(msgspec.Struct, frozen=True):
    """One program."""

    name: str
    files: tuple[str, ...]
    marks: tuple[Mark, ...]


def _row(name: str, files: str, *marks: tuple[bytes, bytes]) -> Program:
    return Program(name, tuple(files.split()), tuple(Mark(words, shape) for words, shape in marks))


_THREE = rb"([0-9]+\.[0-9]+\.[0-9]+)"
_SOME = rb"([0-9]+(?:\.[0-9]+)+)"
# Redis ends its version, without anything between them, with host, time and commit of the build, which for a release is
# zeros: `7.0.15buildkitsandbox-1702957741000000000`.
_REDIS = (
    b"000000000",
    rb"(?<![0-9.])([0-9]+\.[0-9]+\.[0-9]{1,3}?)(?:[0-9a-f]{12}-|[A-Za-z][A-Za-z0-9_.-]*-)?[0-9]{10}0{9}",
)
_MYSQL = rb"([0-9]+\.[0-9]+\.[0-9]+)[-/a-zA-Z0-9.]*/"
_OPENSSL = rb"([0-9]+\.[0-9]+\.[0-9]+[a-z]{0,2}(?:-(?:alpha|beta)[0-9]+)?)[-+a-z.0-9]* +[0-9]{1,2} [A-Z][a-z]{2} 2"
_RUBY = rb"ruby ([0-9]+\.[0-9]+\.[0-9]+(?:(?:preview|rc|dev)[0-9]*)?)(?:p-?[0-9]+)? \(2[0-9]{3}-"
_RUST = rb"rustc version ([0-9]+\.[0-9]+\.[0-9]+(?:-[a-z0-9.]+)?) \("
_DART = rb"\0([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9]+\.[0-9]+\.(?:beta|dev))?) \((?:stable|beta|dev)\) \("

PROGRAMS = (
    # Languages.
    _row(
        "python",
        "python[0-9].* libpython[0-9].*.so*",
        (b"\0%.", rb"\0(%\.[0-9]+(?:(?:a|b|rc)[0-9]+)?)\+?\0"),
        (b"/versions/%.", rb"/versions/(%\.[0-9]+)\0"),
    ),
    _row("pypy", "pypy* libpypy*.so*", (b"[PyPy ", rb"\[PyPy " + _THREE)),
    _row(
        "node",
        "node nodejs libnode.so*",
        (b"nodejs.org/download/release/v", rb"/release/v" + _THREE + rb"/node-v"),
        (b"node.js/v", rb"node\.js/v" + _THREE),
    ),
    _row("deno", "deno", (b"Deno/", rb"(?<!-)Deno/" + _THREE)),
    _row("bun", "bun", (b"Bun v", rb"Bun v([0-9]+\.[0-9]+\.[0-9]+(?:-canary[0-9.]*)?) \(")),
    _row("dart", "dart", (b" (stable) (", _DART), (b" (beta) (", _DART), (b" (dev) (", _DART)),
    _row(
        "php",
        "php php[0-9]* php-cli* php-cgi* php-fpm* libphp*.so",
        (b"X-Powered-By: PHP/", rb"PHP/([0-9]+\.[0-9]+\.[0-9]+(?:(?:alpha|beta|RC)[0-9]+)?)"),
    ),
    _row("ruby", "ruby ruby[0-9]* libruby*.so*", (b"ruby ", _RUBY)),
    _row("perl", "perl perl[0-9]* libperl.so*", (b"\0v5.", rb"\0v(5\.[0-9]+\.[0-9]+)\0")),
    _row("lua", "lua lua[0-9]* liblua*.so*", (b"$LuaVersion: Lua ", rb"Lua " + _SOME)),
    _row("luajit", "luajit* libluajit*.so*", (b"LuaJIT ", rb"LuaJIT ([0-9]+\.[0-9]+\.[0-9]+(?:-beta[0-9]+)?)")),
    _row("erlang", "beam beam.smp", (b"Erlang/OTP", rb"Erlang/OTP[^\0]{1,160}\0+" + _SOME + rb"(?:-rc[0-9]+)?\0")),
    _row("julia", "libjulia-internal.so*", (b"__init__\0", rb"__init__\0" + _THREE + rb"\0verify")),
    _row("ghc", "ghc ghc-[0-9]*", (b"\0GHC ", rb"\0GHC " + _THREE + rb"\0")),
    _row("swipl", "swipl libswipl.so*", (b"swipl-", rb"/swipl-" + _THREE + rb"/")),
    _row("rust", "rustc librustc_driver-*.so libstd-*.so", (b"rustc version ", _RUST)),
    _row("gcc", "gcc", (b"GCC: (GNU) ", rb"GCC: \(GNU\) " + _THREE + rb"\0")),
    # Servers.
    _row("nginx", "nginx openresty", (b"nginx version: ", rb"nginx version: [A-Za-z]+/" + _THREE)),
    _row("httpd", "httpd apache2", (b"Apache/2.", rb"Apache/(2\.[0-9]+\.[0-9]+)")),
    _row("lighttpd", "lighttpd", (b"lighttpd/1.", rb"lighttpd/(1\.[0-9]+\.[0-9]+)")),
    _row("haproxy", "haproxy", (b", released 2", rb" version ([0-9]+\.[0-9]+(?:\.|-dev|-rc)[0-9]+)[^,\0]*, rel")),
    _row("varnish", "varnishd", (b"varnish-", rb"varnish-" + _SOME + rb" revision ")),
    _row("squid", "squid", (b"squid/", rb"\0squid/" + _SOME + rb"\0")),
    _row("memcached", "memcached", (b"memcached 1.", rb"memcached (1\.[0-9]+\.[0-9]+)")),
    _row(
        "redis",
        "redis-server redis-sentinel redis-cli redis-check-rdb redis-check-aof redis-benchmark",
        _REDIS,
        (b"Server started, Redis version ", rb"Redis version " + _THREE),
    ),
    _row("valkey", "valkey-server valkey-sentinel valkey-cli valkey-check-rdb valkey-check-aof", _REDIS),
    _row(
        "postgresql",
        "postgres",
        (b"postgres (PostgreSQL) ", rb"\(PostgreSQL\) ([0-9]+(?:\.[0-9]+)*(?:(?:beta|rc)[0-9]+)?)"),
    ),
    _row(
        "mariadb",
        "mariadb mariadbd mysql mysqld",
        (b"-MariaDB\0", rb"\0" + _THREE + rb"(?:-[0-9]+)?-MariaDB\0"),
    ),
    _row(
        "percona-xtradb-cluster", "mysql mysqld", (b"/Percona-XtraDB-Cluster-", rb"/Percona-XtraDB-Cluster-" + _MYSQL)
    ),
    _row("percona-server", "mysql mysqld", (b"/percona-server-", rb"/percona-server-" + _MYSQL)),
    _row("mysql", "mysql mysqld", (b"/mysql-", rb"/mysql-" + _MYSQL)),
    _row("percona-xtrabackup", "xtrabackup", (b"/percona-xtrabackup-", rb"/percona-xtrabackup-" + _MYSQL)),
    _row(
        "mongodb",
        "mongod mongos",
        (b"\0tcmalloc", _THREE + rb"\0+tcmalloc"),
        (b"\0heap_size", _THREE + rb"\0+heap_size"),
        (b"\0cppdefines", _THREE + rb"\0+cppdefines"),
    ),
    _row(
        "arangodb",
        "arangod arangosh",
        (b" [linux]", rb"([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9]+)?) (?:enterprise )?\[linux\]"),
    ),
    _row("fluent-bit", "fluent-bit", (b"Fluent Bit", rb"\0" + _THREE + rb"\0+(?:\x1b\[1m\0)?(?:%s)?Fluent Bit")),
    _row("proftpd", "proftpd", (b"ProFTPD Version ", rb"ProFTPD Version ([0-9]+\.[0-9]+\.[0-9]+[a-z]?)")),
    _row("vsftpd", "vsftpd", (b"vsftpd: version ", rb"vsftpd: version " + _SOME)),
    _row("openldap", "slapd ldapsearch", (b"$OpenLDAP: ", rb"\$OpenLDAP: [a-z]+ " + _THREE)),
    _row("bind", "named", (b"libisc-9.", rb"libisc-(9\.[0-9]+\.[0-9]+)")),
    _row("unbound", "unbound", (b"unbound ", rb"\0unbound " + _SOME + rb"\0")),
    _row("dnsmasq", "dnsmasq", (b"dnsmasq-", rb"\0dnsmasq-" + _SOME)),
    _row("openssh", "sshd ssh", (b"OpenSSH_", rb"OpenSSH_([0-9]+\.[0-9]+p[0-9]+)")),
    _row("postfix", "postconf", (b"mail_version=", rb"mail_version=" + _SOME)),
    _row("exim", "exim exim4", (b"<<eximversion>>", rb"\0" + _SOME + rb"\0<<eximversion>>")),
    _row("mosquitto", "mosquitto", (b"mosquitto version %s", rb"\0" + _THREE + rb"\0mosquitto version %s")),
    # Tools and libraries.
    _row("libressl", "openssl libssl*.so* libcrypto*.so*", (b"LibreSSL ", rb"LibreSSL " + _THREE)),
    _row("aws-lc", "openssl libssl*.so* libcrypto*.so*", (b"AWS-LC ", rb"AWS-LC " + _THREE)),
    _row("openssl", "openssl libssl*.so* libcrypto*.so*", (b"OpenSSL ", rb"OpenSSL " + _OPENSSL)),
    _row("busybox", "busybox*", (b"BusyBox v", rb"BusyBox v" + _THREE)),
    _row("bash", "bash", (b"@(#)Bash version ", rb"Bash version " + _THREE + rb"\(")),
    _row("util-linux", "getopt", (b"util-linux ", rb"\0util-linux " + _SOME + rb"\0")),
    _row("git", "git", (b"git/", rb"git/" + _THREE + rb"[0-9A-Za-z.+~-]*\0")),
    _row("curl", "curl", (b"curl/", rb"\0curl/" + _THREE)),
    _row("libcurl", "libcurl.so* libcurl-*.so*", (b"libcurl/", rb"libcurl/" + _THREE)),
    _row("jq", "jq", (b"writing output failed: %s\n", rb"failed: %s\n\0(1\.[0-9]+(?:\.[0-9]+)?)\0")),
    _row("gzip", "gzip", (b"while zipping\n\0", rb"while zipping\n\0+" + _SOME + rb"\0")),
    _row("xz", "xz", (b"xz (XZ Utils) ", rb"\(XZ Utils\) " + _THREE)),
    _row("zstd", "zstd", (b"\0Zstandard CLI", rb"v" + _THREE + rb"\0Zstandard CLI")),
    _row("zlib", "libz.so* libz-*.so*", (b" deflate 1.", rb" deflate (1\.[0-9]+(?:\.[0-9]+)*) Copyright")),
    _row("ffmpeg", "ffmpeg ffprobe", (b"%s version ", rb"%s version n?([0-9]+\.[0-9]+(?:\.[0-9]+)?)")),
    _row(
        "ffmpeg",
        "libavcodec*.so* libavformat*.so* libavutil*.so* libavfilter*.so* libavdevice*.so* libsw*.so*",
        (b"FFmpeg version ", rb"FFmpeg version n?([0-9]+\.[0-9]+(?:\.[0-9]+)?)"),
    ),
    _row("qtbase", "libQt[0-9]Core.so* libQtCore.so*", (b"\0Qt ", rb"\0Qt " + _THREE + rb" \(")),
)


@cache
def _named() -> tuple[dict[str, tuple[Program, ...]], re.Pattern[str]]:
    """Return the programs by the plain names of their files, and what all other names of files look like."""
    plain: dict[str, tuple[Program, ...]] = {}
    shapes = []
    for program in PROGRAMS:
        for file in program.files:
            if "*" in file:
                shapes.append(_shape(file))
            else:
                plain[file] = (*plain.get(file, ()), program)
    return plain, re.compile("|".join(shapes))


def _shape(file: str) -> str:
    return re.escape(file).replace(r"\*", ".*").replace(r"\[0\-9\]", "[0-9]")


@cache
def _shaped() -> tuple[tuple[re.Pattern[str], Program], ...]:
    return tuple((re.compile(_shape(file)), each) for each in PROGRAMS for file in each.files if "*" in file)


def of(path: str) -> tuple[Program, ...]:
    """Return the programs that a file of this path may be, in the order of the table."""
    name = path.rpartition("/")[2]
    plain, shapes = _named()
    found = set(plain.get(name, ()))
    if shapes.fullmatch(name):
        found |= {program for pattern, program in _shaped() if pattern.fullmatch(name)}
    return tuple(program for program in PROGRAMS if program in found) if found else ()
