"""Matplotlib's axes: make them, place an index on them, label them.

Matplotlib is optional, so the functions that need it import it themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.drawing import counts_steps, holds_dates

MOST_ROWS = 4  # More axes than these are drawn side by side as well.
LONG_SERIES = 10_000  # Beyond it legend(loc="best") is slow to find a free place.


def import_pyplot(caller: str) -> Any:
    """Return matplotlib.pyplot; raise in the name of the caller if it is missing."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'{caller} needs matplotlib; install it with pip install "skrnn[plot]".'
        ) from error
    return plt


def make_axes(ax: Any, n_targets: int) -> tuple[NDArray[Any], Any]:
    """Return one axes for each target and the axes whose place they share, if any."""
    import matplotlib.pyplot as plt

    if ax is None:
        if n_targets > MOST_ROWS:
            return _make_grid(n_targets), None
        width, height = plt.rcParams["figure.figsize"]
        # Wide, as series are, and with room for the legend beside the axes.
        figure = plt.figure(
            figsize=(1.3 * width, (0.4 + 0.5 * n_targets) * height),
            layout="constrained",
        )
        return figure.subplots(n_targets, sharex=True, squeeze=False).ravel(), None
    axes = np.ravel(np.asarray(ax, dtype=object))
    if len(axes) == n_targets:
        return axes, None
    if len(axes) != 1 or axes[0].get_subplotspec() is None:
        raise ValueError(
            "ax must be one subplot or an array of axes, one for each target, "
            f"{n_targets}. Got {len(axes)} instead."
        )
    axes[0].set_axis_off()
    grid = axes[0].get_subplotspec().subgridspec(n_targets, 1)
    return grid.subplots(sharex=True), axes[0]


def _make_grid(n_targets: int) -> NDArray[Any]:
    """Return axes of small multiples, in two or three columns."""
    import matplotlib.pyplot as plt

    width, height = plt.rcParams["figure.figsize"]
    n_columns = 2 if n_targets <= 2 * MOST_ROWS else 3
    n_rows = -(-n_targets // n_columns)
    size = 0.75 * n_columns * width, (0.4 + 0.4 * n_rows) * height
    figure = plt.figure(figsize=size, layout="constrained")
    axes = figure.subplots(n_rows, n_columns, sharex=True, squeeze=False).ravel()
    for empty in axes[n_targets:]:
        empty.remove()
    # The last axes of each column show where they are in time.
    for ax in axes[n_targets - n_columns : n_targets]:
        ax.tick_params(labelbottom=True)
    return axes[:n_targets]


def whole_numbers() -> Any:
    """Return a locator that puts ticks on whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    # By default it prefers two ticks to whole numbers, as on the axis of one epoch.
    return MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)


def format_dates(ax: Any, index: pd.Index) -> None:
    """Label an axis with dates, as briefly as their range allows."""
    from matplotlib import dates

    # Without a zone Matplotlib labels in that of its settings, by default UTC.
    tz = getattr(index, "tz", None)
    locator = dates.AutoDateLocator(tz=tz)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=tz))


def label_axes(axes: NDArray[Any], target_names: list[str], index: pd.Index) -> None:
    """Label the axes with targets and index, and add one legend."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    for ax, name in zip(axes, target_names, strict=True):
        ax.set_ylabel(name)
        if holds_dates(index):
            format_dates(ax, index)
        elif counts_steps(index):
            ax.xaxis.set_major_locator(whole_numbers())
    default = "" if holds_dates(index) else "Index"
    axes[-1].set_xlabel(default if index.name is None else index.name)
    # A constrained layout makes room for a legend outside, where it hides no data.
    if isinstance(axes[0].figure.get_layout_engine(), ConstrainedLayoutEngine):
        legend = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
        _at_the_right(axes).legend(*axes[0].get_legend_handles_labels(), **legend)
    else:
        n_points = sum(len(line.get_xdata()) for line in axes[0].lines)
        axes[0].legend(loc="best" if n_points <= LONG_SERIES else "upper left")


def _at_the_right(axes: NDArray[Any]) -> Any:
    """Return the last axes of the first row, beside which there is room."""
    if len(axes) <= MOST_ROWS:
        return axes[0]
    first = axes[0].get_position().y0
    return [ax for ax in axes if abs(ax.get_position().y0 - first) < 1e-6][-1]
