"""Returns and advantages: oracle, tabular, torch."""

from oracles import returns as oracle

from twins import Twin

FLAGS = ("terminated", "truncated", "mask")


def drawn(*names, **numbers):
    """A draw of the named arrays (flags set at a quarter of the steps) together with fixed numbers."""

    def draw(rng, batch, T):
        arrays = {name: rng.normal(size=(*batch, T)) for name in names if name not in FLAGS}
        flags = {name: rng.random((*batch, T)) < 0.25 for name in names if name in FLAGS}
        if "mask" in flags:
            flags["mask"] = ~flags["mask"]
        return {**arrays, **flags, **numbers}

    return draw


ENDS = ("terminated", "truncated")
TWINS = [
    Twin("returns.td_errors", drawn("r", "v", "v_next", "terminated", gamma=0.9), oracle.td_errors),
    Twin("returns.td_errors", drawn("r", "v", "v_next", "terminated", "mask", gamma=0.9), oracle.td_errors),
    Twin("returns.discounted_returns", drawn("r", "v_next", *ENDS, gamma=0.9), oracle.discounted_returns),
    Twin("returns.discounted_returns", drawn("r", "v_next", *ENDS, "mask", gamma=0.9), oracle.discounted_returns),
    Twin("returns.n_step_returns", drawn("r", "v_next", *ENDS, gamma=0.9, n=3), oracle.n_step_returns),
    Twin("returns.n_step_returns", drawn("r", "v_next", *ENDS, "mask", gamma=0.9, n=2), oracle.n_step_returns),
    Twin("returns.lambda_returns", drawn("r", "v_next", *ENDS, gamma=0.9, lam=0.7), oracle.lambda_returns),
    Twin("returns.lambda_returns", drawn("r", "v_next", *ENDS, "mask", gamma=0.9, lam=0.7), oracle.lambda_returns),
    Twin("returns.gae", drawn("r", "v", "v_next", *ENDS, gamma=0.9, lam=0.7), oracle.gae),
    Twin("returns.gae", drawn("r", "v", "v_next", *ENDS, "mask", gamma=0.9, lam=0.7), oracle.gae),
]
