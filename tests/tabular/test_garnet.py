"""Random decision processes: their sets, their laws, their sizes."""

import itertools

import numpy as np
import pytest

from rlcourse.tabular import garnet as module
from rlcourse.tabular.garnet import garnet
from rlcourse.tabular.transitions import checked_transitions


def test_every_action_has_the_same_number_of_successors():
    for size, count in [(1, 1), (5, 1), (5, 3), (5, 5), (40, 7)]:
        mdp = garnet(size, 3, count, np.random.default_rng(size), 0.9, sparse=True)
        assert mdp.is_sparse and mdp.P.nnz == size * 3 * count
        np.testing.assert_array_equal(np.diff(mdp.P.indptr), count)
        assert (mdp.P.data > 0).all() and (mdp.n_states, mdp.n_actions, mdp.gamma) == (size, 3, 0.9)
        assert not mdp.terminal.any()


def test_dense_and_sparse_are_the_same_and_repeat():
    dense, again = (garnet(6, 2, 3, np.random.default_rng(0), 0.9) for _ in range(2))
    thin = garnet(6, 2, 3, np.random.default_rng(0), 0.9, sparse=True)
    np.testing.assert_array_equal(dense.P.reshape(12, 6), thin.P.toarray())
    np.testing.assert_array_equal(dense.R, thin.R)
    np.testing.assert_array_equal(dense.P, again.P)
    assert (garnet(6, 2, 3, np.random.default_rng(1), 0.9).P != dense.P).any()


def test_all_sets_are_equally_likely():
    # 10 sets, 4000 draws: a set's share has standard error .0047; without Floyd's replacement shares differ by .03
    rows = module._subsets(4000, 5, 3, np.random.default_rng(0))
    share = [(rows == chosen).all(axis=1).mean() for chosen in itertools.combinations(range(5), 3)]
    np.testing.assert_allclose(share, 0.1, atol=0.02)
    assert sum(share) == pytest.approx(1)


def test_probabilities_are_uniform_on_the_simplex_and_rewards_standard():
    # the first of 3 gaps has mean 1/3 and P(gap > x) = (1 - x)^2; 12000 draws: standard error below .005
    mdp = garnet(400, 30, 3, np.random.default_rng(0), 0.9, sparse=True)
    gap = mdp.P.data.reshape(-1, 3)[:, 0]
    for x in (0.1, 0.5, 0.8):
        np.testing.assert_allclose((gap > x).mean(), (1 - x) ** 2, atol=0.025)
    np.testing.assert_allclose([mdp.R.mean(), mdp.R.std()], [0, 1], atol=0.05)


@pytest.mark.parametrize("count", [1, 3])
def test_a_sparse_matrix_is_not_copied(count):
    successors = module._subsets(12, 6, count, np.random.default_rng(0))
    P = module._csr(np.full((12, count), 1 / count), successors, 6)
    assert checked_transitions(P)[0] is P


def test_a_seed_is_no_generator():
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got 0; write numpy.random.default"):
        garnet(2, 2, 1, 0, 0.9)


@pytest.mark.parametrize(
    "sizes, message",
    [
        ((0, 1, 1), "n_states is 0"),
        ((2, 0, 1), "n_actions is 0"),
        ((2, 2, 0), "branching is 0"),
        ((2.5, 2, 1), "n_states is 2.5; expected a whole number, at least 1"),
        ((2, "2", 1), "n_actions is 2; expected a whole number"),
        ((2, 2, [1]), "branching is .1.; expected a whole number"),
        ((2, 2, 3), "branching is 3; expected at most n_states = 2"),
    ],
)
def test_wrong_sizes_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        garnet(*sizes, np.random.default_rng(0), 0.9)
