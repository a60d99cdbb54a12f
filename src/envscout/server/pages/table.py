"""All pages and forms."""

from envscout.server.pages import (
    audit,
    channels,
    environment,
    exceptions,
    feeds,
    gate,
    image,
    members,
    notifications,
    overview,
    package,
    policies,
    promotion,
    proposals,
    reports,
    rules,
    search,
    timeline,
    tokens,
    trust,
    vulnerability,
)
from envscout.server.pages.page import Form, Page

_LOOKING = (environment, timeline, promotion, gate, vulnerability, package, image, reports, search, audit)
_SETTING = (overview, policies, exceptions, proposals, notifications, channels, rules, feeds, tokens, members, trust)

PAGES: tuple[Page, ...] = tuple(page for module in (*_SETTING, *_LOOKING) for page in module.PAGES)
FORMS: tuple[Form, ...] = tuple(form for module in _SETTING for form in module.FORMS)
