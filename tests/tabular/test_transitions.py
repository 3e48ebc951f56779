"""Transition probabilities, dense and sparse: checked, read-only, averaged over a policy."""

import numpy as np
import pytest
from scipy import sparse

from rlcourse.tabular import transitions as module

STATES, ACTIONS = 4, 3
FORMS = pytest.mark.parametrize("form", [np.array, lambda P: sparse.csr_array(P.reshape(-1, STATES))])
NONE = np.zeros(STATES, bool)


def table(index=None, value=None):
    P = np.random.default_rng(0).dirichlet(np.ones(STATES), (STATES, ACTIONS))
    if index is not None:
        P[index] = value
    return P


def dense(P):
    return P.toarray().reshape(STATES, ACTIONS, STATES) if sparse.issparse(P) else P


@FORMS
def test_the_rows_of_terminal_states_are_replaced(form):
    terminal = np.array([False, True, False, True])
    given = table(1, 0)
    want = np.where(terminal[:, None, None], np.eye(STATES)[:, None, :], given)
    got = module.checked_transitions(form(given), terminal)[0]
    np.testing.assert_array_equal(dense(got), want)
    np.testing.assert_array_equal(dense(module.checked_transitions(form(table()))[0]), table())


@FORMS
@pytest.mark.parametrize(
    "index, value, message",
    [
        ((2, 1), 0.3, r"P\[2, 1, :\] sums to 1.2; expected 1"),
        ((1, 2), 0.2, r"P\[1, 2, :\] sums to 0.8; expected 1"),
        ((1, 2), [1.5, -0.5, 0, 0], r"P\[1, 2, 1\] is -0.5; expected a probability >= 0"),
        ((3, 0), [np.nan, 1, 0, 0], r"P\[3, 0, 0\] is nan; expected a probability >= 0"),
    ],
)
def test_wrong_rows_are_named(form, index, value, message):
    with pytest.raises(ValueError, match=message):
        module.checked_transitions(form(table(index, value)), NONE)


@FORMS
def test_numbers_must_be_real(form):
    with pytest.raises(TypeError, match="P: expected real numbers, got dtype complex128"):
        module.checked_transitions(form(table().astype(complex)), NONE)


@FORMS
def test_the_matrix_of_a_policy(form):
    P, pi = table(), np.random.default_rng(1).dirichlet(np.ones(ACTIONS), STATES)
    want = [[sum(pi[s, a] * P[s, a, x] for a in range(ACTIONS)) for x in range(STATES)] for s in range(STATES)]
    got = module.policy_matrix(form(P), pi)
    assert sparse.issparse(got) == sparse.issparse(form(P))
    np.testing.assert_allclose(got.toarray() if sparse.issparse(got) else got, want)


def test_a_sparse_matrix_that_cannot_change_is_not_copied():
    given = sparse.csr_array(table().reshape(-1, STATES))
    kept, terminal = module.checked_transitions(given)
    assert not terminal.any() and not terminal.flags.writeable
    assert kept is not given and given.data.flags.writeable
    assert module.checked_transitions(kept, NONE)[0] is kept
    for part in (kept.data, kept.indices, kept.indptr):
        assert not part.flags.writeable
    # entries that occur twice are added up, and zeros are not kept
    twice = sparse.csr_array((np.array([0.5, 0.5, 0.0, 0.5, 0.5]), [0, 0, 1, 0, 1], [0, 3, 5]), (2, 2))
    got, _ = module.checked_transitions(twice)
    np.testing.assert_array_equal(got.toarray(), [[1, 0], [0.5, 0.5]])
    assert got.nnz == 3
    # not even if nobody can write to them
    stays = sparse.csr_array((np.array([1.0, 0.0, 1.0]), np.array([0, 1, 1]), np.array([0, 2, 3])), (2, 2))
    for part in (stays.data, stays.indices, stays.indptr):
        part.setflags(write=False)
    assert stays.has_canonical_format
    np.testing.assert_array_equal(module.checked_transitions(stays)[0].indices, [0, 1])


def test_a_view_of_memory_that_can_change_is_copied():
    first = sparse.csr_array(table().reshape(-1, STATES))
    bases = [np.array(part) for part in (first.data, first.indices, first.indptr)]
    shared = sparse.csr_array(tuple(base[:] for base in bases), first.shape)
    for part in (shared.data, shared.indices, shared.indptr):
        part.setflags(write=False)
    kept, _ = module.checked_transitions(shared)
    bases[0][:] = 7
    np.testing.assert_array_equal(kept.toarray(), table().reshape(-1, STATES))
    # as soon as nobody can write, it is shared
    bases[0][:] = kept.data
    for base in bases:
        base.setflags(write=False)
    assert module.checked_transitions(shared)[0] is shared
    # memory that belongs to no array may change as well
    foreign = sparse.csr_array((np.frombuffer(bytes(kept.data)), kept.indices, kept.indptr), kept.shape)
    assert module.checked_transitions(foreign)[0] is not foreign


@FORMS
def test_a_kept_matrix_shares_no_memory_that_can_change(form):
    thin = form(np.eye(STATES)[np.zeros((STATES, ACTIONS), int)])
    kept, _ = module.checked_transitions(thin)
    assert module.checked_transitions(kept)[0] is kept or not sparse.issparse(kept)


def test_single_precision_is_named_as_the_cause():
    third = np.full((STATES, ACTIONS), 1 / 3, np.float32)
    with pytest.raises(ValueError, match=r"pi\[0, :\] sums to 1.*expected 1; normalize it.*numbers are float32, whose"):
        module.checked_laws("pi", third)
    P = np.zeros((STATES, ACTIONS, STATES), np.float32)
    P[..., :3] = np.float32(1 / 3)
    for given in (P, sparse.csr_array(P.reshape(-1, STATES))):
        with pytest.raises(ValueError, match=r"P\[0, 0, :\] sums to 1.*the numbers are float32, whose rounding is"):
            module.checked_transitions(given)
    with pytest.raises(ValueError, match="expected a probability >= 0$"):
        module.checked_laws("pi", np.array([1.5, -0.5], np.float32))
    with pytest.raises(ValueError, match=r"exp\(log-probabilities\)$"):
        module.checked_laws("pi", third.astype(float) / 2)
    laws = module.checked_laws("pi", np.array([0.5, 0.5], np.float32))
    assert laws.dtype == np.float64 and laws.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "P, terminal, message",
    [
        (np.ones((4, 3, 1)), None, r"P: expected shape \[S, A, S\], or scipy sparse \[S \* A, S\], got \(4, 3, 1\)"),
        (np.ones((4, 4)), None, "P: expected shape"),
        (np.ones((0, 1, 0)), None, "P: expected shape"),
        (sparse.csr_array(np.ones((5, 2))), None, r"P: expected shape.* got \(5, 2\)"),
        (table(), np.zeros(3, bool), r"terminal: expected shape \(4,\)"),
        (table(), ~NONE, "every state is terminal"),
    ],
)
def test_wrong_shapes_are_named(P, terminal, message):
    with pytest.raises(ValueError, match=message):
        module.checked_transitions(P, terminal)


def test_terminal_states_are_copied():
    terminal = np.array([True, False, False, False])
    _, kept = module.checked_transitions(table(), terminal)
    terminal[:] = False
    assert kept.tolist() == [True, False, False, False]
    with pytest.raises(TypeError, match="terminal: expected dtype bool"):
        module.checked_transitions(table(), [1, 0, 0, 0])
