"""Draw heat maps with their colour bars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skrnn._index.drawing import axis_values, counts_steps, holds_dates
from skrnn._plotting.axes import format_dates, whole_numbers

__all__ = [
    "Scale",
    "draw_map",
    "edges_of",
    "label_times",
    "places_of",
    "take_place",
]


class Scale:
    """Colour map for a kind of value, and the range that it covers.

    Parameters
    ----------
    cmap : str
        Name of Matplotlib's colours.
    least, most : float or None
        The ends of the range; None takes those of the values.
    """

    def __init__(
        self, cmap: str, least: float | None = None, most: float | None = None
    ) -> None:
        self.cmap, self.least, self.most = cmap, least, most

    @classmethod
    def around_zero(cls, values: NDArray[Any]) -> Scale:
        """Return a scale with white at zero, blue above and red below."""
        observed = np.abs(values[np.isfinite(values)])
        largest = float(observed.max()) if observed.size else 0.0
        return cls("RdBu_r", -(largest or 1.0), largest or 1.0)


def places_of(index: pd.Index) -> NDArray[np.float64]:
    """Return stamps or numbers as the numbers that Matplotlib places on an axis."""
    from matplotlib.dates import date2num

    places = np.asarray(axis_values(index))
    return date2num(places) if places.dtype.kind in "MO" else places.astype(float)


def edges_of(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges of cells that are centred on places."""
    if len(places) == 1:
        return places[0] + np.array([-0.5, 0.5])
    between = (places[1:] + places[:-1]) / 2
    first, last = 2 * places[0] - between[0], 2 * places[-1] - between[-1]
    return np.concatenate([[first], between, [last]])


def draw_map(
    ax: Any,
    values: NDArray[np.float64],
    edges: NDArray[np.float64],
    scale: Scale,
    bar_ax: Any,
    **map_kw: Any,
) -> Any:
    """Draw values of shape (n_rows, n_columns), the first row on top, and their scale.

    NaN is grey.

    Returns
    -------
    mesh : matplotlib.collections.QuadMesh
        The heat map.
    """
    n_rows = len(values)
    ax.set_facecolor("0.8")
    ax.grid(visible=False)  # Or rcParams["axes.grid"] draws lines over the cells.
    style = {
        "cmap": scale.cmap,
        "vmin": scale.least,
        "vmax": scale.most,
        "rasterized": values.size > 2000,  # Else a PDF has a shape for each cell.
    }
    rows = np.arange(n_rows + 1) - 0.5
    cells = np.ma.masked_invalid(values)
    mesh = ax.pcolormesh(edges, rows, cells, **{**style, **map_kw})
    ax.set_ylim(n_rows - 0.5, -0.5)
    ax.yaxis.set_major_locator(whole_numbers())
    ax.figure.colorbar(mesh, cax=bar_ax)
    return mesh


def label_times(ax: Any, index: pd.Index, label: str) -> None:
    """Label the axis of time with stamps or numbers of steps."""
    if holds_dates(index):
        format_dates(ax, index)
        label = "" if index.name in (None, "time") else str(index.name)
    elif counts_steps(index):
        ax.xaxis.set_major_locator(whole_numbers())
    ax.set_xlabel(label)


def take_place(ax: Any, shape: tuple[float, float]) -> tuple[Any, Any]:
    """Return a function that makes a grid of axes, in a new figure or in a subplot.

    Parameters
    ----------
    ax : matplotlib Axes or None
        A subplot whose place is to be divided; None makes a figure.
    shape : tuple of float
        Width and height of that figure, in inches.

    Returns
    -------
    make_grid : callable
        Makes a Matplotlib GridSpec.
    bounding_ax : matplotlib Axes or None
        The subplot whose place is divided.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        return plt.figure(figsize=shape, layout="constrained").add_gridspec, None
    place = getattr(ax, "get_subplotspec", lambda: None)()
    if place is None:
        raise ValueError(
            "ax must be one subplot, whose place the parts of the display share. Got "
            f"{type(ax).__name__} instead; make it with plt.subplots."
        )
    ax.set_axis_off()
    return place.subgridspec, ax
