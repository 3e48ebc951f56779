"""Slips in environments, their conversion and their registration."""

import gymnasium.vector  # noqa: F401 (once, before the tests of every fault are forked)

from faults import Fault


def planted(module):
    """Faults of one module, each caught by a test of its own file."""

    def fault(find, replace, test, why):
        return Fault(f"rlcourse.envs.{module}", find, replace, f"tests/envs/test_{module}.py::{test}", why)

    return fault


env, conversion, registration = planted("tabular_env"), planted("conversion"), planted("registration")

LAWS, GYMS = "test_every_law_is_that_of_the_decision_process", "test_a_batch_of_one_is_gymnasiums_batch"
GYMS += "_of_the_single_environment"
SAME = "test_the_same_step_begins_an_episode_and_keeps_the_last_state"

FAULTS = [
    env("world.start, uniform[k]", "np.uint64(0), uniform[k]", LAWS, "another start law"),
    env("np.uint64(actions[i])", "np.uint64(0)", LAWS, "the first action, whatever was asked"),
    env("R, s, a, uniform[i])", "R, s, a, uniform[0])", LAWS, "all copies have the same luck"),
    env(
        "self.mdp.rewards[s, a, to]",
        "self.mdp.rewards[s, a, s]",
        "test_a_step_pays_the_reward_of_the_transition",
        "the table has the reward of staying",
    ),
    env("terminated[i] = terminal[state[i]]", "terminated[i] = terminal[s]", LAWS, "asks the state before the step"),
    env("steps[i] >= world.max_steps", "steps[i] > world.max_steps", GYMS, "a step too late"),
    env(
        "truncated[i] = steps[i] >= world.max_steps",
        "truncated[i] = terminated[i] or steps[i] >= world.max_steps",
        GYMS,
        "truncated whenever the episode ends",
    ),
    env(
        "ended[i] = terminated[i] or truncated[i]",
        "ended[i] = terminated[i]",
        "test_terminated_and_truncated_are_two_things",
        "no reset after a truncation",
    ),
    env("uniform[i]), 0, False", "uniform[i]), 1, False", GYMS, "the reset counts as a step"),
    env("uniform[k]), 0, False", "uniform[k]), 0, ended[i]", SAME, "a copy waits although it has begun"),
    env(
        "        else:\n            s, a",
        "        if True:\n            s, a",
        "test_the_next_step_begins_an_episode",
        "the action after an end is played in the next episode",
    ),
    env(
        "final = np.where(some, self.state.astype(object), None)\n        self._begin(some)",
        "self._begin(some)\n        final = np.where(some, self.state.astype(object), None)",
        SAME,
        "the next start instead of the true successor",
    ),
    env(
        "some = self.ended.copy()",
        "some = self.ended",
        SAME,
        "the mask is emptied by the reset",
    ),
    env(
        "(self._child,) = self.np_random, self.np_random.spawn(1)",
        "self._child = self.np_random, self.np_random",
        "test_actions_with_the_same_seed_do_not_know_the_future",
        "the stream of whoever has the same seed",
    ),
    env(
        "if self._parent is not self.np_random:",
        "if self._parent is None:",
        "test_a_seed_gives_the_course",
        "only the first seed counts",
    ),
    env(
        "self.chances.random(self.num_envs)",
        "np.full(self.num_envs, self.chances.random())",
        "test_a_seed_gives_the_course",
        "all copies share their chances",
    ),
    env(
        "        super().reset(seed=seed)\n        some",
        "        super().reset(seed=0)\n        some",
        "test_a_seed_gives_the_course",
        "every reset is seeded",
    ),
    env(
        "for k, i in enumerate(np.flatnonzero(some))",
        "for k, i in enumerate(range(len(some)))",
        "test_without_autoreset_the_caller_resets",
        "the mask is ignored",
    ),
    env(
        "return self.state.copy(), rewards",
        "return self.state, rewards",
        "test_what_is_returned_belongs_to_the_caller",
        "the caller can change the state",
    ),
    env(
        "if self.autoreset_mode == AutoresetMode.DISABLED and self.ended.any()",
        "if False",
        "test_without_autoreset_the_caller_resets",
        "steps after an end",
    ),
    env(
        "self.state, float(reward), bool",
        "self.state, float(self.mdp.R[s].mean()), bool",
        "test_a_single_environment_has_the_same_laws",
        "reward of the state",
    ),
    conversion(
        "np.add.at(P, (s, a, to), p)",
        "P[s, a, to] = p",
        "test_means_of_outcomes",
        "outcomes with the same successor overwrite each other",
    ),
    conversion("p / P[s, a, to] * (r", "p * (r", "test_means_of_outcomes", "next states are not given but joint"),
    conversion("* (r - rewards[s, a, to])", "* r", "test_means_of_outcomes", "rewards added to the first one"),
    conversion(
        "rewards[s, a, to] = r",
        "rewards[s, a, to] = 0",
        "test_means_of_outcomes",
        "deviations from one of the rewards, which is forgotten",
    ),
    conversion(
        "if outcome[0] != 0]",
        "]",
        "test_means_of_outcomes",
        "what cannot happen ends the episode",
    ),
    conversion(
        'start=getattr(world, "initial_state_distrib", None)',
        "start=None",
        "test_our_cliff_is_gymnasiums",
        "starts anywhere",
    ),
    conversion("terminal=terminal)", "terminal=None)", "test_the_frozen_lake_entry_by_entry", "no terminal states"),
    conversion("to[ends]", "s[ends]", "test_our_cliff_is_gymnasiums", "the state before the end is terminal"),
    conversion(
        "    _check_ends(mdp, s, a, to, ends)\n    return", "    return", "test_the_same_far_from_the_start", "no check"
    ),
    conversion(
        "(reached & ~mdp.terminal)[s] & ",
        "",
        "test_a_taxi_has_arrived_where_the_passenger_wants_to_go",
        "states out of reach count",
    ),
    conversion(
        'checks.unit_interval("gamma", gamma)',
        "pass",
        "test_bad_input_is_an_error_before_any_work",
        "gamma is looked at after the work",
    ),
    conversion(
        "return TabularVectorEnv(mdp, num_envs, max_episode_steps, autoreset_mode)",
        "return TabularVectorEnv(mdp, num_envs, None, autoreset_mode)",
        "test_a_batch",
        "a batch without limit",
    ),
    registration(
        '"WindyGrid": worlds.windy_grid',
        '"WindyGrid": worlds.cliff_walk',
        "test_gymnasium_makes_the_world",
        "another world",
    ),
    registration(
        "        gymnasium.registry.pop(name, None)\n",
        "",
        "test_registering_again_is_silent",
        "a warning for a second import",
    ),
    registration(
        "num_envs, max_episode_steps, autoreset_mode)",
        "num_envs, max_episode_steps)",
        "test_arguments_reach_the_world_and_the_batch",
        "the mode is lost",
    ),
    registration(
        "WORLDS[world](**parameters), num_envs",
        "WORLDS[world](), num_envs",
        "test_arguments_reach_the_world_and_the_batch",
        "the arguments are lost",
    ),
    registration(
        'vector_entry_point=f"{__name__}:batch",\n',
        "",
        "test_gymnasium_makes_the_world",
        "a batch of single environments, thousands of times slower",
    ),
]
