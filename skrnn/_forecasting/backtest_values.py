"""The rows of a backtest, and the values that it predicts of each."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_scalar

from skrnn._estimators.inside import find_parameter, learned_coverage
from skrnn._index.time_axis import TimeAxis, take_rows

from .accuracy import name_of_quantile


@dataclass(frozen=True)
class Bands:
    """Coverage of intervals, and levels of quantiles, that are predicted as well."""

    coverage: float
    quantiles: tuple

    @classmethod
    def read(cls, coverage, quantiles, forecaster):
        """Return the bands that are asked for, checked."""
        check_scalar(
            coverage,
            "coverage",
            Real,
            min_val=0,
            max_val=1,
            include_boundaries="neither",
        )
        if quantiles is None:
            return cls(coverage, ())
        levels = np.atleast_1d(np.asarray(quantiles, dtype=float))
        if levels.ndim > 1 or not ((levels > 0) & (levels < 1)).all():
            raise ValueError(
                "quantiles must be numbers above 0 and below 1, such as [0.1, 0.5, "
                f"0.9]. Got {quantiles!r} instead."
            )
        if find_parameter(forecaster, "predict_quantiles") is None:
            raise TypeError(
                "quantiles needs a forecaster that has predict_quantiles, such as "
                f"AutoregressiveForecaster. Got {type(forecaster).__name__} instead; "
                "leave out quantiles."
            )
        return cls(coverage, tuple(levels.tolist()))

    def names(self, n_values):
        """Return the names of the predicted values of a row."""
        names = ["y_pred", *(name_of_quantile(level) for level in self.quantiles)]
        return [*names, "lower", "upper"][:n_values]


@dataclass(frozen=True)
class BacktestRows:
    """All rows of X and y, of which each fold takes some for `fit` and `predict`."""

    X: Any
    y: Any
    index: pd.Index | None
    axis: TimeAxis

    def observed(self, rows):
        """Return X and y of rows to learn from."""
        X = None if self.X is None else take_rows(self.X, rows)
        return X, take_rows(self.y, rows)

    def ahead(self, rows):
        """Return X of rows to predict; without columns where there is no X."""
        if self.X is not None:
            return take_rows(self.X, rows)
        if self.index is None:
            return np.empty((len(rows), 0))
        # Without columns, its index still says which rows to predict.
        return pd.DataFrame(index=self.index[rows])


def gives_intervals(forecaster, coverage):
    """Return whether a fitted forecaster is calibrated, or has learned quantiles."""
    if getattr(forecaster, "calibration", 0):
        return True
    return coverage <= learned_coverage(getattr(forecaster, "estimator_", None))
