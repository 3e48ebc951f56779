"""Planted faults: slips in the package's source, and the tests that must notice them.

A fault never touches a file. A forked child imports the package with one module's source replaced
and runs the named tests; the fault is caught if one of them fails.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib.abc
import importlib.util
import io
import os
import resource
import signal
import sys
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Processor time for one fault's tests, most of which need less than one second; an endless loop counts as noticed.
SECONDS = 30


@dataclass(frozen=True)
class Fault:
    """A slip of the pen.

    Attributes:
        module: dotted name of the module that is broken.
        find: exact source text, unique in the module.
        replace: what stands there after the slip.
        caught_by: the test that must fail, ``"tests/tabular/test_returns.py::test_x"``.
        why: the slip in words.
    """

    module: str
    find: str
    replace: str
    caught_by: str
    why: str

    def source(self) -> str:
        """The module's source with the slip."""
        text = source_path(self.module).read_text(encoding="utf-8")
        count = text.count(self.find)
        assert count == 1, f"{self.module}: {self.find!r} occurs {count} times; expected once"
        assert self.find != self.replace
        return text.replace(self.find, self.replace)


def source_path(module: str) -> Path:
    """The file of a module of the package (a package's is its ``__init__.py``)."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def sign_flips(module: str) -> list[tuple[str, str]]:
    """Every way to flip one sign: (where, source) for each binary or unary plus and minus."""
    text = source_path(module).read_text(encoding="utf-8")
    lines = text.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    raw = b"".join(lines)

    flips = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, (ast.Add, ast.Sub)):
            left, right = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
            if any(isinstance(side, (ast.Constant, ast.JoinedStr)) and _is_text(side) for side in (left, right)):
                continue
            begin = starts[left.end_lineno - 1] + left.end_col_offset
            end = starts[right.lineno - 1] + right.col_offset
            old, new = (b"+", b"-") if isinstance(node.op, ast.Add) else (b"-", b"+")
            between = raw[begin:end].replace(old, new, 1)
            where = f"{module.rsplit('.', 2)[-2]}.{module.rsplit('.', 1)[-1]}:{left.end_lineno}:{left.end_col_offset}"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            begin = starts[node.lineno - 1] + node.col_offset
            end, between = begin + 1, b"+"
            where = f"{module.rsplit('.', 2)[-2]}.{module.rsplit('.', 1)[-1]}:{node.lineno}:{node.col_offset}"
        else:
            continue
        flips.append((where, (raw[:begin] + between + raw[end:]).decode()))
    return flips


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(node.value, str)


class _Replaced(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from the given source."""

    def __init__(self, module: str, source: str) -> None:
        self.module, self.source = module, source

    def find_spec(self, name, path=None, target=None):
        if name != self.module:
            return None
        location = source_path(name)
        folders = [str(location.parent)] if location.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            name, location, loader=self, submodule_search_locations=folders
        )

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(self.source, module.__spec__.origin, "exec"), module.__dict__)


def _child(module: str, source: str, tests: list[str], report) -> None:
    import numba
    import pytest

    # what the parent holds is not garbage: pytest and hypothesis collect several times, which took half the time
    gc.freeze()
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    # compiled code is cached by file, and the file has not changed
    numba.config.DISABLE_JIT = True
    # everything that holds on to the unbroken package is imported again
    ours = (str(ROOT / "rlcourse"), str(ROOT / "tests"))
    for name, loaded in list(sys.modules.items()):
        if (getattr(loaded, "__file__", None) or "").startswith(ours):
            del sys.modules[name]
    # as is what the unbroken package has told others
    if "gymnasium" in sys.modules:
        registry = sys.modules["gymnasium"].registry
        for name in [name for name in registry if name.startswith("rlcourse/")]:
            del registry[name]
    sys.meta_path.insert(0, _Replaced(module, source))
    os.chdir(ROOT)
    os.environ["FAULT_PLANTED"] = module
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        # only whether a test fails counts: no plugins, no rewritten asserts, which take longer than most tests
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        options = ["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "--tb=short", "--no-header"]
        # uncompiled, numpy's numbers warn about 0 * inf, where compiled loops go on
        options += ["-W", "ignore:invalid value:RuntimeWarning"]
        code = int(pytest.main([*options, *tests]))
    report.send((code, text.getvalue()))
    report.close()
    os._exit(0)


def outcome(module: str, source: str, tests: list[str]) -> tuple[int, str]:
    """Run tests with one module replaced.

    Returns:
        pytest's exit code and what it printed. 0: all passed, so nothing was noticed. 1: a test
        failed, or the tests hang (a fault can make a loop endless). -1: the child died, which says
        nothing about the fault.
    """
    fork = get_context("fork")
    receive, send = fork.Pipe(duplex=False)
    child = fork.Process(target=_child, args=(module, source, tests, send))
    child.start()
    send.close()
    try:
        return receive.recv() if receive.poll(20 * SECONDS) else (-1, "the child process waits for something")
    except EOFError:
        child.join()
        if child.exitcode == -signal.SIGXCPU:
            return 1, f"no result within {SECONDS} s of processor time"
        return -1, f"the child process died: {child.exitcode}"
    finally:
        child.kill()
        child.join()
        receive.close()
