"""Torch forms of the same quantities: dtype and device preserved, every detach documented."""
