"""Well-known programs by the names under which advisories know them.

A program that no package manager installed is `pkg:generic/NAME`. Of the ecosystems of OSV one knows many of them: that
of Bitnami, whose advisories are made from the CVEs of the upstream programs since 2020, by the name of the folder below
https://github.com/bitnami/vulndb/tree/main/data. It never says which versions are in an image.
"""

UPSTREAM = {
    "arangodb": "arangodb",
    "erlang": "erlang",
    "fluent-bit": "fluent-bit",
    "git": "git",
    "haproxy": "haproxy",
    "httpd": "apache",
    "lua": "lua",
    "mariadb": "mariadb",
    "memcached": "memcached",
    "mongodb": "mongodb",
    "mysql": "mysql",
    "nginx": "nginx",
    "node": "node",
    "openjdk": "java",
    "openldap": "openldap",
    "percona-xtrabackup": "percona-xtrabackup",
    "php": "php",
    "postgresql": "postgresql",
    "python": "python",
    "redis": "redis",
    "ruby": "ruby",
    "rust": "rust",
    "valkey": "valkey",
    "varnish": "varnish",
}
"""Name of a generic package, and its name in the ecosystem Bitnami."""
