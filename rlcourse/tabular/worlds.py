"""Worlds of the book as decision processes: small enough to look at, each with a reason to exist."""

from __future__ import annotations

import numpy as np

from rlcourse import checks
from rlcourse.tabular.mdp import MDP
from rlcourse.tabular.uniformization import uniformized_mdp

__all__ = ["MOVES", "cliff_walk", "grid_cells", "grid_world", "queue", "random_walk", "tiny_world", "windy_grid"]

MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # actions of every grid: up, right, down, left, as (row, column)


def tiny_world(gamma: float = 0.9) -> MDP:
    r"""The book's own world, on which every method runs: a day on a mountain, 6 states and 3 actions.

    =======  =====================  ==============================  ==============================
    state    0: rest                1: walk                         2: climb
    =======  =====================  ==============================  ==============================
    valley   +1, home               -1, slope .9, valley .1         -1, ledge .7, valley .3
    slope     0, valley             -1, summit .3, slope .7         -1, ledge .8, valley .2
    ledge    +3, home               -1, slope                       -1, summit .8, lost .2
    summit   +12, home              +8, home                        -1, summit
    =======  =====================  ==============================  ==============================

    States 0 to 3 in this order; home (4) and lost (5) are terminal. A day starts in the valley or on the slope, each
    with probability 1/2. The numbers are chosen so that the world is small and nothing in it is special:

    - the best immediate reward, rest in the valley, is a trap: greedy in R, a day there is worth 1 instead of 5.2;
    - gamma decides: in the valley it is best to rest if it is small, to climb in the middle (0.9), and to walk, which
      is slow but safe, if it is near 1;
    - no two actions have the same optimal value, for gamma = 0.9 and for gamma = 1;
    - some policies never end (walk up from the valley, rest on the slope), and each of them pays for it;
    - a learner that does not explore stays in the valley;
    - a day is a sentence of a few words, the actions, that ends with a full stop, the terminal state; its two first
      states are two prompts. So what is written for texts runs here too.

    Args:
        gamma: discount.

    Returns:
        The decision process. Every reward is certain given state and action.

    Proved in: foundations/mdp (def-mdp-process).
    """
    valley, slope, ledge, summit, home, lost = range(6)
    rest, walk, climb = range(3)
    table = {
        (valley, rest): (1, {home: 1}),
        (valley, walk): (-1, {slope: 0.9, valley: 0.1}),
        (valley, climb): (-1, {ledge: 0.7, valley: 0.3}),
        (slope, rest): (0, {valley: 1}),
        (slope, walk): (-1, {summit: 0.3, slope: 0.7}),
        (slope, climb): (-1, {ledge: 0.8, valley: 0.2}),
        (ledge, rest): (3, {home: 1}),
        (ledge, walk): (-1, {slope: 1}),
        (ledge, climb): (-1, {summit: 0.8, lost: 0.2}),
        (summit, rest): (12, {home: 1}),
        (summit, walk): (8, {home: 1}),
        (summit, climb): (-1, {summit: 1}),
    }
    P, R = np.zeros((6, 3, 6)), np.zeros((6, 3))
    for (s, a), (reward, law) in table.items():
        R[s, a] = reward
        P[s, a, list(law)] = list(law.values())
    return MDP(P, R, gamma, start=[0.5, 0.5, 0, 0, 0, 0], terminal=np.arange(6) >= home)


def grid_cells(text: str) -> np.ndarray:
    """Row and column of every state of a grid world, ``[S, 2]``: the cells that are not walls, row by row."""
    return np.argwhere(_letters(text) != "#")


