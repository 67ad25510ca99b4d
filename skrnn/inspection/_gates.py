"""Activations of the gates of a recurrent layer at every time step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.inside import open_up
from skrnn._forecasting.base_forecaster import BaseForecaster
from skrnn._index.reading import stamps_of
from skrnn._index.steps import stamps_before
from skrnn._index.window_steps import index_of_steps, stamps_of_window
from skrnn._networks.cells import ACTIVATIONS
from skrnn._networks.description import RecurrentNetwork
from skrnn._networks.forward import trace_network
from skrnn._serialization.names import set_module
from skrnn._windows.checks import check_windows

from ._route import Route, apply_transformers, name_features

__all__ = ["GateActivations", "gate_activations"]


@set_module("skrnn.inspection")
@dataclass(frozen=True, eq=False)  # A generated `==` fails on arrays.
class GateActivations:
    """Activations of the gates and states of a recurrent layer, step by step.

    `gate_activations` returns one. Each gate is an attribute and, by its name, an item:
    ``activations.forget`` is ``activations["forget"]``.

    Parameters
    ----------
    gates : dict of str to ndarray of shape (n_samples, n_steps, units)
        The gates and states in the order in which a step computes them. NaN in a gate
        marks a step with nothing observed, which the network skips; states keep their
        values there. With `segment` of the estimator above 1, a step of the layer is a
        segment of the window, and there are ``n_steps // segment`` of them.
    windows : ndarray of shape (n_samples, n_steps, n_features)
        The input, in the units of X.
    feature_names : list of str
        Names of its columns.
    rows : pandas.Index of length n_samples
        The row that each window belongs to: the index of X, or numbers.
    lags : ndarray of shape (n_steps,) or None
        Rows from each step of a window to the row it belongs to, known where a
        `SlidingWindow` made the windows.
    stamps : list of pandas.Index or None
        For each step of a window the stamp of that step in all windows, known where
        a `SlidingWindow` read rows with an index.
    segment : int
        Steps of a window in one step of the layer.
    name : str
        Name of the estimator.

    See Also
    --------
    GateDisplay : Draw the activations of one window.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor, make_windows
    >>> from skrnn.inspection import gate_activations
    >>> X, y = make_windows(np.sin(np.arange(40) / 3), window=8)
    >>> gru = GRURegressor(units=2, epochs=1, random_state=0).fit(X, y)
    >>> activations = gate_activations(gru, X)
    >>> list(activations)
    ['update', 'reset', 'candidate', 'hidden']
    >>> activations.update.shape
    (32, 8, 2)
    """

    gates: dict[str, NDArray[np.float64]]
    windows: NDArray[np.float64]
    feature_names: list[str]
    rows: pd.Index
    lags: NDArray[np.intp] | None = None
    stamps: list[pd.Index] | None = None
    segment: int = 1
    name: str = ""

    def __getattr__(self, name: str) -> NDArray[np.float64]:
        gates = vars(self).get("gates", {})  # A copy being made has none yet.
        if name not in gates:
            raise AttributeError(
                f"There is no gate {name!r}; the layer has {', '.join(gates)}."
            )
        return gates[name]

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        return self.gates[name]

    def __iter__(self) -> Any:
        return iter(self.gates)

    def __len__(self) -> int:
        return len(self.gates)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.gates]

    def times(self, sample: int, *, every_step: bool = False) -> pd.Index:
        """Return the time axis of one window.

        Parameters
        ----------
        sample : int
            Which window; negative numbers count from the last one.
        every_step : bool, default=False
            Whether to return a stamp for each step of the window, also where the layer
            reads segments of steps.

        Returns
        -------
        times : pandas.Index
            Stamps where they are known, else numbers of the steps, 0 being the oldest.
            That of a segment is the stamp of its last row.
        """
        segment = 1 if every_step else self.segment
        if self.stamps is None:
            n_steps = self.windows.shape[1] // segment
            return pd.RangeIndex(n_steps, name="step" if segment == 1 else "segment")
        stamps = self.stamps[segment - 1 :: segment]
        return stamps_of_window(stamps, sample, self._time_name)

    def to_frame(self, sample: int | None = None) -> pd.DataFrame:
        """Return the gates as a table.

        Parameters
        ----------
        sample : int, default=None
            Which window; None means all of them, one below the other.

        Returns
        -------
        frame : DataFrame
            A row for each step and a column for each unit of each gate, under the
            levels "gate" and "unit". The index is the stamp of the step ("time", or
            the name of the index of X) where stamps are known, else its number
            ("step"; "segment" where the layer reads segments). With several
            windows, outer levels hold the row that the window belongs to.
        """
        labels = [
            (name, unit)
            for name, gate in self.gates.items()
            for unit in range(gate.shape[2])
        ]
        columns = pd.MultiIndex.from_tuples(labels, names=["gate", "unit"])
        own = slice(None) if sample is None else sample
        values = np.concatenate([gate[own] for gate in self.gates.values()], axis=-1)
        values = values.reshape(-1, len(columns))
        index = self._index() if sample is None else self.times(sample)
        return pd.DataFrame(values, index=index, columns=columns)

    @property
    def _time_name(self) -> Any:
        name = self.rows.names[-1]
        return "time" if name is None or self.stamps is None else name

    def _index(self) -> pd.MultiIndex:
        """Return the rows of the windows and, for each of them, its steps."""
        n_steps = next(iter(self.gates.values())).shape[1]
        if self.stamps is None:
            name = "step" if self.segment == 1 else "segment"
            return index_of_steps(self.rows, n_steps, None, name)
        stamps = self.stamps[self.segment - 1 :: self.segment]
        return index_of_steps(self.rows, n_steps, stamps, self._time_name)


@set_module("skrnn.inspection")
def gate_activations(
    estimator: Any,
    X: Any,
    *,
    layer: int = -1,
    direction: str | None = None,
    feature_names: Any = None,
) -> GateActivations:
    """Compute the gates of a recurrent layer at every time step of windows.

    The fitted network is run in NumPy; TensorFlow is needed only for activations that
    NumPy lacks.

    Parameters
    ----------
    estimator : estimator
        Fitted recurrent estimator, such as `LSTMRegressor`; or a Pipeline that ends in
        one, or a search whose best estimator is one.
    X : array-like
        What its `predict` takes: windows of shape (n_samples, n_steps, n_features), or
        rows for a Pipeline that makes windows of them.
    layer : int, default=-1
        Which of the recurrent layers, counted from the first, 0; -1 is the last.
    direction : {"forward", "backward"}, default=None
        Which half of a bidirectional layer; None is "forward". Steps are in the order
        of the window either way.
    feature_names : list of str, default=None
        Names of the features of a step; None takes those of the columns that a
        `SlidingWindow` makes windows of, else ``x0``, ``x1`` and so on.

    Returns
    -------
    activations : GateActivations
        Arrays of shape (n_samples, n_steps, units) and, by `to_frame`, a DataFrame:

        - of an LSTM `input`, `forget`, `candidate`, `output`, `cell` and `hidden`;
        - of a GRU `update`, `reset`, `candidate` and `hidden`;
        - of a simple RNN `hidden`.

    Raises
    ------
    NotFittedError
        If `estimator` is not fitted.
    TypeError
        If it is not, and does not end in, a recurrent estimator.
    ValueError
        If the network has no such layer or direction, X is not what `predict` takes,
        or `feature_names` are not as many as its features.

    See Also
    --------
    GateDisplay : Draw the gates of one window.
    step_importance : Measure which steps matter for the score.

    Notes
    -----
    With the gates i, f and o, the candidate g, the state c and the activation a, a step
    of an LSTM is ``c = f * c_before + i * g`` and ``hidden = o * a(c)`` (Gers et al.
    1999); with the update gate z one of a GRU is
    ``hidden = z * hidden_before + (1 - z) * candidate`` (Cho et al. 2014).

    The result takes ``n_samples * n_steps * units`` numbers for each gate, because
    overlapping windows share no activations.

    References
    ----------
    F. A. Gers, J. Schmidhuber and F. Cummins, "Learning to forget: continual prediction
    with LSTM", International Conference on Artificial Neural Networks, 1999.

    K. Cho et al., "Learning phrase representations using RNN encoder-decoder for
    statistical machine translation", Conference on Empirical Methods in Natural
    Language Processing, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import LSTMRegressor, SlidingWindow
    >>> from skrnn.inspection import gate_activations
    >>> days = pd.date_range("2026-01-01", periods=30, name="day")
    >>> X = pd.DataFrame({"wave": np.sin(np.arange(30) / 3)}, index=days)
    >>> lstm = LSTMRegressor(units=2, epochs=1, random_state=0)
    >>> model = make_pipeline(SlidingWindow(4, gap=1), lstm).fit(X, X["wave"])
    >>> frame = gate_activations(model, X).to_frame(sample=-1)
    >>> frame["forget"].index[[0, -1]].strftime("%d %B").tolist()
    ['26 January', '29 January']
    """
    check_is_fitted(estimator)
    transformers, network = open_up(estimator)
    _check_recurrent(estimator, network)
    _check_single(network)
    route = apply_transformers(transformers, X)
    windows, _ = check_windows(network, route.X, reset=False)
    number = _number_of(network, layer, direction)
    description = _in_numpy(network._network)
    scaled = network.scaling_.scale_windows(windows)
    traces = trace_network(description, network.weights_, scaled)
    # Lags hold only if no later transformer has cut or extended the windows.
    as_made = route.slider is not None and route.slider.window == windows.n_steps
    return GateActivations(
        gates=traces[number],
        windows=windows.gather(),
        feature_names=name_features(feature_names, route.slider, windows.n_features),
        rows=route.rows,
        lags=route.lags if as_made else None,
        stamps=_stamps_of_steps(route) if as_made else None,
        segment=description.segment,
        name=type(network).__name__,
    )


def _check_recurrent(estimator: Any, network: Any) -> None:
    """Raise if an estimator has no recurrent layers that read the windows of X."""
    if hasattr(network, "_cell"):  # Only recurrent estimators have it.
        check_is_fitted(network)
        return
    got = type(network).__name__
    got += "" if network is estimator else f" in a {type(estimator).__name__}"
    inner = getattr(network, "estimator_", None)
    way_out = "pass one of these, or a Pipeline or a search (with refit=True) around it"
    if inner is not None and hasattr(open_up(inner)[1], "_cell"):
        way_out = "pass its estimator_"
        if isinstance(network, BaseForecaster):
            way_out = (
                "what it reads are its own predictions, so pass its estimator_ and "
                "windows of the series, as make_windows cuts them"
            )
    raise TypeError(
        "gate_activations needs a recurrent estimator, such as LSTMRegressor. Got "
        f"{got} instead; {way_out}."
    )


def _check_single(network: Any) -> None:
    """Raise if there are several networks, whose gates have no mean."""
    n_networks = len(network.estimators_)
    if n_networks > 1:
        raise ValueError(
            "gate_activations shows the gates of a single network. Got a "
            f"{type(network).__name__} with n_networks={n_networks}; pass one of its "
            "estimators_ and the windows that it reads, or fit with n_networks=1."
        )


def _number_of(network: Any, layer: int, direction: str | None) -> int:
    """Return the number of the trace of a layer and a direction."""
    n_layers = len(network._network.units)
    if not isinstance(layer, (int, np.integer)) or not -n_layers <= layer < n_layers:
        raise ValueError(
            f"layer must be an integer from {-n_layers} to {n_layers - 1}, because "
            f"{type(network).__name__} has {n_layers} recurrent layer(s). Got "
            f"{layer!r} instead."
        )
    if direction not in (None, "forward", "backward"):
        raise ValueError(
            f"direction must be 'forward', 'backward' or None. Got {direction!r} "
            "instead."
        )
    if not network._network.bidirectional:
        if direction is not None:
            raise ValueError(
                f"direction={direction!r} needs a network that was fitted with "
                "bidirectional=True. Got bidirectional=False; leave direction out."
            )
        return int(layer) % n_layers
    return 2 * (int(layer) % n_layers) + (direction == "backward")


def _in_numpy(network: RecurrentNetwork) -> RecurrentNetwork:
    """Return the network with functions for the activations that NumPy lacks."""
    names = ("activation", "dense_activation")
    used = {name: getattr(network, name) for name in names}
    unknown = {name: value for name, value in used.items() if value not in ACTIVATIONS}
    if not unknown:
        return network
    from skrnn._engine.scikeras import activation_of_arrays

    functions: dict[str, Any] = {
        name: activation_of_arrays(value) for name, value in unknown.items()
    }
    return replace(network, **functions)


def _stamps_of_steps(route: Route) -> list[pd.Index] | None:
    """Return for each step the stamps of that step in all windows.

    A window never crosses a hole in the index, so each step is its lag times the
    spacing before the stamp of the row.
    """
    if route.stamps is None or route.slider.step_ is None:
        return None
    stamps, step = stamps_of(route.stamps), route.slider.step_
    return [stamps_before(stamps, step, int(lag)) for lag in route.lags]
