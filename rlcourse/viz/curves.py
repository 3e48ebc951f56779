"""Curves over many runs."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

__all__ = ["bands", "label_ends"]


def bands(ax: Axes, x: np.ndarray, runs: np.ndarray, label: str, color: str | None = None) -> None:
    """Draw the median of many runs with its interquartile range.

    Args:
        ax: where to draw.
        x: positions, shape [T].
        runs: one row per run, shape [runs, T], at least 5 rows.
        label: name of the curve.
        color: line color; the next one of the cycle if not given.

    Raises:
        ValueError: if the shapes do not fit or there are fewer than 5 runs.
    """
    x, runs = np.asarray(x), np.asarray(runs)
    if runs.ndim != 2 or runs.shape[1:] != x.shape:
        raise ValueError(f"runs: expected shape [runs, {len(x)}] for x of shape {x.shape}, got {runs.shape}")
    if len(runs) < 5:
        raise ValueError(f"runs: expected at least 5 runs for a median and quartiles, got {len(runs)}")
    low, median, high = np.quantile(runs, [0.25, 0.5, 0.75], axis=0)
    (line,) = ax.plot(x, median, label=label, color=color)
    ax.fill_between(x, low, high, color=line.get_color(), alpha=0.2, linewidth=0)


def label_ends(ax: Axes, room: float = 0.22) -> None:
    """Write each labeled line's name at its right end, in its color, instead of a legend.

    Args:
        ax: Axes with labeled lines.
        room: share of the axis width that is kept free for the names.
    """
    lines = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
    low, high = ax.get_xlim()
    ax.set_xticks([x for x in ax.get_xticks() if low <= x <= high])
    # the width grows in the axis's own scale, so that a logarithmic axis works too
    axis = ax.xaxis.get_transform()
    left, right = axis.transform(np.array([low, high]))
    ax.set_xlim(low, axis.inverted().transform(np.array([right + room * (right - left) / (1 - room)]))[0])

    to_pixels, to_data = ax.transData.transform, ax.transData.inverted().transform
    ends = [(to_pixels(line.get_xydata()[-1])[1], i) for i, line in enumerate(lines)]
    below = -np.inf
    for pixel, i in sorted(ends):
        below = max(pixel, below + 0.075 * ax.bbox.height)
        x_end, _ = lines[i].get_xydata()[-1]
        ax.annotate(
            lines[i].get_label(),
            (x_end, to_data((0, below))[1]),
            xytext=(5, 0),
            textcoords="offset points",
            color=lines[i].get_color(),
            va="center",
            fontsize=9,
        )
