"""The worlds are what their docstrings say."""

import itertools

import numpy as np
import pytest

from rlcourse.tabular import worlds
from rlcourse.tabular.mdp import deterministic_policy, performance, policy_values, uniform_policy


def best_actions(mdp):
    """Optimal values by sweeps, for states that are not terminal."""
    v = np.zeros(mdp.n_states)
    for _ in range(800):
        v = (mdp.R + mdp.gamma * mdp.expect(v)).max(axis=1)
    return (mdp.R + mdp.gamma * mdp.expect(v))[~mdp.terminal]


def test_the_tiny_world_is_the_printed_table():
    mdp = worlds.tiny_world()
    assert mdp.R[:4].tolist() == [[1, -1, -1], [0, -1, -1], [3, -1, -1], [12, 8, -1]]
    steps = {
        (0, 0): {4: 1}, (0, 1): {1: 0.9, 0: 0.1}, (0, 2): {2: 0.7, 0: 0.3},
        (1, 0): {0: 1}, (1, 1): {3: 0.3, 1: 0.7}, (1, 2): {2: 0.8, 0: 0.2},
        (2, 0): {4: 1}, (2, 1): {1: 1}, (2, 2): {3: 0.8, 5: 0.2},
        (3, 0): {4: 1}, (3, 1): {4: 1}, (3, 2): {3: 1},
    }  # fmt: skip
    for (s, a), law in steps.items():
        np.testing.assert_array_equal(mdp.P[s, a], [law.get(x, 0) for x in range(6)])
    assert mdp.start.tolist() == [0.5, 0.5, 0, 0, 0, 0]
    assert mdp.terminal.tolist() == [False] * 4 + [True] * 2


def test_the_tiny_world_has_the_promised_properties():
    rest, walk, climb = range(3)
    want = {0.3: rest, 0.9: climb, 1.0: walk}
    assert {gamma: best_actions(worlds.tiny_world(gamma))[0].argmax() for gamma in want} == want
    for gamma in (0.9, 1.0):
        q = np.sort(best_actions(worlds.tiny_world(gamma)), axis=1)
        assert np.diff(q).min() > 0.15
    mdp = worlds.tiny_world()
    myopic = deterministic_policy(mdp.R.argmax(axis=1), 3)
    assert policy_values(mdp, myopic).v[0] == 1
    assert best_actions(mdp)[0].max() == pytest.approx(5.2, abs=0.05)
    loop = deterministic_policy([walk, rest, rest, rest, 0, 0], 3)
    with pytest.raises(ValueError, match="may never end from state 0"):
        policy_values(worlds.tiny_world(1.0), loop)


CORNER = """
    S.G
    #.X
    """


def test_a_grid_is_its_drawing():
    cells = worlds.grid_cells(CORNER)
    assert cells.tolist() == [[0, 0], [0, 1], [0, 2], [1, 1], [1, 2]]
    mdp = worlds.grid_world(CORNER, goals={"G": 5.0, "X": -2.0}, step=-0.5, slip=0.2)
    assert mdp.start.tolist() == [1, 0, 0, 0, 0]
    assert mdp.terminal.tolist() == [False, False, True, False, True]
    up, right, down, left = range(4)
    np.testing.assert_allclose(mdp.P[1, right], [0, 0.1, 0.8, 0.1, 0])
    np.testing.assert_allclose(mdp.P[1, down], [0.1, 0, 0.1, 0.8, 0])
    np.testing.assert_allclose(mdp.P[1, up], [0.1, 0.8, 0.1, 0, 0])
    np.testing.assert_allclose(mdp.P[3, left], [0, 0.1, 0, 0.9, 0])
    np.testing.assert_allclose(mdp.P[0, left], [1, 0, 0, 0, 0])
    np.testing.assert_allclose(mdp.R[1], -0.5 + 5 * np.array([0.1, 0.8, 0.1, 0]))
    np.testing.assert_allclose(mdp.R[3], -0.5 - 2 * np.array([0.1, 0.8, 0.1, 0]))
    # a goal pays when it is entered, not when somebody sets out for it
    np.testing.assert_array_equal(mdp.rewards[1], [[-0.5, -0.5, 4.5, -0.5, -2.5]] * 4)


def test_every_state_of_a_grid_is_where_its_moves_lead():
    text = "....\n.##.\n...G"
    cells = worlds.grid_cells(text)
    mdp = worlds.grid_world(text)
    assert mdp.start[mdp.terminal].sum() == 0 and np.unique(mdp.start).size == 2
    place = {tuple(cell): s for s, cell in enumerate(cells.tolist())}
    for s, (row, column) in enumerate(cells.tolist()):
        for a, (down, right) in enumerate(((-1, 0), (0, 1), (1, 0), (0, -1))):
            to = place.get((row + down, column + right), s)
            assert mdp.terminal[s] or mdp.P[s, a, to] == 1
            assert mdp.R[s, a] == (mdp.terminal[to] and not mdp.terminal[s])


@pytest.mark.parametrize(
    "text, change, message",
    [
        ("S.#G", {}, "the goal in row 0, column 3 cannot be reached from the start"),
        ("SG.X", {"goals": {"G": 1, "X": 2}}, "the goal in row 0, column 3 cannot be reached"),
        ("S..", {}, "text has no goal; expected one of G"),
        ("S.?G", {}, r"text has \? in row 0, column 2; expected one of #, S, ., G"),
        ("S.\n..G", {}, "row 1 of text has 3 cells; expected 2, as in row 0"),
        ("S.G", {"slip": 1.5}, "slip is 1.5"),
        ("", {}, "text is empty; expected a drawing"),
        (" \n ", {}, "text is empty; expected a drawing"),
        ("S.G", {"goals": {}}, "goals is empty; expected at least one letter with its reward"),
    ],
)
def test_wrong_grids_are_refused(text, change, message):
    with pytest.raises(ValueError, match=message):
        worlds.grid_world(text, **change)


