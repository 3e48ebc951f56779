"""Oracle = tabular = deep, for every quantity that exists in these three forms."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
import torch
import twins

ROWS = [
    row
    for info in pkgutil.iter_modules(twins.__path__)
    for row in importlib.import_module(f"twins.{info.name}").TWINS
]
BATCHES = [(), (3,), (2, 3), (0,)]
LENGTHS = [0, 1, 2, 7]


def forms(name):
    module, function = name.rsplit(".", 1)
    return [
        getattr(importlib.import_module(f"rlcourse.{kind}.{module}"), function)
        for kind in ("tabular", "deep")
    ]


def cast(value, dtype):
    """Floating arrays in the wanted precision; everything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(dtype)
    return value


def tensor(value):
    return torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value


def leaves(result):
    """The arrays of a result: one array, or a tuple of them."""
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_twins_have_the_same_signature(row):
    tabular, deep = (list(inspect.signature(f).parameters) for f in forms(row.name))
    assert tabular == deep


@pytest.mark.parametrize("T", LENGTHS)
@pytest.mark.parametrize("batch", BATCHES, ids=str)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_oracle_tabular_and_deep_agree(row, batch, T):
    if row.min_T > T:
        # nothing is lost: the quantity has no definition at this length
        return
    tabular, deep = forms(row.name)
    arguments = row.draw(np.random.default_rng([T, *batch]), batch, T)
    exact = leaves(row.oracle(**arguments))
    table = leaves(tabular(**arguments))
    assert len(exact) == len(table)
    for want, got in zip(exact, table, strict=True):
        assert np.shape(got) == np.shape(want)
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10)
    for dtype, rtol in ((np.float64, 1e-10), (np.float32, row.float32_rtol)):
        given = {k: tensor(cast(v, dtype)) for k, v in arguments.items()}
        results = leaves(deep(**given))
        assert len(exact) == len(results)
        floats = [v for v in given.values() if torch.is_tensor(v) and v.is_floating_point()]
        for want, got in zip(exact, results, strict=True):
            assert torch.is_tensor(got)
            if floats and got.is_floating_point():
                assert got.dtype == floats[0].dtype
            assert tuple(got.shape) == np.shape(want)
            np.testing.assert_allclose(got.detach().numpy(), want, rtol=rtol, atol=10 * rtol)
