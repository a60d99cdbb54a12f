"""Templates to pages. What is shown is text until a template says otherwise, and turns no reading direction."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2

from envscout import __version__
from envscout.formats import parts
from envscout.formats.markup import Markup, anchor
from envscout.formats.words import plain
from envscout.names import moment
from envscout.server.pages import charts, notifications, words
from envscout.server.pages.address import href
from envscout.server.pages.assets import address
from envscout.server.pages.sections import SECTIONS
from envscout.server.pages.settings import DONE
from envscout.standing.drifting import words as drifted


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("envscout.server.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        auto_reload=False,
    )
    made.globals |= {
        "anchor": anchor,
        "asset": address,
        "charts": charts,
        "done": DONE,
        "drifted": drifted,
        "href": href,
        "notified": notifications,
        "parts": parts,
        "sections": SECTIONS,
        "version": __version__,
        "words": words,
    }
    made.filters |= {"moment": moment.show, "day": words.day, "minute": words.minute, "short": words.short}
    return made


def _shown(value: Any) -> Any:
    """Return what is shown of a value: nothing of what is absent, and no character that cannot be seen."""
    if value is None:
        return ""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def rendered(template: str, context: Mapping[str, Any]) -> bytes:
    """Return a page."""
    return _environment().get_template(f"{template}.html").render(context).encode("utf-8", "backslashreplace")
