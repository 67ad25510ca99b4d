"""Plot the gates of a recurrent layer below its input."""

from skrnn._index.drawing import in_numbers
from skrnn._plotting.axes import import_pyplot
from skrnn._plotting.lines import marker_for
from skrnn._serialization.names import set_module

from ._gates import GateActivations, gate_activations
from ._heat_map import (
    Scale,
    draw_map,
    edges_of,
    label_times,
    places_of,
    take_place,
)

BETWEEN_0_AND_1 = ("input", "forget", "output", "update", "reset")
TITLES = {
    "candidate": "candidate",
    "cell": "cell state",
    "hidden": "hidden state",
}
MANY_LINES = 8  # More features than that have no legend.


@set_module("skrnn.inspection")
class GateDisplay:
    """The gates and states of a recurrent layer on one window, below its input.

    It is recommended to use :meth:`from_estimator` or :meth:`from_activations` to
    create the display. All parameters are stored as attributes.

    Each gate is a heat map of units by time steps, on the time axis of the input.
    Gates run from 0, closed, to 1, open. Candidates and states have one colour above 0
    and another one below. Steps with nothing observed, which the network skips, are
    grey.

    Parameters
    ----------
    activations : GateActivations
        The result of `gate_activations`.
    sample : int, default=0
        Which window to draw; negative numbers count from the last one.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the input.
    axes_ : ndarray of matplotlib Axes of shape (1 + n_gates,)
        Axes with the input and, below it, the gates.
    bounding_ax_ : matplotlib Axes or None
        The axes given as `ax`, whose place is shared.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        The input, a line for each feature.
    maps_ : dict of str to matplotlib QuadMesh
        The heat map of each gate.

    See Also
    --------
    gate_activations : Compute the activations.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor, make_windows
    >>> from skrnn.inspection import GateDisplay
    >>> X, y = make_windows(np.sin(np.arange(40) / 3), window=8)
    >>> gru = GRURegressor(units=2, epochs=1, random_state=0).fit(X, y)
    >>> display = GateDisplay.from_estimator(gru, X, sample=3, gates=["update"])
    >>> [ax.get_title(loc="left") for ax in display.axes_]
    ['input of GRURegressor', 'update gate']
    """

    def __init__(self, activations, *, sample=0):
        self.activations = activations
        self.sample = sample

    def plot(self, ax=None, *, gates=None, **map_kw):
        """Draw the input and the gates.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A subplot whose place the axes share. If None, a new figure is created.
        gates : str or list of str, default=None
            Which gates and states to draw, from top to bottom; None draws all of them.
        **map_kw : dict
            Keywords for the heat maps, passed to
            :meth:`matplotlib.axes.Axes.pcolormesh`.

        Returns
        -------
        display : GateDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `gates` are not those of the layer, or `ax` is no subplot.
        IndexError
            If there is no such `sample`.
        """
        import_pyplot("GateDisplay.plot")
        activations, sample = self.activations, self.sample
        names = _check_gates(activations, gates)
        inputs = activations.windows[sample]
        every_step = in_numbers(activations.times(sample, every_step=True))
        places = places_of(every_step)
        n_units = activations[names[0]].shape[2]
        heights = [2.0, *[min(max(n_units / 4, 0.8), 2.0)] * len(names)]

        shape = (8.0, 0.75 * sum(heights) + 0.35 * len(heights) + 0.3)
        make_grid, self.bounding_ax_ = take_place(ax, shape)
        grid = make_grid(len(heights), 2, height_ratios=heights, width_ratios=[40, 1])
        axes = grid.subplots(sharex="col", squeeze=False)
        self.axes_, bars = axes[:, 0], axes[:, 1]
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        self.lines_ = _draw_input(self.ax_, bars[0], places, inputs, activations)
        # A segment of steps is drawn as one cell, as wide as all of its steps.
        edges = edges_of(places)[:: activations.segment]
        self.maps_ = {
            name: _draw_gate(ax, bar, name, activations[name][sample].T, edges, map_kw)
            for name, ax, bar in zip(names, self.axes_[1:], bars[1:], strict=True)
        }
        self.ax_.set_xlim(edges[0], edges[-1])
        label_times(self.axes_[-1], every_step, str(every_step.name or "step"))
        return self

    @classmethod
    def from_activations(cls, activations, *, sample=0, gates=None, ax=None, **map_kw):
        """Draw gates that `gate_activations` returned.

        Parameters
        ----------
        activations : GateActivations
            The gates of windows.
        sample : int, default=0
            Which window to draw.
        gates : str or list of str, default=None
            Which gates and states to draw; None draws all of them.
        ax : matplotlib Axes, default=None
            A subplot whose place the axes share. If None, a new figure is created.
        **map_kw : dict
            Keywords for the heat maps, passed to
            :meth:`matplotlib.axes.Axes.pcolormesh`.

        Returns
        -------
        display : GateDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `activations` is not a `GateActivations`.
        ImportError, ValueError, IndexError
            As in :meth:`plot`.
        """
        if not isinstance(activations, GateActivations):
            raise TypeError(
                "activations must be a result of gate_activations. Got "
                f"{type(activations).__name__} instead; for an estimator call "
                "GateDisplay.from_estimator."
            )
        return cls(activations, sample=sample).plot(ax, gates=gates, **map_kw)

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        sample=0,
        gates=None,
        layer=-1,
        direction=None,
        feature_names=None,
        ax=None,
        **map_kw,
    ):
        """Compute the gates of a fitted estimator on X and draw those of one window.

        Parameters
        ----------
        estimator : estimator
            Fitted recurrent estimator, or a Pipeline or a search around one.
        X : array-like
            What its `predict` takes.
        sample : int, default=0
            Which window to draw. Where a Pipeline makes the windows, the number of the
            row that the window belongs to.
        gates : str or list of str, default=None
            Which gates and states to draw, from top to bottom; None draws all of them.
        layer : int, default=-1
            Which of the recurrent layers; -1 is the last.
        direction : {"forward", "backward"}, default=None
            Which half of a bidirectional layer; None is "forward".
        feature_names : list of str, default=None
            Names of the features of a step, as in `gate_activations`.
        ax : matplotlib Axes, default=None
            A subplot whose place the axes share. If None, a new figure is created.
        **map_kw : dict
            Keywords for the heat maps, passed to
            :meth:`matplotlib.axes.Axes.pcolormesh`.

        Returns
        -------
        display : GateDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError, TypeError
            As in `gate_activations`.
        ImportError, ValueError, IndexError
            As there, and in :meth:`plot`.
        """
        import_pyplot("GateDisplay.from_estimator")
        activations = gate_activations(
            estimator,
            X,
            layer=layer,
            direction=direction,
            feature_names=feature_names,
        )
        return cls(activations, sample=sample).plot(ax, gates=gates, **map_kw)


