"""Loops run with numba and without it, with the same results."""

import builtins
import importlib.util
import json
import subprocess
import sys

import numba
import numpy as np
import pytest

from rlcourse import compiled

HIDE = "import sys; sys.modules['numba'] = None"  # so that `import numba` raises ImportError
LEARN = """
import json, sys
import numpy as np
from rlcourse.tabular import returns
from rlcourse.tabular.control import q_learning
from rlcourse.tabular.experience import sample_experience
from rlcourse.tabular.mdp import MDP, uniform_policy
P = np.zeros((3, 2, 3))
P[0, 0, [0, 1]] = P[0, 1, [1, 2]] = P[1, 0, [0, 2]] = 0.5
P[1, 1, 2] = 1
world = MDP(P, [[1, 0], [0, 2], [0, 0]], 0.9, terminal=np.arange(3) == 2)
runs = q_learning(world, runs=2, episodes=20, seed=3)
record = sample_experience(world, uniform_policy(world), runs=2, episodes=5, seed=4)
r, v, v_next = np.random.default_rng(0).normal(size=(3, 2, 6))
ends = np.arange(6) == 5
adv, ret = returns.gae(r, v, v_next, ends, np.zeros(6, bool), 0.9, 0.8)
found = (runs.q, record.s, record.r, adv, ret)
print(json.dumps([sys.modules["numba"] is None, [np.asarray(x).tolist() for x in found]]))
"""


def double(x):
    return x + x


def loaded(monkeypatch, missing):
    """A fresh copy of the module, imported where numba is or is not installed."""
    original = builtins.__import__

    def importer(name, *args, **kwargs):
        if missing and name.split(".")[0] == "numba":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", importer)
    spec = importlib.util.spec_from_file_location("fresh", compiled.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["njit", "inlined", "fused"])
def test_without_numba_functions_stay_as_they_are(monkeypatch, name):
    assert getattr(loaded(monkeypatch, missing=True), name)(double) is double


@pytest.mark.parametrize("name", ["njit", "inlined", "fused"])
def test_with_numba_they_are_compiled(monkeypatch, name):
    function = getattr(loaded(monkeypatch, missing=False), name)(double)
    assert function(3) == 6
    assert numba.config.DISABLE_JIT or function is not double


def test_what_is_learned_does_not_depend_on_numba():
    found = []
    for way in (HIDE, ""):
        command = [sys.executable, "-W", "error", "-c", way + "\n" + LEARN]
        found.append(json.loads(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout))
    (first_is_hidden, hidden), (second_is_hidden, normal) = found
    assert first_is_hidden and not second_is_hidden
    for without, with_numba in zip(hidden, normal, strict=True):
        # one fused multiply-add rounds once where numpy rounds twice
        np.testing.assert_allclose(without, with_numba, rtol=1e-12, atol=1e-14)
