"""The book's figure style."""

from __future__ import annotations

import matplotlib as mpl
from cycler import cycler

__all__ = ["COLORS", "use_style"]

# Okabe and Ito's palette (distinguishable with color-vision deficiencies), without its yellow,
# which is too faint on white. Names say what a chapter means, not what a printer needs.
COLORS = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "pink": "#CC79A7",
    "sky": "#56B4E9",
    "amber": "#E69F00",
    "gray": "#666666",
    "ink": "#222222",
}


def use_style() -> None:
    """Apply the style to matplotlib: white ground, dark ink, no box, light grid.

    The HTML pages invert the figures in dark mode, so a figure must keep its white ground.
    """
    mpl.rcParams.update(
        {
            "figure.figsize": (7.2, 3.6),
            "figure.dpi": 144,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "savefig.facecolor": "white",
            "font.size": 10,
            "axes.titlesize": 10.5,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.labelsize": 10,
            "axes.edgecolor": COLORS["ink"],
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#e3e3e3",
            "grid.linewidth": 0.7,
            "axes.prop_cycle": cycler(color=[c for n, c in COLORS.items() if n != "ink"]),
            "lines.linewidth": 1.8,
            "legend.frameon": False,
            "text.color": COLORS["ink"],
            "axes.labelcolor": COLORS["ink"],
            "xtick.color": COLORS["ink"],
            "ytick.color": COLORS["ink"],
            "mathtext.fontset": "cm",
        }
    )
