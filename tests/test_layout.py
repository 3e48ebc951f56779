"""The package keeps its shape: who may import whom, what is public, how long things are."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rlcourse"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES = [path.relative_to(ROOT).as_posix() for path in MODULES]

# part of the package -> parts that it may import (itself is always allowed)
MAY_IMPORT = {
    "proof": set(),
    "checks": set(),
    "compiled": set(),
    "scan": {"checks", "compiled"},
    "tabular": {"checks", "compiled", "scan"},
    "games": {"checks", "tabular"},
    "search": {"checks"},
    "envs": {"checks", "compiled", "tabular"},
    "deep": {"checks", "compiled", "scan"},
    "lm": {"checks", "deep"},
    "algos": {"checks", "tabular", "envs", "search", "games", "deep", "lm"},
    "viz": set(),
    "book": {"proof", "viz"},
}
# part of the package -> other people's packages that it may import
MAY_USE = {
    "proof": {"sympy", "mpmath", "numpy"},
    "compiled": {"numba"},
    "tabular": {"numpy", "scipy", "numba", "sympy"},
    "envs": {"gymnasium", "numpy", "scipy"},
    "games": {"numpy", "scipy", "numba"},
    "scan": {"numpy"},
    "search": {"numpy"},
    "viz": {"numpy", "matplotlib", "cycler"},
}
LINES_OF_MODULE, LINES_OF_FUNCTION = 350, 60
# What the package itself uses; chapters need not.
FOUNDATIONS = {"rlcourse.checks", "rlcourse.compiled", "rlcourse.scan", "rlcourse.tabular.simulator"}
# What calls return and raise; a chapter uses them without naming them.
RESULTS = {
    *("Bracket", "ControlRuns", "EpsilonSoft", "Episodes", "ExtinctionTime", "JumpPaths", "Lagrange", "Law", "Laws"),
    *("Lines", "LongRun", "Moments", "Refuted", "Trajectory", "Transition", "Undecided", "UniformizedMDP", "Values"),
    "Verdict",
}
# The last resort among the checks is public before a chapter needs it.
LAST_RESORT = {"consistent"}

module = pytest.mark.parametrize("path", MODULES, ids=NAMES)


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def part(path):
    """The part of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """Dotted names of every module that a file imports, anywhere in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module
            if node.module == "rlcourse":
                yield from (f"rlcourse.{alias.name}" for alias in node.names)


def dotted(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def public(path):
    """The names in ``__all__``, or None if there is none."""
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return None


def bound(path):
    """Names that a module binds at its top level."""
    for node in tree(path).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name))
        elif isinstance(node, ast.AnnAssign):
            yield node.target.id


def has_own_names(path):
    """Whether a package's ``__init__`` says what is public, so that its modules are internal."""
    return public(path.parent / "__init__.py") is not None


def identifiers(code):
    """Every name that a piece of code mentions."""
    for node in ast.walk(code):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


@cache
def names_in_use():
    """What the chapters' cells mention, and what ``rlcourse.book`` uses on their behalf."""
    used = set()
    for path in (ROOT / "book").rglob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                used.update(identifiers(ast.parse(cell.source)))
    for path in (PACKAGE / "book").glob("[!_]*.py"):
        used.update(identifiers(tree(path)))
    return used


@module
def test_imports_go_down(path):
    if path.parent == PACKAGE and path.name == "__init__.py":
        assert not list(imported(path)), "importing rlcourse must load nothing"
        return
    mine = part(path)
    assert mine in MAY_IMPORT, f"say in MAY_IMPORT what {mine} may import"
    for name in imported(path):
        if name.startswith("rlcourse."):
            other = name.split(".")[1]
            assert other == mine or other in MAY_IMPORT[mine], f"{mine} must not import {name}"


@module
def test_other_packages_are_the_declared_ones(path):
    if part(path) in MAY_USE:
        roots = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names) - {"rlcourse"}
        assert roots <= MAY_USE[part(path)]


def test_tabular_and_proof_do_not_load_torch():
    modules = [dotted(path) for path in MODULES if part(path) in {"tabular", "proof"}]
    program = f"import sys, {', '.join(modules)}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


@module
def test_public_names_are_declared(path):
    names = public(path)
    if names is None:
        defined = [n.name for n in tree(path).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
        open_names = [name for name in defined if not name.startswith("_")]
        assert has_own_names(path) or not open_names, f"no __all__, but {open_names}"
        return
    assert len(set(names)) == len(names), "a name twice"
    assert set(names) <= set(bound(path)), "names that do not exist"
    if path.name != "__init__.py":
        defined = {n.name for n in tree(path).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
        missing = {name for name in defined if not name.startswith("_")} - set(names)
        assert has_own_names(path) or not missing, f"public but not in __all__: {missing}"


@module
def test_public_names_are_used_in_a_chapter(path):
    internal = path.name != "__init__.py" and has_own_names(path)
    if internal or dotted(path) in FOUNDATIONS:
        return
    unused = set(public(path) or ()) - names_in_use() - RESULTS - LAST_RESORT
    assert not unused, "a public name that no chapter uses should not exist"


@module
def test_modules_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES_OF_MODULE


@module
def test_functions_are_short(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            # the documentation may take what it needs
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            assert node.end_lineno - first.lineno < LINES_OF_FUNCTION, f"{node.name} is too long"


@module
def test_names_follow_the_conventions(path):
    assert path.stem not in {"utils", "helpers", "common", "misc"}
    assert path.name.isascii()
    for node in ast.walk(tree(path)):
        name = node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else ""
        assert name.isascii(), name
        # terminated and truncated are two things; in the algebra there are no episodes
        assert part(path) == "proof" or name not in {"done", "dones"}, f"line {node.lineno}: {name}"


def test_twins_have_the_same_signature():
    def signatures(path):
        functions = [node for node in tree(path).body if isinstance(node, ast.FunctionDef)]
        return {f.name: [a.arg for a in (*f.args.args, *f.args.kwonlyargs)] for f in functions if f.name[0] != "_"}

    for path in (PACKAGE / "tabular").glob("[!_]*.py"):
        twin = PACKAGE / "deep" / path.name
        if twin.exists():
            tabular, deep = signatures(path), signatures(twin)
            shared = tabular.keys() & deep.keys()
            assert {n: tabular[n] for n in shared} == {n: deep[n] for n in shared}, path.name
