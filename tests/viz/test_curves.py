"""Figures show the numbers that they were given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rlcourse import viz


@pytest.fixture
def ax():
    viz.use_style()
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def test_bands_draw_median_and_quartiles(ax):
    runs = np.random.default_rng(0).normal(size=(9, 4))
    viz.bands(ax, np.arange(4), runs, "runs")
    (line,) = ax.get_lines()
    np.testing.assert_allclose(line.get_ydata(), np.median(runs, axis=0))
    edge = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert np.isclose(edge.max(), np.quantile(runs, 0.75, axis=0).max())
    assert np.isclose(edge.min(), np.quantile(runs, 0.25, axis=0).min())


def test_bands_refuse_few_runs_and_wrong_shapes(ax):
    with pytest.raises(ValueError, match="at least 5 runs.*got 4"):
        viz.bands(ax, np.arange(3), np.zeros((4, 3)), "runs")
    with pytest.raises(ValueError, match=r"runs: expected shape \[runs, 3\]"):
        viz.bands(ax, np.arange(3), np.zeros((5, 4)), "runs")


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_end_labels_do_not_overlap_and_leave_the_data_alone(ax, scale):
    x = np.arange(1, 6)
    for k in range(3):
        ax.plot(x, 0.001 * k + x, label=f"line {k}")
    ax.plot(x, x, label="_hidden")
    ax.set_xscale(scale)
    viz.label_ends(ax)
    assert [text.get_text() for text in ax.texts] == ["line 0", "line 1", "line 2"]
    heights = ax.transData.transform([text.xy for text in ax.texts])[:, 1]
    assert np.diff(heights).min() >= 0.07 * ax.bbox.height
    assert ax.get_xlim()[1] > 5