def test_a_grid_is_drawn_as_text():
    with pytest.raises(TypeError, match="text: expected a drawing with one line per row, got list"):
        worlds.grid_world(["S.G"])


def walked(mdp, actions, s):
    """State and total reward after fixed moves of a deterministic world."""
    total = 0
    for a in actions:
        total += mdp.R[s, a]
        s = int(mdp.P[s, a].argmax())
    return s, total


def test_cliff_walking():
    mdp = worlds.cliff_walk()
    up, right, down, left = range(4)
    assert mdp.P.max(axis=2).min() == 1 and mdp.start[36] == 1 and mdp.terminal.nonzero()[0].tolist() == [47]
    assert walked(mdp, [up] + [right] * 11 + [down], 36) == (47, -13)
    assert walked(mdp, [right], 36) == (36, -100)
    assert walked(mdp, [down], 25) == (36, -100)
    assert walked(mdp, [down], 34) == (36, -100)
    assert walked(mdp, [down], 35) == (47, -1)
    assert walked(mdp, [left], 36) == (36, -1) and walked(mdp, [up], 3) == (3, -1) and walked(mdp, [right], 11)[0] == 11
    falls = sorted(map(tuple, np.argwhere(mdp.R == -100).tolist()))
    cliff = range(37, 47)
    inside = [(s, right) for s in cliff[:-1]] + [(s, left) for s in cliff[1:]] + [(s, down) for s in cliff]
    assert falls == sorted([(s - 12, down) for s in cliff] + inside + [(36, right)])


def test_windy_grid():
    # the way of the book: right nine times, down four times, left twice, in 15 steps
    mdp = worlds.windy_grid()
    _, right, down, left = range(4)
    assert walked(mdp, [right] * 9 + [down] * 4 + [left] * 2, 30) == (37, -15)
    assert mdp.start[30] == 1 and mdp.terminal.nonzero()[0].tolist() == [37]
    wind = [0, 0, 0, 1, 1, 1, 2, 2, 1, 0]
    for row, column in itertools.product(range(7), range(10)):
        if (row, column) == (3, 7):
            continue
        for a, (by_row, by_column) in enumerate(((-1, 0), (0, 1), (1, 0), (0, -1))):
            to = min(max(row + by_row - wind[column], 0), 6), min(max(column + by_column, 0), 9)
            assert mdp.P[10 * row + column, a, 10 * to[0] + to[1]] == 1


@pytest.mark.parametrize("n, left", [(19, -1.0), (5, 0.0), (1, 0.0)])
def test_the_random_walk_has_the_values_of_a_straight_line(n, left):
    mdp = worlds.random_walk(n, left=left)
    v = policy_values(mdp, uniform_policy(mdp)).v
    np.testing.assert_allclose(v[1:-1], left + (1 - left) * np.arange(1, n + 1) / (n + 1), atol=1e-12)
    assert mdp.start[(n + 1) // 2] == 1
    assert mdp.R[1, 0] == left and mdp.R[n, 1] == 1
    assert walked(mdp, [0], (n + 1) // 2)[0] == (n - 1) // 2


def test_the_walk_of_19_states_pays_at_both_ends():
    mdp = worlds.random_walk()
    assert (mdp.n_states, mdp.R[1, 0], mdp.R[19, 1], mdp.gamma) == (21, -1, 1, 1)


@pytest.mark.parametrize("n", [0, 4, -3])
def test_a_walk_has_a_middle(n):
    with pytest.raises(ValueError, match=f"n is {n}; expected an odd number"):
        worlds.random_walk(n)


def test_sizes_are_whole_numbers():
    assert worlds.random_walk(3.0).n_states == 5 and worlds.queue(2.0).n_states == 3
    for call, name in ((worlds.random_walk, "n"), (worlds.queue, "capacity")):
        for size in (2.5, "3", None):
            with pytest.raises(ValueError, match=f"^{name} is {size}; expected a whole number"):
                call(size)


def test_the_queue_has_the_values_of_continuous_time():
    # alpha v = r + Q v for each policy, on the generator itself
    for speeds in ([0] * 4, [1] * 4, [0, 1, 0, 1]):
        shop = {"arrival": 0.7, "service": (0.5, 1.5), "cost": (0.1, 2.0), "waiting": 1.5, "lost": 5.0}
        mdp = worlds.queue(3, **shop, discount_rate=0.2)
        Q, r = np.zeros((4, 4)), np.zeros(4)
        for n, a in enumerate(speeds):
            rate = (0.5, 1.5)[a]
            r[n] = -1.5 * n - (0.1, 2.0)[a]
            if n < 3:
                Q[n, n + 1] = 0.7
                Q[n, n] -= 0.7
            else:
                r[n] -= 0.7 * 5
            if n > 0:
                Q[n, n - 1] = rate
                Q[n, n] -= rate
        want = np.linalg.solve(0.2 * np.eye(4) - Q, r)
        pi = deterministic_policy(speeds, 2)
        np.testing.assert_allclose(policy_values(mdp, pi).v, want)
        np.testing.assert_allclose(performance(mdp, pi), want[0])


def test_wrong_queues_are_refused():
    with pytest.raises(ValueError, match="capacity is 0"):
        worlds.queue(0)
    with pytest.raises(ValueError, match="cost has 1 entries; expected 2"):
        worlds.queue(cost=(1.0,))
