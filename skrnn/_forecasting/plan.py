"""What a forecaster does around its estimator: windows, roll-outs, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skrnn._estimators.base_regressor import BaseRecurrentRegressor
from skrnn._estimators.inside import accepts_missing, accepts_windows
from skrnn._networks.roll_out import known_ahead, roll_out
from skrnn._process.memory import check_memory
from skrnn._scaling.normalization import Normalization
from skrnn._serialization.plain import stored
from skrnn._windows.windows import Windows, WindowScale

from .differencing import Transformation
from .origin import Origin
from .series import Panel

__all__ = ["Extrapolator", "runs_compiled"]


def runs_compiled(estimator: BaseEstimator) -> bool:
    """Tell whether an estimator can do a whole roll-out in one compiled call."""
    return isinstance(estimator, BaseRecurrentRegressor) and not estimator.stateful


@stored(
    "Extrapolator",
    {
        "window": "window",
        "horizon": "horizon",
        "transformation": "transformation",
        "mode": "mode",
        "normalization": "normalization",
    },
)
@dataclass(frozen=True)
class Extrapolator:
    """How series become windows, and predictions of windows the series to come.

    Parameters
    ----------
    window, horizon : int
        Rows that one call of the estimator sees, and rows that it predicts.
    transformation : Transformation
        What is done to the series first.
    mode : {"last", "meanstd"} or None
        How each window is normalised.
    normalization : Normalization or None
        The same, with what training rows teach; None before that.
    """

    window: int
    horizon: int
    transformation: Transformation
    mode: str | None
    normalization: Normalization | None = None

    def n_past(self, n_known: int) -> int:
        """Count the last rows that a forecast starts from."""
        return self.window + (self.horizon - 1 if n_known else 0) + self.reach

    @property
    def n_kept(self) -> int:
        """Count the last rows from which the windows of later rows begin."""
        return self.window + self.horizon - 1 + self.reach

    @property
    def reach(self) -> int:
        """Rows ahead of a window that its differences need."""
        return self.transformation.reach

    def transform(self, panel: Panel) -> np.ndarray:
        """Give the transformed targets of all rows; those of shortened runs count."""
        logarithm = self.transformation.logarithm(panel.targets)
        return self.transformation.difference(logarithm)

    def levels(
        self, values: np.ndarray, panel: Panel, training: Panel, *, pooled: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give centre and spread of each series, 0 and 1 if they are not pooled.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_targets)
            What `transform` gives for the panel.
        panel, training : Panel
            All rows and, among them, those to learn from. A series that has none of
            these has the level of all its rows.
        pooled : bool
            Whether one estimator learns from many series.
        """
        shape = len(panel), values.shape[1]
        if not pooled:
            return np.zeros(shape), np.ones(shape)
        learned = training.shortened(self.reach)
        seen = np.zeros((len(panel), 1), dtype=bool)
        seen[panel.codes[learned.starts]] = True
        of_all = panel.shortened(self.reach).levels(values)
        of_learned = learned.levels(values)
        centre, spread = (
            np.where(seen, mine, others)
            for mine, others in zip(of_learned, of_all, strict=True)
        )
        return centre, spread

    def restore(self, levels: np.ndarray) -> np.ndarray:
        """Bring what `continue_series` gives into the units of the series."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.transformation.exponential(levels)

    def learn(self, values: np.ndarray, panel: Panel) -> Extrapolator:
        """Learn what the normalisation needs from the transformed rows of runs."""
        if self.mode is None:
            return self
        rows = values[panel.in_runs()]
        return replace(self, normalization=Normalization.learn(self.mode, rows))

    def learnable(
        self, values: np.ndarray, starts: np.ndarray, estimator: BaseEstimator
    ) -> np.ndarray:
        """Keep the windows that are followed by observed rows and are observed enough.

        For an estimator that takes NaN this is a value of each target, else all of
        them.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_targets)
            Transformed targets.
        starts : ndarray of shape (n_windows,)
            First rows of windows.
        estimator : estimator
            Who learns.
        """
        missing = np.isnan(values)
        if not missing.any():
            return starts
        before = np.concatenate([np.zeros((1, missing.shape[1])), missing])
        before = before.cumsum(axis=0)

        def most_missing(first: np.ndarray, n_rows: int) -> np.ndarray:
            return (before[first + n_rows] - before[first]).max(axis=1)

        allowed = self.window - 1 if accepts_missing(estimator) else 0
        observed = most_missing(starts, self.window) <= allowed
        observed &= most_missing(starts + self.window, self.horizon) == 0
        return starts[observed]

    def can_start(self, targets: np.ndarray, estimator: BaseEstimator) -> np.ndarray:
        """Tell from which last rows of series a forecast can start.

        Parameters
        ----------
        targets : ndarray of shape (n_series, n_past, n_targets)
            The last rows, NaN where nothing was observed.
        estimator : estimator
            Who forecasts.
        """
        past = self.transformation.logarithm(targets)
        ends = self.transformation.add_up(past, np.zeros_like(past))
        missing = np.isnan(self.transformation.difference(past)[:, -self.window :])
        few = missing.all(axis=1) if accepts_missing(estimator) else missing.any(axis=1)
        return ~(np.isnan(ends).any(axis=1) | few).any(axis=1)

    def samples(
        self,
        values: np.ndarray,
        known: np.ndarray,
        starts: np.ndarray,
        estimator: BaseEstimator,
    ) -> tuple[Any, np.ndarray]:
        """Lay out what the estimator learns: windows, and the rows that follow them.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_targets)
            Transformed targets.
        known : ndarray of shape (n_rows, n_known)
            Columns known in advance.
        starts : ndarray of shape (n_samples,)
            First rows of windows.
        estimator : estimator
            Who learns.

        Returns
        -------
        X : Windows or ndarray
            Windows, not laid out for recurrent estimators, a table for those that take
            no windows.
        y : ndarray of shape (n_samples,) or (n_samples, horizon * n_targets)
            The rows that follow, nearest first.
        """
        channels = np.hstack([values, known_ahead(known, self.horizon)])
        windows = Windows(channels, starts, self.window)
        y = Windows(values, starts + self.window, self.horizon).gather()
        if self.normalization is not None:
            own = self.normalization.scale_of(windows)
            windows = replace(windows, own_scale=own)
            y = own.apply(y)
        y = y.reshape(len(starts), -1)
        X = windows
        if not isinstance(estimator, BaseRecurrentRegressor):
            check_memory(
                windows.n_bytes,
                f"The table of windows that {type(estimator).__name__} learns from "
                f"(window={self.window}, {len(windows)} rows of "
                f"{windows.n_features} channels)",
                "shorten window, pass fewer rows, or use a recurrent regressor, which "
                "needs no copy of the windows",
            )
            X = self._as_input(windows.materialise(), estimator)
        return X, y[:, 0] if y.shape[1] == 1 else y

    def continue_series(
        self,
        estimator: BaseEstimator,
        origin: Origin,
        known: np.ndarray,
        n_steps: np.ndarray,
    ) -> np.ndarray:
        """Continue series from an origin.

        Parameters
        ----------
        estimator : estimator
            The fitted estimator.
        origin : Origin
            The series.
        known : ndarray of shape (n_series, n_steps.max(), n_known)
            Columns known in advance of the rows to come.
        n_steps : ndarray of shape (n_series,)
            Rows to predict of each series.

        Returns
        -------
        levels : ndarray of shape (n_series, n_steps.max(), n_targets)
            The rows that follow, before the logarithm is taken back. Behind the last
            step of a series they mean nothing.
        """
        past = self.transformation.logarithm(origin.targets)
        values = self.transformation.difference(past)[:, self.reach :]
        centre, spread = origin.centre[:, None], origin.spread[:, None]
        values = (values - centre) / spread
        # Of a series that is asked for fewer rows the others mean nothing.
        behind = np.arange(known.shape[1]) >= n_steps[:, None]
        known = np.where(behind[:, :, None], 0.0, known)
        columns = np.concatenate([origin.known[:, self.reach :], known], axis=1)
        predicted = np.full((len(past), known.shape[1], past.shape[2]), np.nan)
        # A block must not reach behind the last row whose columns are known.
        ragged = known.shape[2] > 0 and self.horizon > 1
        lengths = n_steps if ragged else np.full_like(n_steps, n_steps.max())
        for length in np.unique(lengths):
            of_length = lengths == length
            upto = values.shape[1] + length
            ahead = known_ahead(columns[of_length, :upto], self.horizon)
            predicted[of_length, :length] = self._roll_out(
                estimator, values[of_length], ahead
            )
        with np.errstate(over="ignore", invalid="ignore"):
            return self.transformation.add_up(past, predicted * spread + centre)

    def _roll_out(
        self, estimator: BaseEstimator, values: np.ndarray, ahead: np.ndarray
    ) -> np.ndarray:
        n_calls = -(-(ahead.shape[1] - values.shape[1]) // self.horizon)
        if runs_compiled(estimator) and not estimator._runs_in_numpy(
            len(values), n_calls
        ):
            rows = values, ahead, self.horizon
            return estimator._roll_out(*rows, self.normalization)

        def predict(windows: np.ndarray) -> np.ndarray:
            own = None
            if self.normalization is not None:
                targets = windows[:, :, : values.shape[2]]
                own = WindowScale(*self.normalization.shift_and_scale(targets))
                own.apply(windows)
            block = estimator.predict(self._as_input(windows, estimator))
            block = np.reshape(block, (len(windows), self.horizon, -1))
            return block if own is None else own.restore(block)

        return roll_out(predict, values, ahead, self.window, self.horizon)

    def _as_input(self, windows: np.ndarray, estimator: BaseEstimator) -> np.ndarray:
        if accepts_windows(estimator):
            return windows
        return windows.reshape(len(windows), -1)
