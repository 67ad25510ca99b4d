"""Accuracy of forecasts by their lead time."""

from __future__ import annotations

import re
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.metrics import (
    mean_absolute_error,
    mean_pinball_loss,
    root_mean_squared_error,
)
from sklearn.utils import check_scalar

from skrnn._index.reading import index_of
from skrnn._index.time_axis import read_time_axis, to_long
from skrnn._serialization.names import set_module

from .skipped_series import warn_of_skipped


def symmetric_percentage_errors(y_true, y_pred):
    """Compute each error in percent of the mean of both absolute values; 0/0 is 0."""
    error, size = np.abs(y_true - y_pred), np.abs(y_true) + np.abs(y_pred)
    return 200 * np.divide(error, size, out=np.zeros_like(size), where=size > 0)


def seasonal_naive_error(values, season):
    """Compute the mean absolute error of predicting the value one season before.

    NaN if no two values are a season apart.
    """
    errors = np.abs(values[season:] - values[:-season])
    errors = errors[~np.isnan(errors)]
    return errors.mean() if len(errors) else np.nan


def naive_errors(results, y, season):
    """Compute the in-sample error of the seasonal naive forecast for each result.

    In-sample means the rows of the same series up to the last training row of the fold.
    It is NaN for a series that has no season of them.
    """
    y = y if index_of(y) is not None else np.asarray(y)
    axis = read_time_axis(index_of(y), len(y), step=results.attrs.get("step"))
    names = [name for name in ("series", "target") if name in results]
    columns = "target" if "target" in names else "series"
    # Grouped by a list of names, so that each key is a tuple, even of one name.
    series = dict(iter(to_long(y, axis, np.arange(len(y)), columns).groupby(names)))
    errors = pd.Series(np.nan, index=results.index)
    too_short = {}
    for _, fold in results.groupby("fold"):
        # Results do not hold the origin, but any row leads back to it by its steps.
        stamp, step = fold["stamp"].iloc[0], fold["step"].iloc[0]
        origin = axis.stamps[axis.origin_of(stamp, step)]
        for name, rows in fold.groupby(names):
            known = known_rows(series, name, origin)
            errors[rows.index] = seasonal_naive_error(known, season)
            if np.isnan(errors[rows.index[0]]):
                too_short.setdefault(join(name), len(known))
    if too_short:
        check_seasons(errors, too_short, season)
    return errors


def check_seasons(errors, too_short, season):
    """Warn of series without a season before a forecast; raise if none has one.

    Parameters
    ----------
    errors : Series
        The naive error of each result.
    too_short : dict of str to int
        Names of series without it, and their rows before a forecast.
    season : int
        Rows of a season.
    """
    name, n_rows = next(iter(too_short.items()))
    if errors.isna().all():
        raise ValueError(
            "season must be less than the rows of a series before its first forecast, "
            f"{n_rows} of {name}. Got {season} instead; shorten season, or leave that "
            "fold out."
        )
    names = ", ".join(list(too_short)[:5])
    names += f" and {len(too_short) - 5} more" if len(too_short) > 5 else ""
    warn_of_skipped(
        f"MASE leaves out forecasts of {names}, which have no two values a season of "
        f"{season} apart before them; shorten season, leave such folds out, or ignore "
        "SkippedSeriesWarning."
    )


def known_rows(series, name, origin):
    """Return the values of a series up to the origin of a forecast."""
    if name not in series:
        raise ValueError(
            "y must hold every series and target of results. Got none named "
            f"{join(name)}; pass the whole of y that was backtested."
        )
    rows = series[name]
    return rows["value"].to_numpy()[rows["stamp"] <= origin]


def join(name):
    """Return the names of a series and, if there is one, of its target, as text."""
    return ", ".join(repr(part) for part in name)


def check_results(results):
    """Raise if results lack columns of a backtest."""
    if not isinstance(results, pd.DataFrame):
        raise TypeError(
            f"results must be the frame that backtest returns. Got "
            f"{type(results).__name__} instead."
        )
    needed = ["series", "fold", "step", "stamp", "y_true", "y_pred"]
    missing = [name for name in needed if name not in results]
    if missing:
        raise ValueError(
            f"results must have the columns {', '.join(needed)}. Got none named "
            f"{', '.join(missing)}; pass the frame that backtest returns."
        )


def name_of_quantile(level):
    """Return the column of results that holds the quantiles of a level."""
    return f"q{level:g}"


def levels_of(results):
    """Return the levels of the quantiles in results by column, from low to high."""
    found = {
        name: float(name[1:])
        for name in results
        if isinstance(name, str) and re.fullmatch(r"q0\.\d+|q\d(\.\d+)?e-\d+", name)
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))


def score_quantiles(rows, levels):
    """Compute the mean pinball loss over levels, and the CRPS that follows from it.

    Twice the integral of the pinball loss over all levels is the CRPS. Here each level
    stands for those nearest to it.
    """
    losses = [
        mean_pinball_loss(rows["y_true"], rows[name], alpha=level)
        for name, level in levels.items()
    ]
    values = np.array([*levels.values()])
    edges = np.concatenate([[0.0], (values[1:] + values[:-1]) / 2, [1.0]])
    return {"pinball": np.mean(losses), "CRPS": 2 * np.dot(np.diff(edges), losses)}


