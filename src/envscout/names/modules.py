"""Streams of modular rpms: `nodejs:18` and `nodejs:20` are built side by side, and each gets fixes of its own.

Module streams: https://docs.fedoraproject.org/en-US/modularity/. A modular package carries the label
`NAME:STREAM:VERSION:CONTEXT`, and its release the word `module`. Advisories name the stream in their titles alone:
`Important: nodejs:18 security update`.
"""

import re

from envscout.names import bounds
from envscout.names import purl as purls

_RELEASE = re.compile(r"\.module[_+]")
_STREAM = re.compile(r"(?<![^\s,])([A-Za-z0-9][\w.+-]*:[A-Za-z0-9][\w.-]*)(?=[\s,/]|$)")
_LABELS = ("rpmmod", "modularitylabel")
"""Qualifiers of package URLs: the one of the purl specification's type definition, which syft writes, and trivy's."""


def is_modular(version: str) -> bool:
    """Return whether a version is that of a modular rpm."""
    return _RELEASE.search(version) is not None


def named(title: str) -> tuple[str, ...]:
    """Return the streams that an advisory's title names."""
    return tuple(dict.fromkeys(each for each in _STREAM.findall(title) if len(each) <= bounds.MAX_STREAM))


def stream(package_url: str) -> str:
    """Return the stream of an installed package, "" where its URL does not tell."""
    if not any(f"{label}=" in package_url for label in _LABELS):
        return ""
    found = purls.parse(package_url)
    label = next(filter(None, map(found.qualifier, _LABELS)), "")
    told = ":".join(label.split(":")[:2]) if ":" in label else ""
    return told if len(told) <= bounds.MAX_STREAM else ""


def within(stream_: str, name: str) -> str:
    """Return what a package of a stream is matched as: it has nothing to do with others of its name."""
    return f"{stream_}/{name}"