def grid_world(
    text: str, *, goals: dict[str, float] | None = None, step: float = 0.0, slip: float = 0.0, gamma: float = 0.9
) -> MDP:
    r"""A grid world from a drawing.

    ``#`` is a wall, ``S`` a start, ``.`` a free cell, and every letter of ``goals`` a goal: entering it pays and ends
    the episode. The actions are up, right, down and left (`MOVES`). A move goes where it is meant to with
    probability ``1 - slip``, else to one of the two sides, each with half of ``slip``. A move into a wall or over
    the edge leaves the agent where it is.

    Args:
        text: the drawing, rows of equal length; indentation and empty first and last lines are ignored.
        goals: reward of entering each kind of goal; by default ``{"G": 1.0}``.
        step: reward of every move, in addition to that of a goal.
        slip: probability of going astray, in [0, 1].
        gamma: discount.

    Returns:
        The decision process. Its states are the cells of :func:`grid_cells`; it starts in the cells S with equal
        probability, or in any cell that is not a goal if there is no S.

    Raises:
        ValueError: the drawing is empty, its rows differ in length, a letter is unknown, there is no goal, or a goal
            cannot be reached from the start (the message names its cell).
        TypeError: the drawing is not a text.

    Source: Sutton and Barto (2018), example 3.5; Russell and Norvig (2020), section 17.1, for the slips.
    """
    goals = {"G": 1.0} if goals is None else goals
    if not goals:
        raise ValueError("goals is empty; expected at least one letter with its reward, like {'G': 1.0}")
    letters = _letters(text)
    unknown = ~np.isin(letters, ["#", "S", ".", *goals])
    if unknown.any():
        row, column = np.argwhere(unknown)[0]
        known = ", ".join(["#", "S", ".", *goals])
        raise ValueError(f"text has {letters[row, column]} in row {row}, column {column}; expected one of {known}")
    checks.unit_interval("slip", slip)
    cells = letters[letters != "#"]
    to = _targets(letters != "#")
    states = np.arange(len(cells))
    P = np.zeros((len(cells), 4, len(cells)))
    for a in range(4):
        for toward, p in ((a, 1 - slip), ((a + 1) % 4, slip / 2), ((a + 3) % 4, slip / 2)):
            P[states, a, to[:, toward]] += p
    arrival = np.array([goals.get(letter, 0.0) for letter in cells])
    terminal = np.isin(cells, list(goals))
    start = cells == "S" if "S" in cells else ~terminal
    if not terminal.any():
        raise ValueError(f"text has no goal; expected one of {', '.join(goals)} in it")
    _check_reachable(P, start, terminal, grid_cells(text))
    rewards = np.broadcast_to(step + arrival, P.shape)  # paid on arrival
    return MDP(P, rewards, gamma, start=start / start.sum(), terminal=terminal)


def cliff_walk(gamma: float = 1.0) -> MDP:
    """Cliff walking: 4 rows of 12 cells, from the lower left to the lower right corner along a cliff.

    A move pays -1. A step into one of the ten cells between start and goal is a fall: it pays -100 and leads back to
    the start. State ``12 * row + column``; actions as in `MOVES`. The cells of the cliff are never entered.

    Source: Sutton and Barto (2018), example 6.6.
    """
    to = _targets(np.ones((4, 12), bool))
    start, goal = 36, 47
    fall = (to > start) & (to < goal)
    P = np.eye(48)[np.where(fall, start, to)]
    return MDP(P, np.where(fall, -100.0, -1.0), gamma, start=np.eye(48)[start], terminal=np.arange(48) == goal)


def windy_grid(gamma: float = 1.0) -> MDP:
    """A grid of 7 rows and 10 columns with wind that blows upward in the middle, by one or two cells.

    A move pays -1 and is shifted by the wind of the column that it starts in. State ``10 * row + column``; actions as
    in `MOVES`. The way leads from row 3, column 0, to row 3, column 7.

    Source: Sutton and Barto (2018), example 6.5.
    """
    wind = np.array([0, 0, 0, 1, 1, 1, 2, 2, 1, 0])
    row, column = np.divmod(np.arange(70), 10)
    to_row = np.clip(row[:, None] + [move[0] for move in MOVES] - wind[column][:, None], 0, 6)
    to_column = np.clip(column[:, None] + [move[1] for move in MOVES], 0, 9)
    P = np.eye(70)[10 * to_row + to_column]
    return MDP(P, np.full((70, 4), -1.0), gamma, start=np.eye(70)[30], terminal=np.arange(70) == 37)


