"""Birth-death chains and queues."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import ctmc as oracle

from rlcourse.tabular import birth_death as queues

rates = st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=4)


def test_the_generator_moves_to_neighbors():
    gen = queues.birth_death([1, 2], [5, 7])
    np.testing.assert_array_equal(gen.Q, [[-1, 1, 0], [5, -7, 2], [0, 7, -7]])
    np.testing.assert_array_equal(queues.birth_death([], []).Q, [[0]])
    np.testing.assert_array_equal(queues.birth_death([2], [0]).Q, [[-2, 2], [0, 0]])


@given(rates)
def test_the_law_is_that_of_the_tree_theorem(pairs):
    births, deaths = zip(*pairs, strict=True)
    want = oracle.stationary(oracle.birth_death(births, deaths))
    np.testing.assert_allclose(queues.birth_death_law(births, deaths), want, rtol=1e-12)
    Q = [[float(x) for x in row] for row in oracle.birth_death(births, deaths)]
    np.testing.assert_array_equal(queues.birth_death(births, deaths).Q, Q)


@pytest.mark.parametrize("ratio", [0.01, 100.0])
def test_extreme_weights_do_not_overflow(ratio):
    law = queues.birth_death_law(np.full(400, ratio), np.ones(400))
    np.testing.assert_allclose(law.sum(), 1)
    np.testing.assert_allclose(law[0] if ratio < 1 else law[-1], 0.99, rtol=1e-12)


def test_the_queue_without_limit():
    np.testing.assert_allclose(queues.mm1_law(1.0, 4.0, [0, 1, 3]), [0.75, 0.1875, 0.75 / 64])
    full = queues.birth_death_law(np.full(200, 1.0), np.full(200, 2.0))
    np.testing.assert_allclose(queues.mm1_law(1.0, 2.0, np.arange(201)), full, atol=1e-15)


def test_a_queue_without_a_law_is_refused():
    with pytest.raises(ValueError, match=r"lam / mu is 1.5; expected less than 1: .* the queue grows without bound"):
        queues.mm1_law(3.0, 2.0, 0)
    with pytest.raises(ValueError, match=r"lam / mu is 1; expected less than 1: .* returns to empty, but after an inf"):
        queues.mm1_law(2.0, 2.0, 0)


def test_bad_rates_and_numbers():
    for name in ("lam", "mu"):
        for bad in (0, -1.0, np.inf):
            with pytest.raises(ValueError, match=f"{name} is {bad}; expected a finite number greater than 0"):
                queues.mm1_law(**{"lam": 1.0, "mu": 2.0, "n": 0, name: bad})
    for n in (-1, 0.5):
        with pytest.raises(ValueError, match=f"n is {n}; expected whole numbers of customers"):
            queues.mm1_law(1.0, 2.0, n)
    for function in (queues.birth_death, queues.birth_death_law):
        with pytest.raises(ValueError, match=r"expected the same shape \[S - 1\], got \(2,\) and \(1,\)"):
            function([1, 2], [1])
        with pytest.raises(ValueError, match=r"births\[1\] is nan"):
            function([1, np.nan], [1, 1])
        with pytest.raises(ValueError, match=r"deaths\[0\] is inf"):
            function([1], [np.inf])
        with pytest.raises(ValueError, match=r"expected the same shape"):
            function([[1]], [[1]])
    with pytest.raises(ValueError, match=r"births\[1\] is -2.0; expected a rate >= 0"):
        queues.birth_death([1, -2], [1, 1])
    with pytest.raises(ValueError, match=r"deaths\[0\] is -1.0; expected a rate >= 0"):
        queues.birth_death([1], [-1])
    with pytest.raises(ValueError, match=r"deaths\[1\] is 0.0; expected a finite number greater than 0"):
        queues.birth_death_law([1, 1], [1, 0])
    with pytest.raises(ValueError, match=r"births\[0\] is 0.0"):
        queues.birth_death_law([0, 1], [1, 1])
