"""The built book on a local server, and a Chromium that can reach nothing else."""

import functools
import http.server
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Chromium asks for hosts of its own unless it is told not to.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
WIDE = {"width": 1440, "height": 900}
BENIGN = ("Got invalid theme mode",)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def server():
    """The address of the built book."""
    if not (SITE / "index.html").is_file():
        pytest.skip("the book is not built: make book")
    handler = functools.partial(QuietHandler, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium from the system."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page, and what happened while it was looked at."""

    page: object
    server: str
    console: list = field(default_factory=list)
    foreign: list = field(default_factory=list)
    missing: list = field(default_factory=list)

    def open(self, path, formulas=True):
        """Load a page of the book and wait until its formulas are drawn, or leave them as TeX, which is faster."""
        if not formulas:
            self.page.route("**/tex-*.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
        self.page.goto(f"{self.server}/{path}")
        if formulas:
            self.page.evaluate("window.MathJax && MathJax.startup.promise")
        return self.page


@pytest.fixture
def visit(browser, server):
    """A fresh page; requests to other hosts are stopped and noted, so are errors."""
    context = browser.new_context(viewport=WIDE)
    context.set_default_timeout(60_000)
    page = context.new_page()
    seen = Visit(page, server)

    def guard(route):
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            seen.foreign.append(route.request.url)
            route.abort()

    def listen(message):
        if message.type in ("error", "warning") and not any(text in message.text for text in BENIGN):
            seen.console.append(message.text)

    context.route("**/*", guard)
    page.on("console", listen)
    page.on("pageerror", lambda error: seen.console.append(str(error)))
    page.on("response", lambda response: seen.missing.append(response.url) if response.status >= 400 else None)
    yield seen
    context.close()