def random_walk(n: int = 19, *, left: float = -1.0, right: float = 1.0, gamma: float = 1.0) -> MDP:
    r"""A row of n states between two ends, to be walked by the uniform policy.

    Action 0 goes one state to the left and action 1 to the right. The states 0 and n + 1 are terminal; entering them
    pays ``left`` and ``right``, all else 0. The start is in the middle. Both moves are actions, not chances, so that
    R holds the rewards themselves and not their means. For gamma = 1 the uniform policy has the values
    :math:`V(i) = \ell + (r - \ell)\, i/(n+1)`.

    Source: Sutton and Barto (2018), examples 6.2 (n = 5, left = 0) and 7.1 (n = 19).
    """
    n = checks.whole("n", n, None)
    if n < 1 or n % 2 == 0:
        raise ValueError(f"n is {n}; expected an odd number of states, so that there is one in the middle")
    states = np.arange(n + 2)
    to = np.clip(states[:, None] + [-1, 1], 0, n + 1)
    R = np.where(to == 0, left, np.where(to == n + 1, right, 0.0))
    middle = np.eye(n + 2)[(n + 1) // 2]
    return MDP(np.eye(n + 2)[to], R, gamma, start=middle, terminal=(states == 0) | (states == n + 1))


def queue(
    capacity: int = 10,
    *,
    arrival: float = 0.8,
    service: tuple[float, ...] = (0.6, 1.4),
    cost: tuple[float, ...] = (0.0, 4.0),
    waiting: float = 1.0,
    lost: float = 20.0,
    discount_rate: float = 0.1,
) -> MDP:
    r"""A queue in continuous time whose server chooses its speed, made discrete by uniformization.

    Customers come at rate ``arrival``; one who finds ``capacity`` others is lost, which costs ``lost``. With action a
    the server works at rate ``service[a]`` and costs ``cost[a]`` per unit of time; each customer present costs
    ``waiting`` per unit of time. A step of the decision process is a tick of a clock of rate :math:`\Lambda`, as fast
    as the fastest state, and its discount is :math:`\Lambda/(\Lambda+\alpha)`.

    Args:
        capacity: largest number of customers; the states are 0, ..., capacity.
        arrival: customers per unit of time.
        service: rates of the server, one per action.
        cost: cost of each action per unit of time.
        waiting: cost of a customer per unit of time.
        lost: cost of a customer who is lost.
        discount_rate: :math:`\alpha` per unit of time.

    Returns:
        The decision process, whose values are those of the queue in continuous time; it starts empty.

    Raises:
        ValueError: a rate is negative, ``service`` and ``cost`` differ in length, or the capacity is not positive.

    Source: Lippman (1975); Puterman (1994), section 11.5. Proved in: processes/continuous_time (thm-uniform-control).
    """
    capacity = checks.whole("capacity", capacity, 1)
    if len(service) != len(cost):
        raise ValueError(f"cost has {len(cost)} entries; expected {len(service)}, one per speed of the server")
    customers = np.arange(capacity + 1)
    rates, lump = np.zeros((2, capacity + 1, len(service), capacity + 1))
    # a customer who is lost is an event that pays and leaves the state as it is
    rates[customers, :, np.minimum(customers + 1, capacity)] = arrival
    lump[capacity, :, capacity] = -lost
    rates[customers[1:], :, customers[:-1]] = service
    tick = uniformized_mdp(rates, -waiting * customers[:, None] - np.array(cost), discount_rate, lump)
    return MDP(tick.P, tick.R, tick.gamma, start=np.eye(capacity + 1)[0])


def _letters(text: str) -> np.ndarray:
    """The drawing as an array of letters ``[rows, columns]``."""
    if not isinstance(text, str):
        raise TypeError(f"text: expected a drawing with one line per row, got {type(text).__name__}")
    rows = [line.strip() for line in text.strip().splitlines()]
    if not rows:
        raise ValueError("text is empty; expected a drawing with one line per row")
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(f"row {i} of text has {len(row)} cells; expected {len(rows[0])}, as in row 0")
    return np.array([list(row) for row in rows])


def _targets(free: np.ndarray) -> np.ndarray:
    """State that each move leads to, ``[S, 4]``, where the states are the free cells row by row."""
    number = np.where(free, np.cumsum(free).reshape(free.shape) - 1, -1)
    # a frame of walls, so that the edge needs no rule of its own
    number = np.pad(number, 1, constant_values=-1)
    cells = np.argwhere(number >= 0)
    here = number[number >= 0]
    to = np.stack([number[cells[:, 0] + down, cells[:, 1] + right] for down, right in MOVES], axis=1)
    return np.where(to >= 0, to, here[:, None])


def _check_reachable(P: np.ndarray, start: np.ndarray, terminal: np.ndarray, cells: np.ndarray) -> None:
    """Raise unless every goal can be reached from the start."""
    step = P.any(axis=1) & ~terminal[:, None]
    reached, found = start, -1
    while reached.sum() > found:
        found = reached.sum()
        reached = reached | step[reached].any(axis=0)
    lost = terminal & ~reached
    if lost.any():
        row, column = cells[lost][0]
        raise ValueError(f"the goal in row {row}, column {column} cannot be reached from the start; is there a wall?")
