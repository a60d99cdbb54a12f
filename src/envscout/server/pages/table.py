"""All pages and forms."""

from envscout.server.pages import environment, overview
from envscout.server.pages.page import Form, Page

PAGES: tuple[Page, ...] = (*overview.PAGES, *environment.PAGES)
FORMS: tuple[Form, ...] = ()
