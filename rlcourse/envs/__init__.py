"""The book's decision processes as Gymnasium environments, and Gymnasium's tables as decision processes.

Importing this package registers the worlds with Gymnasium: ``rlcourse/TinyWorld-v0``, ``rlcourse/CliffWalk-v0``,
``rlcourse/WindyGrid-v0``, ``rlcourse/RandomWalk-v0``, ``rlcourse/Queue-v0``, ``rlcourse/GridWorld-v0`` and
``rlcourse/Garnet-v0``, for ``gymnasium.make`` and ``gymnasium.make_vec``. Further arguments go to the function that
makes the world, such as ``n=5`` to the random walk. A grid world needs its ``text``, a Garnet its ``n_states``,
``n_actions``, ``branching`` and ``seed``. How an environment behaves is said in :func:`to_gymnasium`.
"""

from rlcourse.envs.conversion import mdp_from_gymnasium, to_gymnasium
from rlcourse.envs.registration import register_worlds

__all__ = ["mdp_from_gymnasium", "to_gymnasium"]

register_worlds()
