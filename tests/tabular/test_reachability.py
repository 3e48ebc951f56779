"""What can and what must be reached, against walks of every length."""

import numpy as np
import pytest
from oracles import absorption as oracle
from oracles.markov import chain_of, weights
from scipy import sparse

from rlcourse.tabular.markov import MarkovChain
from rlcourse.tabular.reachability import can_reach, must_reach, target_mask


@pytest.mark.parametrize("seed", range(40))
def test_both_are_those_of_walks(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 7))
    W = weights(rng, size, (0.3, 0.9)[seed % 2])
    target = sorted(rng.permutation(size)[: rng.integers(1, size + 1)].tolist())
    P = W / W.sum(axis=1, keepdims=True)
    for form in (np.array, sparse.csr_array):
        chain = MarkovChain(form(P))
        assert can_reach(chain, target).tolist() == oracle.able(chain_of(W), target)
        assert must_reach(chain, target).tolist() == oracle.certain(chain_of(W), target)
        assert np.flatnonzero(target_mask(chain, target)).tolist() == target


def test_the_size_of_a_probability_does_not_matter():
    chain = MarkovChain(np.array([[1, 0, 0], [1, 0, 5e-324], [0, 0, 1]]))
    assert can_reach(chain, 2).tolist() == [False, True, True]
    assert must_reach(chain, 0).tolist() == [True, False, False]


@pytest.mark.parametrize(
    "target, error, message",
    [
        ([], ValueError, "target is empty; expected at least one state"),
        ([0, 3], ValueError, "target holds 3; expected states 0 to 2"),
        (-1, ValueError, "target holds -1; expected states 0 to 2"),
        ([0.0], TypeError, r"target: expected integers \(states\), got dtype float64"),
    ],
    ids=range(4),
)
def test_bad_targets_are_named(target, error, message):
    chain = MarkovChain(np.eye(3))
    for function in (target_mask, can_reach, must_reach):
        with pytest.raises(error, match=message):
            function(chain, target)
