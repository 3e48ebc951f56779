"""The repository's address, found at build time, for the launch buttons and the notebooks to download.

BOOK_REPOSITORY_URL, or else the git remote "origin", names the repository. With neither, the buttons vanish:
a book built from an archive has no address. BOOK_BRANCH names the branch that the buttons open; on
"published" the notebooks know the address that they install the package from (.github/workflows/publish.yml).
"""

import os
import re
import subprocess
from pathlib import Path

from rlcourse.book.bootstrap import fill

BUTTONS = ("repository_url", "launch_buttons", "use_repository_button", "use_issues_button")


def to_https(address: str) -> str:
    """A git address as https without user and token; empty if it is none (a local path)."""
    scheme, user = r"(?:(?:https?|ssh|git)://)?", r"(?:[^@/]+@)?"
    host, port, path = r"([\w-][\w.-]*\.[A-Za-z]+)", r"(?::\d+(?=/))?", r"[:/](.+?)(?:\.git)?/?"
    match = re.fullmatch(scheme + user + host + port + path, address)
    return f"https://{match[1]}/{match[2]}" if match else ""


def repository(folder: str) -> str:
    """The https address of the repository that the folder belongs to, or empty."""
    address = os.environ.get("BOOK_REPOSITORY_URL", "")
    if not address:
        command = ["git", "-C", folder, "remote", "get-url", "origin"]
        try:
            address = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        except FileNotFoundError:  # no git: an archive
            address = ""
    return to_https(address)


def configure(app, config):
    options = config.html_theme_options
    address = repository(app.srcdir)
    if address:
        options["repository_url"] = address
        options["repository_branch"] = os.environ.get("BOOK_BRANCH", "published")
    else:
        for key in BUTTONS:
            options.pop(key, None)


def fill_downloads(app, exception):
    """The notebooks offered for download install the package from this repository on Colab."""
    address = repository(app.srcdir)
    if exception or not address:
        return
    for path in Path(app.outdir, "_sources").rglob("*.ipynb"):
        path.write_text(fill(path.read_text(encoding="utf-8"), address), encoding="utf-8")


def setup(app):
    app.connect("config-inited", configure, priority=100)
    app.connect("build-finished", fill_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
