"""The address of the repository: found, cleaned, or absent without a trace."""

import subprocess
from types import SimpleNamespace

import pytest
import repo_from_git
from repo_from_git import configure, repository, to_https


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("https://github.com/a/b", "https://github.com/a/b"),
        ("https://github.com/a/b.git", "https://github.com/a/b"),
        ("https://user:token@github.com/a/b.git", "https://github.com/a/b"),
        ("git@github.com:a/b.git", "https://github.com/a/b"),
        ("ssh://git@example.org:2222/group/sub/b.git", "https://example.org/group/sub/b"),
        ("/srv/git/b.git", ""),
        ("../b", ""),
        ("file:///srv/x.y/b", ""),
        ("http://127.0.0.1:8000/b", ""),
        ("", ""),
    ],
)
def test_to_https(address, clean):
    assert to_https(address) == clean


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("BOOK_REPOSITORY_URL", raising=False)
    monkeypatch.delenv("BOOK_BRANCH", raising=False)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def options_after(folder):
    options = {"repository_url": "placeholder", "launch_buttons": {}, "use_issues_button": True, "logo": {}}
    configure(SimpleNamespace(srcdir=str(folder)), SimpleNamespace(html_theme_options=options))
    return options


def test_buttons_vanish_without_an_address(folder):
    assert options_after(folder) == {"logo": {}}


def test_address_comes_from_git(folder):
    subprocess.run(["git", "-C", str(folder), "remote", "add", "origin", "git@github.com:a/b.git"], check=True)
    options = options_after(folder)
    assert options["repository_url"] == "https://github.com/a/b"
    assert options["repository_branch"] == "published"
    assert "launch_buttons" in options


def test_environment_has_the_first_word(folder, monkeypatch):
    subprocess.run(["git", "-C", str(folder), "remote", "add", "origin", "git@github.com:a/b.git"], check=True)
    monkeypatch.setenv("BOOK_REPOSITORY_URL", "https://github.com/c/d")
    monkeypatch.setenv("BOOK_BRANCH", "draft")
    options = options_after(folder)
    assert (options["repository_url"], options["repository_branch"]) == ("https://github.com/c/d", "draft")


def test_machine_without_git(folder, monkeypatch):
    def missing(*arguments, **keywords):
        raise FileNotFoundError

    monkeypatch.setattr(repo_from_git.subprocess, "run", missing)
    assert repository(str(folder)) == ""
