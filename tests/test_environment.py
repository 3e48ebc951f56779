"""pyproject.toml, requirements.lock and environment.yml describe the same environment."""

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
# What `make` installs: the package, what builds it, and these extras.
DIRECT = [
    Requirement(text)
    for text in (
        *PYPROJECT["build-system"]["requires"],
        *PYPROJECT["project"]["dependencies"],
        *EXTRAS["book"],
        *EXTRAS["test"],
    )
]


def locked(python):
    """name -> version of the lock's lines that apply to a Python version."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        requirement = Requirement(line)
        exact = re.fullmatch(r"==([^*,]+)", str(requirement.specifier))
        assert exact, f"requirements.lock: {line!r} is not one exact version"
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"requirements.lock: two lines for {name} on Python {python}"
            found[name] = exact[1]
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_meets_every_direct_requirement(python):
    versions = locked(python)
    for requirement in DIRECT:
        version = versions.get(canonicalize_name(requirement.name))
        assert version, f"requirements.lock has no {requirement.name} for Python {python}"
        assert requirement.specifier.contains(version), f"{requirement.name}: lock {version}, pyproject {requirement}"


def test_lock_pins_torch_for_every_python():
    assert {locked(python)["torch"] for python in PYTHONS} == {"2.13.0"}


def test_declared_python_is_the_oldest_locked():
    assert PYPROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"
    assert PYPROJECT["tool"]["ruff"]["target-version"] == "py" + PYTHONS[0].replace(".", "")


def test_conda_environment_installs_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == PYPROJECT["project"]["name"]
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    pythons = [entry.removeprefix("python=") for entry in conda if entry.startswith("python=")]
    assert len(pythons) == 1
    assert pythons[0] in PYTHONS
    assert pip == ["-r requirements.lock", "-e ."]


def test_citation_names_the_same_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PYPROJECT["project"]["version"]


@pytest.mark.parametrize("requirement", DIRECT, ids=lambda r: r.name)
def test_installed_version_is_allowed(requirement):
    assert requirement.specifier.contains(metadata.version(requirement.name))
