"""Every planted fault, and every flipped sign of the package, must make a test fail."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import faults
import pytest

ROWS = [
    fault
    for info in pkgutil.iter_modules(faults.__path__)
    for fault in importlib.import_module(f"faults.{info.name}").FAULTS
]

WATCHED = {
    f"rlcourse.{path.parent.name}.{path.stem}": [f"tests/{path.parent.name}/test_{path.stem}.py"]
    for kind in ("tabular", "envs", "deep", "lm")
    for path in sorted((faults.ROOT / "rlcourse" / kind).glob("*.py"))
    if path.stem != "__init__"
} | {"rlcourse.scan": ["tests/tabular/test_returns.py"]}
FLIPS = [
    pytest.param(module, source, tests, id=where)
    for module, tests in WATCHED.items()
    for where, source in faults.sign_flips(module)
]
CAUGHT, UNNOTICED = 1, 0


def test_there_are_enough_faults():
    assert len(ROWS) >= 40


@pytest.mark.parametrize("test", sorted({row.caught_by for row in ROWS}))
def test_the_named_test_exists(test):
    path, _, name = test.partition("::")
    assert f"def {name.split('[')[0]}(" in Path(faults.ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("module, tests", [*WATCHED.items()], ids=[*WATCHED])
def test_without_a_fault_the_tests_pass(module, tests):
    # else every fault would seem to be caught
    code, text = faults.outcome(module, faults.source_path(module).read_text(encoding="utf-8"), tests)
    assert code == UNNOTICED, text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.module.removeprefix('rlcourse.')}: {row.why}")
def test_a_planted_fault_is_caught(row):
    code, text = faults.outcome(row.module, row.source(), [row.caught_by])
    assert code != UNNOTICED, f"{row.caught_by} passes although {row.module} has: {row.why}"
    assert code == CAUGHT, text


@pytest.mark.parametrize("module, source, tests", FLIPS)
def test_a_flipped_sign_is_noticed(module, source, tests):
    code, text = faults.outcome(module, source, tests)
    assert code != UNNOTICED, f"{tests} pass with a flipped sign"
    # a sign can also break the import, which pytest reports as an error in collection
    assert code in (CAUGHT, 2), text
