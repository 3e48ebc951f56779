"""Settings that every test needs."""

import os

# Before numpy and torch are loaded: one thread per process, because xdist runs one process per core.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from hypothesis import Phase, settings

# The same examples in every run: a test that fails for one person fails for all.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=30, database=None)
# A planted fault only has to be noticed: fewer examples, and nobody reads the smallest one.
settings.register_profile(
    "fault", settings.get_profile("repeatable"), max_examples=10, phases=set(Phase) - {Phase.shrink}
)
settings.load_profile("fault" if "FAULT_PLANTED" in os.environ else "repeatable")