def summarise(rows):
    """Compute the measures of accuracy of one step, by name."""
    y_true, y_pred = rows[["y_true", "y_pred"]].to_numpy(dtype=np.float64).T
    errors = {
        "MAE": mean_absolute_error(y_true, y_pred),
        "RMSE": root_mean_squared_error(y_true, y_pred),
        "sMAPE": symmetric_percentage_errors(y_true, y_pred).mean(),
    }
    if "naive_error" in rows:
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.abs(y_true - y_pred) / rows["naive_error"].to_numpy()
        # Not `np.nanmean`: an error of 0 that is divided by 0 stays NaN.
        known = rows["naive_error"].notna().to_numpy()
        errors["MASE"] = scaled[known].mean() if known.any() else np.nan
    levels = levels_of(rows)
    if levels:
        errors |= score_quantiles(rows, levels)
    if {"lower", "upper"} <= set(rows):
        inside = rows["y_true"].between(rows["lower"], rows["upper"])
        errors["coverage"] = inside.mean()
        errors["mean_width"] = (rows["upper"] - rows["lower"]).mean()
    return errors


@set_module("skrnn")
def error_by_step(results, y=None, *, season=1):
    """Compute the accuracy of forecasts at each lead time.

    Rows of `results` whose `y_true` is missing are left out. All series, targets and
    folds count alike; choose rows of `results` for one of them.

    Parameters
    ----------
    results : DataFrame
        What `backtest` returns, or some rows of it.
    y : array-like of shape (n_rows,) or (n_rows, n_columns), default=None
        The whole of y that was backtested, for "MASE".
    season : int, default=1
        Rows of the season that "MASE" compares with, such as 24 for hours; at least 1.
        It is used only if `y` is given.

    Returns
    -------
    errors : DataFrame
        One row for each step, with the columns

        - `MAE`, `RMSE`: mean absolute and root mean squared error, in the units of y;
        - `sMAPE`: symmetric mean absolute percentage error, from 0 to 200;
        - `MASE`: mean absolute scaled error, if `y` is given; below 1 is better than
          the seasonal naive forecast is in-sample;
        - `pinball`, `CRPS`: mean pinball loss over the levels, and the continuous
          ranked probability score, in the units of y, if `results` holds quantiles;
        - `coverage`, `mean_width`: the share of y_true within the intervals, and the
          mean width of these, if `results` holds intervals.

    Raises
    ------
    ValueError
        If `results` is not from a backtest, `y` is not what was backtested, or none of
        its series has more rows than `season` before a forecast. A
        `SkippedSeriesWarning` names those without if others have them.
    TypeError
        If `results` is no frame.

    See Also
    --------
    backtest : Make the forecasts.

    Notes
    -----
    With observation y and prediction f, the sMAPE is the mean of
    ``200 * |y - f| / (|y| + |f|)``, as in the M4 competition [2]_, and 0 where both are
    0. The MASE [1]_ is the mean of ``|y - f| / q``, where q is the mean of
    ``|y[t] - y[t - season]|`` over the rows of the series up to the last training row
    of the fold. It is infinite or NaN for a series that repeats its seasons exactly.

    The pinball loss of a quantile f of level a is ``max(a (y - f), (a - 1) (y - f))``.
    The CRPS [3]_ is twice its integral over all levels; each level predicted stands for
    those nearest to it, so that it takes many levels, such as 0.05, 0.15, ..., 0.95.
    Of a single number, as of the median alone, it is the mean absolute error.

    References
    ----------
    .. [1] R. J. Hyndman, A. B. Koehler, "Another look at measures of forecast
       accuracy", International Journal of Forecasting 22 (2006) 679-688.
    .. [2] S. Makridakis, E. Spiliotis, V. Assimakopoulos, "The M4 Competition: 100,000
       time series and 61 forecasting methods", International Journal of Forecasting 36
       (2020) 54-74.
    .. [3] T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and
       estimation", Journal of the American Statistical Association 102 (2007) 359-378.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn import error_by_step
    >>> results = pd.DataFrame({
    ...     "series": "rain", "fold": [0, 0, 1, 1], "step": [1, 2, 1, 2],
    ...     "stamp": [5, 6, 7, 8], "y_true": [2, 2, 4, 4], "y_pred": [3, 4, 5, 6],
    ... })
    >>> error_by_step(results)[["MAE", "RMSE"]]
          MAE  RMSE
    step
    1     1.0   1.0
    2     2.0   2.0
    """
    check_results(results)
    check_scalar(season, "season", Integral, min_val=1)
    rows = results.dropna(subset="y_true").reset_index(drop=True)
    if y is not None:
        rows = rows.assign(naive_error=naive_errors(rows, y, season))
    errors = {step: summarise(part) for step, part in rows.groupby("step")}
    return pd.DataFrame.from_dict(errors, orient="index").rename_axis("step")
