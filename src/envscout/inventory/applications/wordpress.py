"""WordPress, its plugins and its themes, by the comments that WordPress itself reads (developer.wordpress.org, "Header
Requirements": `Plugin Name:` and `Version:` in the first 8 KiB of a PHP file, `Theme Name:` in `style.css`).

Names are those of the folders: advisories and wordpress.org use these, not the titles.
"""

import re

from envscout.inventory.record import Reading, record, text

MAX_HEADER = 8 << 10
"""Bytes of a file that WordPress searches for its header (get_file_data)."""

_FIELD = re.compile(
    rb"^(?:[ \t]*<\?php)?[ \t/*#@]*(Plugin Name|Theme Name|Version|License)[ \t]*:[ \t]*([^\r\n]*)", re.M | re.I
)
_CORE = re.compile(rb"^\$wp_version[ \t]*=[ \t]*'([^'\r\n]*)'", re.M)
_PLUGIN = re.compile(r"(?:.*/)?wp-content/plugins/(?:([^/]+)/[^/]+|([^/]+))\.php", re.S)
_THEME = re.compile(r"(?:.*/)?wp-content/themes/([^/]+)/style\.css", re.S)


def read(path: str, data: bytes) -> Reading:
    """Return the plugin, theme or WordPress that a file describes; most files of a plugin describe nothing."""
    plugin, theme = _PLUGIN.fullmatch(path), _THEME.fullmatch(path)
    if plugin:
        return _described("wordpress-plugin", b"plugin name", plugin[1] or plugin[2], path, data)
    if theme:
        return _described("wordpress-theme", b"theme name", theme[1], path, data)
    version = _CORE.search(data[:MAX_HEADER])
    return record("generic", "wordpress", text(version[1]), path) if version else Reading()


def _described(kind: str, title: bytes, name: str, path: str, data: bytes) -> Reading:
    found = _FIELD.findall(data[:MAX_HEADER].replace(b"\r", b"\n"))
    fields = {field.lower(): text(value.removesuffix(b"*/").strip()) for field, value in reversed(found)}
    if not fields.get(title):
        return Reading()
    return record(kind, name, fields.get(b"version", ""), path, licenses=[fields.get(b"license", "")])
