"""All pages and forms."""

from envscout.server.pages import overview
from envscout.server.pages.page import Form, Page

PAGES: tuple[Page, ...] = (*overview.PAGES,)
FORMS: tuple[Form, ...] = ()
