"""All pages and forms."""

from envscout.server.pages import environment, image, overview, package, promotion, reports, search, vulnerability
from envscout.server.pages.page import Form, Page

PAGES: tuple[Page, ...] = (
    *overview.PAGES,
    *environment.PAGES,
    *promotion.PAGES,
    *vulnerability.PAGES,
    *package.PAGES,
    *image.PAGES,
    *reports.PAGES,
    *search.PAGES,
)
FORMS: tuple[Form, ...] = (*overview.FORMS,)
