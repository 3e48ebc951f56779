"""Each page of the built book, as a reader's browser sees it."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(__file__).parents[2] / "_build" / "html"
PHONE = {"width": 390, "height": 844}
# Pages outside book/ are made by Sphinx and have no text of their own.
PAGES = sorted(path.relative_to(SITE).as_posix() for path in (SITE / "book").rglob("*.html"))
CHAPTERS = [page for page in PAGES if page.count("/") == 2]

if not PAGES:
    pytest.skip("the book is not built: make book", allow_module_level=True)


class Links(HTMLParser):
    """The targets and the anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors.add(attributes.get("id"))
        for key in ("href", "src"):
            if attributes.get(key):
                self.targets.append(html.unescape(attributes[key]))


@pytest.mark.parametrize("path", PAGES)
def test_page_is_complete_and_needs_no_network(visit, path):
    page = visit.open(path)
    assert visit.foreign == [], "external requests"
    assert visit.missing == [], "files that the book lacks"
    assert visit.console == [], "errors in the console"
    errors = "mjx-merror, [data-mjx-error], mjx-mtext[style*='color: red']"  # red: an unknown macro
    assert page.locator(errors).count() == 0, "formulas with TeX errors"
    undrawn = "els => els.filter(e => !e.querySelector('mjx-container')).map(e => e.textContent)"
    assert page.locator(".math").evaluate_all(undrawn) == [], "formulas that are still TeX"
    loaded = "imgs => imgs.filter(i => !i.complete || i.naturalWidth === 0).map(i => i.src)"
    assert page.locator("img").evaluate_all(loaded) == [], "pictures that did not load"
    unnamed = "imgs => imgs.filter(i => !i.alt).map(i => i.src)"
    assert page.locator("article img").evaluate_all(unnamed) == [], "pictures without a text"
    outside = """els => els.filter(e => {
      const text = document.querySelector('article').getBoundingClientRect();
      return e.getClientRects().length && e.getBoundingClientRect().right > text.right + 1;
    }).map(e => e.textContent.slice(0, 80))"""
    assert page.locator("article div.math").evaluate_all(outside) == [], "formulas that leave the text"
    page.set_viewport_size(PHONE)
    cut_off = """els => els.filter(e => {
      const scrolls = e => e && (getComputedStyle(e).overflowX.match(/auto|scroll/) || scrolls(e.parentElement));
      return e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.closest('article *'));
    }).map(e => e.outerHTML.slice(0, 80))"""
    assert page.locator("article *:not(mjx-container *)").evaluate_all(cut_off) == [], "too wide for a phone"


def test_every_page_has_its_own_title_and_description():
    seen = {}
    for path in PAGES:
        text = (SITE / path).read_text(encoding="utf-8")
        title = re.search(r"<title>(.+?)</title>", text, re.DOTALL)[1].strip()
        descriptions = re.findall(r'<meta name="description" content="(.+?)"', text)
        assert len(descriptions) == 1, path
        assert len(descriptions[0]) >= 40, f"{path}: {descriptions[0]}"
        assert (title, descriptions[0]) not in seen.values(), f"{path} and {seen}"
        seen[path] = (title, descriptions[0])


def test_links_inside_the_book_lead_somewhere():
    pages = {path: Links(SITE / path) for path in PAGES}
    broken = []
    for path, links in pages.items():
        for target in links.targets:
            url = urlsplit(target)
            if url.scheme or url.netloc or target in ("#", "#main-content"):
                continue
            file = (SITE / path).parent.joinpath(unquote(url.path)).resolve() if url.path else (SITE / path).resolve()
            anchors = pages[name].anchors if (name := file.relative_to(SITE.resolve()).as_posix()) in pages else None
            lost = url.fragment and anchors is not None and unquote(url.fragment) not in anchors
            if lost or not file.exists():
                broken.append(f"{path}: {target}")
    assert broken == []


@pytest.mark.parametrize("path", CHAPTERS)
def test_every_theorem_shows_its_status(visit, path):
    page = visit.open(path, formulas=False)
    kinds = ", ".join(f"div.proof.{kind}" for kind in ("theorem", "lemma", "proposition", "corollary", "algorithm"))
    titles = page.locator(kinds).locator("> .admonition-title")
    assert titles.count() > 0
    bare = "titles => titles.filter(t => !t.querySelector('.status')).map(t => t.textContent)"
    assert titles.evaluate_all(bare) == []


@pytest.mark.parametrize("path", CHAPTERS)
def test_first_cell_is_folded(visit, path):
    first = visit.open(path, formulas=False).locator("div.cell").first
    assert "REPOSITORY" in first.text_content()
    assert not first.locator("div.highlight").first.is_visible()
