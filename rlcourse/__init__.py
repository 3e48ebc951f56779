"""Reinforcement learning, derived and run: the package behind the course."""

__version__ = "0.1.0"
