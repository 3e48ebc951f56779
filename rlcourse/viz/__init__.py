"""Arrays in, matplotlib Axes out; one style for every figure of the book."""

from rlcourse.viz.curves import bands, label_ends
from rlcourse.viz.style import COLORS, use_style

__all__ = ["COLORS", "bands", "label_ends", "use_style"]
