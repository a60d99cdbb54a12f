"""A window of the browser that notices everything that is wrong with what it is shown."""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Response

WIDE, NARROW = 1280, 390
_HEIGHT = 900
# What the policy of a page forbids is told to its scripts; without scripts the console tells.
_REPORT = """
window.__forbidden = [];
document.addEventListener("securitypolicyviolation", event =>
  window.__forbidden.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""
_SHAPE = """() => ({
  headings: document.querySelectorAll("h1").length,
  language: document.documentElement.lang,
  title: document.title,
  forbidden: window.__forbidden || [],
})"""
_OVER = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  return [...document.querySelectorAll("body *")]
    .filter(each => each.getBoundingClientRect().right > room + 1)
    .map(each => `${each.tagName}.${each.className} ${each.textContent.trim().slice(0, 40)}`).slice(0, 5)
    .concat("the page scrolls sideways");
}"""
# The tags of WCAG 2.2 A and AA, and what is good practice besides.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What depends on the colours: all that can be otherwise in the dark.
_COLOURS = ["color-contrast", "link-in-text-block"]
_AXE = """async only => (await axe.run(document, {
  resultTypes: ["violations"], preload: false, runOnly: only,
})).violations.map(each => `${each.id}: ${each.help}: ` + each.nodes.slice(0, 3).map(
  node => `${node.target.join(" ")} ${node.any.map(any => any.message).join("; ")}`).join(" | "))
"""


class Look(NamedTuple):
    """How a page is looked at."""

    width: int
    scheme: str


LOOKS = tuple(Look(width, scheme) for width in (WIDE, NARROW) for scheme in ("light", "dark"))
# A page that is enlarged four times (WCAG 2.2, 1.4.10), and one beside another on a desk.
BETWEEN = (Look(320, "light"), Look(800, "light"))


class Window:
    """A window of somebody. page: what it shows. wrong: what went wrong since it was last asked."""

    def __init__(self, browser: Browser, address: str, *, script: bool, token: str) -> None:
        self.address, self.script = address, script
        self.context = browser.new_context(java_script_enabled=script, viewport={"width": WIDE, "height": _HEIGHT})
        self.context.add_init_script(_REPORT)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.wrong: list[str] = []
        self._listen()
        if token:
            self.come_in(token)

    def come_in(self, token: str) -> None:
        """Log in as people do who have a token."""
        self.go("/login/token")
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(f"{self.address}/")

    def _listen(self) -> None:
        page = self.page
        page.on("console", lambda said: self._note(said.type in ("error", "warning"), f"console: {said.text}"))
        page.on("pageerror", lambda error: self._note(True, f"script: {error}"))
        # Whoever goes on before all is loaded gives up the rest.
        page.on(
            "requestfailed",
            lambda asked: self._note("ERR_ABORTED" not in str(asked.failure), f"failed: {asked.url} {asked.failure}"),
        )
        page.on("request", lambda asked: self._note(not self._is_own(asked.url), f"another origin: {asked.url}"))

    def _note(self, is_wrong: bool, words: str) -> None:
        if is_wrong:
            self.wrong.append(words)

    def _is_own(self, url: str) -> bool:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" == self.address

    def go(self, path: str) -> Response:
        """Go to a page of the server."""
        answer = self.page.goto(self.address + path)
        assert answer is not None
        return answer

    def look(self, look: Look) -> None:
        """Have the page shown in another way."""
        self.page.set_viewport_size({"width": look.width, "height": _HEIGHT})
        self.page.emulate_media(color_scheme=look.scheme)  # type: ignore[arg-type]

    def faults(self, look: Look) -> list[str]:
        """Return what is wrong with what is shown."""
        self.look(look)
        shape: dict[str, Any] = self.page.evaluate(_SHAPE)
        found, self.wrong = self.wrong, []
        found += [f"forbidden: {each}" for each in shape["forbidden"]]
        if shape["headings"] != 1:
            found.append(f"{shape['headings']} headings of the first level")
        if not shape["title"] or shape["language"] != "en":
            found.append("no title or no language")
        return found + list(self.page.evaluate(_OVER))

    def barriers(self, axe: str, look: Look) -> list[str]:
        """Return what keeps people out of what is shown."""
        self.look(look)
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(axe)
        return list(self.page.evaluate(_AXE, _COLOURS if look.scheme == "dark" else _RULES))

    def close(self) -> None:
        """Close the window; what it kept is gone."""
        self.context.close()
