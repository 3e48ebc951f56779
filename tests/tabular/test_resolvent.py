"""Sums over all times against the sums, and policies that hardly ever end."""

import numpy as np
import pytest
from scipy import sparse

from rlcourse.tabular import resolvent as module
from rlcourse.tabular.resolvent import discounted_sums

FORMS = pytest.mark.parametrize("form", [np.array, sparse.csr_array])
END = np.array([False, False, True])


def summed(P, gamma, terminal, b):
    """x[s]: the first 200 terms of the sum."""
    Q = np.where(terminal[:, None] | terminal, 0.0, P)
    powers = [np.eye(len(P))]
    for _ in range(200):
        powers.append(gamma * powers[-1] @ Q)
    N = np.sum(powers, axis=0) * ~terminal * ~terminal[:, None]
    return N @ b, b @ N


@FORMS
@pytest.mark.parametrize("gamma", [0.0, 0.7, 1.0])
def test_the_sums_are_sums_over_the_times(form, gamma):
    rng = np.random.default_rng(0)
    P, b = rng.dirichlet(np.ones(4), 4), rng.normal(size=4)
    terminal = np.array([False, True, False, False])
    columns, rows = summed(P, gamma, terminal, b)
    np.testing.assert_allclose(discounted_sums(form(P), gamma, terminal, b), columns, atol=1e-12)
    np.testing.assert_allclose(discounted_sums(form(P), gamma, terminal, b, transpose=True), rows, atol=1e-12)
    assert discounted_sums(form(P), gamma, terminal, b)[1] == 0


def late(p):
    """State 0 leads to state 1 and back, and from state 1 the chain ends with probability p."""
    return np.array([[0, 1, 0], [1 - p, 0, p], [0, 0, 1]])


@pytest.mark.parametrize("p", [1e-3, 1e-15, 1e-17, 1e-100])
def test_a_dense_chain_may_end_as_late_as_it_likes(p):
    # p is paid each time in state 1, which happens 1/p times
    np.testing.assert_allclose(discounted_sums(late(p), 1, END, np.array([0, p, 0])), [1, 1, 0], rtol=1e-12)
    visits = discounted_sums(late(p), 1, END, np.array([p, 0, 0]), transpose=True)
    np.testing.assert_allclose(visits, [1, 1, 0], rtol=1e-12)
    stay = np.array([[1 - p, 0, p], [0, 0, 1], [0, 0, 1]])
    np.testing.assert_allclose(discounted_sums(stay, 1, END, np.array([p, p, 0])), [1, p, 0], rtol=1e-12)


@pytest.mark.parametrize("transpose", [False, True])
def test_a_sparse_chain_is_accurate_or_refused(transpose):
    def solved(p, scale=1.0):
        b = np.array([0, p, 0]) * scale
        return discounted_sums(sparse.csr_array(late(p)), 1, END, b, transpose=transpose)

    for p in (0.1, 1e-4, 1e-8):
        np.testing.assert_allclose(solved(p), [1 - p if transpose else 1, 1, 0], rtol=1e-6)
    np.testing.assert_array_equal(solved(0.1, scale=0), 0)
    for p in (1e-11, 1e-15, 1e-17):
        with pytest.raises(ValueError, match=r"hardly ever ends from state 0 \(within 1000 steps .* or a dense P"):
            solved(p)


def test_a_residual_is_an_error():
    # factors that solve another system: nothing but the residual shows it
    class Factors:
        def solve(self, b, trans="N"):
            return 1.001 * b

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.sparse_linalg, "splu", lambda system: Factors())
        found = module._solve_sparse(sparse.csc_array(np.eye(2)), np.ones(2), "N", check=True)
    assert np.isnan(found).all()


def test_the_state_that_hardly_ends_is_named():
    P = np.array([[0.5, 0, 0.5], [0, 1, 1e-17], [0, 0, 1]])
    with pytest.raises(ValueError, match=r"gamma is 1 and the policy hardly ever ends from state 1 .* 1e-14\)"):
        discounted_sums(sparse.csr_array(P), 1, END, np.ones(3))
    P[1, 2] = 5e-324
    with pytest.raises(ValueError, match=r"hardly ever ends from state 1 .* a policy that ends sooner$"):
        discounted_sums(P, 1, END, np.ones(3))


@FORMS
def test_a_chain_that_may_never_end_is_refused(form):
    P = np.array([[0, 0.5, 0.5], [0, 1, 0], [0, 0, 1]])
    with pytest.raises(ValueError, match=r"may never end from state 0 \(2 in all\)"):
        discounted_sums(form(P), 1, END, np.ones(3))
    with pytest.raises(ValueError, match=r"may never end from state 0 \(3 in all\)"):
        discounted_sums(form(P), 1, np.zeros(3, bool), np.ones(3))