def _check_gates(activations, gates):
    """Return the names of the gates to draw."""
    names = [gates] if isinstance(gates, str) else gates
    names = list(activations) if names is None else list(names)
    unknown = [name for name in names if name not in activations.gates]
    if unknown or not names:
        raise ValueError(
            f"gates must be out of {list(activations)}, those of the layer. Got "
            f"{gates!r} instead."
        )
    return names


def _draw_input(ax, legend_ax, places, inputs, activations):
    """Draw a line for each feature, and label them."""
    legend_ax.set_axis_off()
    lines = ax.plot(places, inputs, marker=marker_for(len(places)), linewidth=1.2)
    for line, name in zip(lines, activations.feature_names, strict=True):
        line.set_label(name)
    name = activations.name
    ax.set_title(f"input of {name}" if name else "input", loc="left", size="medium")
    if len(lines) == 1:
        ax.set_ylabel(activations.feature_names[0])
    elif len(lines) <= MANY_LINES:
        ax.legend(
            loc="lower right",  # Above the axes, where it hides no line.
            bbox_to_anchor=(1.0, 1.0),
            ncols=len(lines),
            frameon=False,
            borderaxespad=0.1,
        )
    return lines


def _draw_gate(ax, bar_ax, name, values, edges, map_kw):
    """Draw the values of shape (units, n_steps) of one gate."""
    is_gate = name in BETWEEN_0_AND_1
    scale = Scale("viridis", 0.0, 1.0) if is_gate else Scale.around_zero(values)
    mesh = draw_map(ax, values, edges, scale, bar_ax, **map_kw)
    title = TITLES.get(name, f"{name} gate")
    ax.set_title(title, loc="left", size="medium")
    ax.set_ylabel("unit")
    return mesh
