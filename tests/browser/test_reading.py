"""What a reader does: search, open the contents on a phone, switch to dark, filter the ledger."""

import re

import pytest

PHONE = {"width": 390, "height": 844}


def brightness(color):
    """0 for black to 255 for white, of a computed CSS color."""
    return sum(map(float, re.findall(r"[\d.]+", color)[:3])) / 3


def test_search_finds_a_chapter(visit):
    page = visit.open("search.html?q=advantage")
    page.wait_for_selector("#search-results li a")
    links = page.locator("#search-results li a").evaluate_all("els => els.map(e => e.getAttribute('href'))")
    assert any("policies/gae.html" in link for link in links)
    assert visit.foreign == []


def test_search_button_opens_the_search_field(visit):
    page = visit.open("book/index.html", formulas=False)
    page.locator(".search-button-field").first.click()
    page.locator("#pst-search-dialog input, .search-button__search-container input").first.fill("baseline")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=baseline*")


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1440, "height": 900}], ids=["phone", "wide"])
def test_sidebar_opens_and_closes(visit, viewport):
    visit.page.set_viewport_size(viewport)
    page = visit.open("book/policies/gae.html", formulas=False)
    entry = page.locator("nav.bd-links a", has_text="Ledger").first
    shown = entry.is_visible() and entry.bounding_box()["x"] >= 0
    assert shown == (viewport != PHONE), "open on a wide screen, closed on a phone"
    page.locator("button.primary-toggle:visible").first.click()
    if viewport == PHONE:
        entry.wait_for(state="visible")
        entry.click()
        page.wait_for_url("**/book/ledger.html")
    else:
        entry.wait_for(state="hidden")


def test_theme_switch_changes_page_and_figures(visit):
    page = visit.open("book/policies/gae.html", formulas=False)
    ground = "getComputedStyle(document.body).backgroundColor"
    look = "i => { const s = getComputedStyle(i); return [s.filter, s.mixBlendMode, s.backgroundColor]; }"
    figure = page.locator(".cell_output img").first
    seen = {}
    for _ in range(3):  # the button goes through light, dark and the system's choice
        seen[page.evaluate("document.documentElement.dataset.theme")] = (page.evaluate(ground), figure.evaluate(look))
        page.locator("button.theme-switch-button:visible").first.click()
    assert set(seen) == {"light", "dark"}
    assert brightness(seen["light"][0]) > 240
    assert brightness(seen["dark"][0]) < 40
    assert seen["light"][1][0] == "none"
    inverted, blend, behind = seen["dark"][1]
    assert inverted.startswith("invert(1)")
    assert blend == "screen"
    assert behind == "rgba(0, 0, 0, 0)", "a ground behind the picture would show as a box"


def test_dark_mode_is_readable(visit):
    page = visit.open("book/policies/gae.html", formulas=False)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    for selector in ("article p", ".verdict .status", "div.proof .admonition-title", "div.cell_input pre"):
        color = page.locator(selector).first.evaluate("e => getComputedStyle(e).color")
        assert brightness(color) > 110, f"{selector}: {color} on a dark ground"


def test_ledger_filter(visit):
    page = visit.open("book/ledger.html", formulas=False)
    rows = page.locator("table.ledger tbody tr")
    every = rows.count()
    assert every > 0
    page.locator("input.ledger-filter").fill("gae")
    some = page.locator("table.ledger tbody tr:visible").count()
    assert 0 < some < every
    page.locator("input.ledger-filter").fill("no such statement")
    assert page.locator("table.ledger tbody tr:visible").count() == 0
    page.locator("input.ledger-filter").fill("")
    page.locator("p.ledger-count.status-proved").click()
    visible = page.locator("table.ledger tbody tr:visible .status")
    assert "✓\u00a0proved" not in visible.all_text_contents()


def test_ledger_leads_to_the_cell(visit):
    page = visit.open("book/ledger.html")
    link = page.locator("table.ledger tbody tr td:first-child a").first
    label = link.text_content()
    link.click()
    page.wait_for_url("**/book/*/*.html#verdict-*")
    box = page.locator(f"[id='verdict-{label}']")
    box.wait_for(state="visible")
    assert box.locator("mjx-container").count() >= 1


def test_notebook_can_be_downloaded(visit):
    page = visit.open("book/policies/gae.html", formulas=False)
    link = page.locator("a.btn-download-source-button").first.get_attribute("href")
    answer = page.request.get(f"{visit.server}/book/policies/{link}")
    assert answer.ok
    assert answer.json()["nbformat"] == 4


def test_no_line_begins_with_the_comma_after_a_formula(visit):
    visit.page.set_viewport_size(PHONE)
    page = visit.open("book/language/dpo.html")
    page.wait_for_selector("article mjx-container")
    marks = page.locator("article span.math mjx-container").evaluate_all("""formulas => formulas.flatMap(formula => {
      const text = formula.closest('span.math').nextSibling;
      if (text?.nodeType !== Node.TEXT_NODE || !/^[.,;:!?)]/.test(text.data)) return [];
      const range = document.createRange();
      range.setStart(text, 0);
      range.setEnd(text, 1);
      const below = range.getBoundingClientRect().top > formula.getBoundingClientRect().bottom - 2;
      return [{below, text: text.data.slice(0, 20)}];
    })""")
    assert len(marks) >= 30
    assert [mark["text"] for mark in marks if mark["below"]] == []


def test_functions_link_to_the_statements_that_prove_them(visit):
    page = visit.open("book/api.html", formulas=False)
    entry = page.locator("[id='rlcourse.tabular.control.q_learning']").locator("xpath=following-sibling::dd")
    links = entry.locator("a[href*='#thm-'], a[href*='#alg-']")
    targets = links.evaluate_all("els => els.map(e => e.getAttribute('href'))")
    assert targets[0] == "values/q_learning.html#alg-q-learning" and len(targets) == 3
    links.first.click()
    page.wait_for_url("**/values/q_learning.html#alg-q-learning")
    assert page.locator("#alg-q-learning").is_visible()
