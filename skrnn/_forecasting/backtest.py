"""Backtests: forecasts from many origins in the past, beside the observations."""

from __future__ import annotations

from itertools import compress

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_consistent_length, check_scalar
from sklearn.utils.parallel import Parallel, delayed

from skrnn._estimators.inside import (
    find_fitted,
    find_parameter,
    last_step,
    open_pipelines,
)
from skrnn._index.columns import index_columns, with_index
from skrnn._index.reading import common_index, index_of
from skrnn._index.time_axis import read_time_axis, to_long
from skrnn._serialization.names import set_module

from .backtest_values import BacktestRows, Bands, gives_intervals
from .folds import make_folds, rows_of_series, split_places
from .folds_at_once import predict_at_once
from .skipped_series import hold_warnings, listed, warn_of_skipped


def read_table(table, name):
    """Return a frame or a Series as it is, and anything else as an array."""
    if index_of(table) is not None:
        return table
    try:
        array = np.asarray(table)
    except ValueError as error:
        raise ValueError(f"{name} must be a table or an array. {error}") from error
    if array.ndim == 0:
        raise TypeError(
            f"{name} must be a table or an array, with a row for each time. Got "
            f"{type(table).__name__} instead."
        )
    return array


def read_backtest_rows(X, y, columns=None, freq=None):
    """Read X and y, which must have the same index if both have one, of step `freq`.

    Where columns of X are the index, X and y become frames of pandas with these columns
    and without an index of their own.
    """
    if columns is not None:
        indexed, y = with_index(X, columns, y)
        axis = read_time_axis(indexed.index, len(indexed), freq=freq)
        y = y.reset_index(drop=True) if index_of(y) is not None else read_table(y, "y")
        return BacktestRows(indexed.reset_index(), y, indexed.index, axis)
    X = X if X is None else read_table(X, "X")
    y = read_table(y, "y")
    check_consistent_length(X, y)
    index = common_index(X, y)
    return BacktestRows(X, y, index, read_time_axis(index, len(y), freq=freq))


def transform_rows(transformers, X):
    """Return X as it is behind the transformers of a Pipeline; None stays None."""
    for transformer in transformers if X is not None else []:
        X = transformer.transform(X)
    return X


def predict_rows(forecaster, X, bands):
    """Predict rows, and their intervals if the forecaster has them.

    Returns
    -------
    predicted : ndarray of shape (n_rows, n_columns, n_values)
        The values are the prediction; quantiles, if asked for; and the ends of the
        interval, if there is one.
    """
    values = [np.reshape(np.asarray(forecaster.predict(X)), (len(X), -1, 1))]
    # A search or a Pipeline has no `predict_interval`; the forecaster inside has.
    transformers, forecaster = open_pipelines(forecaster)
    if bands.quantiles:
        ahead = transform_rows(transformers, X)
        found = forecaster.predict_quantiles(ahead, list(bands.quantiles))
        values.append(np.reshape(np.asarray(found), (len(X), -1, len(bands.quantiles))))
    if gives_intervals(forecaster, bands.coverage):
        ahead = transform_rows(transformers, X)
        interval = forecaster.predict_interval(ahead, coverage=bands.coverage)
        values.append(np.reshape(np.asarray(interval), (len(X), -1, 2)))
    return np.concatenate(values, axis=2)


def predict_fold(forecaster, rows, fold, bands):
    """Predict the rows ahead in a fold, of the series that the forecaster can start.

    Returns
    -------
    predicted : ndarray of shape (n_rows, n_columns, n_values)
        NaN for series that are left out.
    skipped : list
        Their names.
    """
    skipped, ahead = skipped_by(forecaster), fold.ahead
    kept = np.ones(len(ahead), dtype=bool)
    if rows.axis.series is not None:
        kept = ~rows.axis.series[ahead].isin(skipped)
    if not kept.any():
        return None, skipped
    values = predict_rows(forecaster, rows.ahead(ahead[kept]), bands)
    predicted = np.full((len(ahead), *values.shape[1:]), np.nan)
    predicted[kept] = values
    return predicted, skipped


def skipped_by(forecaster):
    """Return the names of the series that a fitted forecaster cannot start."""
    found = find_fitted(forecaster, "skipped_series_")
    skipped = None if found is None else found.skipped_series_
    return [] if skipped is None else list(skipped.index[skipped["forecasts"]])


def fit_and_predict(forecaster, rows, fold, bands):
    """Train a forecaster and predict with it, as one job of joblib."""
    with hold_warnings():
        forecaster.fit(*rows.observed(fold.train))
        return predict_fold(forecaster, rows, fold, bands)


def forecast_with_refit(forecaster, rows, folds, bands, n_jobs):
    """Predict the rows ahead in each fold, each with a forecaster trained for it."""
    jobs = (
        delayed(fit_and_predict)(clone(forecaster), rows, fold, bands) for fold in folds
    )
    return Parallel(n_jobs=n_jobs)(jobs)


def forecast_with_update(forecaster, rows, folds, bands):
    """Predict the rows ahead in each fold with one forecaster, updated between them."""
    # `update` only takes rows after those seen so far, whatever the order of cv.
    order = sorted(folds, key=lambda fold: fold.origin)
    with hold_warnings():
        forecaster = clone(forecaster).fit(*rows.observed(order[0].train))
        predicted = predict_at_once(forecaster, rows, order, bands)
        if predicted is None:
            predicted = predict_in_turn(forecaster, rows, order, bands)
    numbered = {
        fold.number: found for fold, found in zip(order, predicted, strict=True)
    }
    return [numbered[fold.number] for fold in folds]


def predict_in_turn(forecaster, rows, folds, bands):
    """Predict fold after fold, with an update between them."""
    train, origin = folds[0].train, folds[0].origin
    predicted = []
    for fold in folds:
        new = rows.axis.rows_at(np.arange(origin + 1, fold.origin + 1))
        if not takes_new_series(forecaster):
            new = rows_of_series(rows.axis, new, train)
        if len(new):
            transformers, inner = open_pipelines(forecaster)
            X, y = rows.observed(new)
            inner.update(transform_rows(transformers, X), y)
        origin = fold.origin
        predicted.append(predict_fold(forecaster, rows, fold, bands))
    return predicted


def takes_new_series(forecaster):
    """Return whether `update` takes series that `fit` has not seen."""
    return hasattr(type(open_pipelines(forecaster)[1]), "skipped_series_")


def check_skipped(folds, predicted):
    """Warn of the series that were left out of folds; raise if no fold is left."""
    numbers = {}
    for fold, (_, skipped) in zip(folds, predicted, strict=True):
        for name in skipped:
            numbers.setdefault(name, []).append(fold.number)
    if all(values is None for values, _ in predicted):
        raise ValueError(
            "Each fold must have a series with enough training rows to start from. Got "
            f"none for {listed(numbers)}; train on more rows, or shorten window."
        )
    if numbers:
        parts = [f"{name!r} of fold {listed(own)}" for name, own in numbers.items()]
        more = f" and {len(parts) - 5} more series" if len(parts) > 5 else ""
        warn_of_skipped(
            "backtest left out series with too few training rows to start from: "
            f"{', '.join(parts[:5])}{more}. The results lack them; train on more rows, "
            "shorten window, or ignore SkippedSeriesWarning."
        )


def kind_of_columns(forecaster):
    """Return what a column of y is to a forecaster: "series" or "target"."""
    return "series" if find_parameter(forecaster, "columns") == "series" else "target"


def results_of_folds(rows, folds, predicted, columns, bands):
    """Return the results of folds, one row for each test row of series left in."""
    lengths = [int(fold.is_test.sum()) for fold in folds]
    test = np.concatenate([fold.test for fold in folds])
    results = to_long(rows.y, rows.axis, test, columns)
    results = results.rename(columns={"value": "y_true"})
    values = stack_values([found for found, _ in predicted], folds)
    place, n_columns = results.columns.get_loc("stamp"), values.shape[1]
    numbers = np.repeat([fold.number for fold in folds], lengths)
    steps = np.concatenate([fold.steps for fold in folds])
    results.insert(place, "fold", np.tile(numbers, n_columns))
    results.insert(place + 1, "step", np.tile(steps, n_columns))
    # Column below column, as `to_long` returns the observations.
    values = values.transpose(1, 0, 2).reshape(len(results), -1)
    names = bands.names(values.shape[1])
    results = results.assign(**dict(zip(names, values.T, strict=True)))
    of_rows = np.tile(np.repeat(np.arange(len(folds)), lengths), n_columns)
    results = results.iloc[np.argsort(of_rows, kind="stable")]
    left_out = np.zeros(len(results), dtype=bool)
    stops = np.cumsum(lengths) * n_columns
    for stop, length, (_, skipped) in zip(stops, lengths, predicted, strict=True):
        own = slice(stop - length * n_columns, stop)
        if skipped:
            left_out[own] = results["series"].iloc[own].isin(skipped)
    return results[~left_out].reset_index(drop=True)


def stack_values(predicted, folds):
    """Return the values of the test rows of all folds below one another.

    A fold whose forecaster has no intervals has NaN at their ends.
    """
    tested = [found[fold.is_test] for found, fold in zip(predicted, folds, strict=True)]
    most = max(found.shape[2] for found in tested)
    values = np.full((sum(map(len, tested)), tested[0].shape[1], most), np.nan)
    first = 0
    for found in tested:
        values[first : first + len(found), :, : found.shape[2]] = found
        first += len(found)
    return values


@set_module("skrnn")
def backtest(
    forecaster, X, y, cv, *, refit=True, coverage=0.9, quantiles=None, n_jobs=None
):
    """Backtest a forecaster: forecast from several origins in the past.

    Each fold of `cv` is one forecast. The forecaster learns from the training rows, and
    predicts from the last of them, the origin, to the last test row. The results hold
    the predictions beside the observations. Nothing after the last training row is
    known, except the columns of X, also those of rows that a gap of `cv` leaves out,
    but not those in `past` of the forecaster.

    Parameters
    ----------
    forecaster : forecaster
        An `AutoregressiveForecaster`, or another estimator whose `predict` continues
        y over the rows of X, such as a `Pipeline` that ends with one. It is cloned, and
        left as it was.
    X : array-like of shape (n_rows, n_features) or None
        Columns known in advance, in time order, or None.
    y : array-like of shape (n_rows,) or (n_rows, n_columns)
        The series, as `fit` of the forecaster takes it: one, several side by side, or
        one below the other with a MultiIndex whose last level is time.
    cv : int, splitter or iterable of (train, test)
        The folds, by numbers of rows. An integer is the number of folds of a
        `TimeSeriesSplit`. With a MultiIndex the sorted stamps are split in place of
        rows, and a fold has the rows of all series with its stamps.
    refit : bool, default=True
        Whether each fold has a forecaster of its own, trained from fresh weights. False
        trains only once, on the training rows of the fold that is the earliest in time.
        The later folds, in order of time, are forecast by it after `update` with all
        rows up to their last training row.
    coverage : float, default=0.9
        Share of the observations that the intervals should hold, between 0 and 1. It
        has a meaning only for forecasters with `calibration` above 0, or around a
        network that has learned quantiles.
    quantiles : array-like of float, default=None
        Levels between 0 and 1 that `predict_quantiles` of the forecaster predicts as
        well, for "pinball" and "CRPS" of `error_by_step`.
    n_jobs : int, default=None
        Folds that are computed at the same time, as in scikit-learn. With
        ``refit=False`` each fold needs the one before it, and nothing is parallel.

    Returns
    -------
    results : DataFrame
        One row for each test row and column of y, fold by fold, with the columns

        - `series`: its name, from the MultiIndex, from the columns of y if the
          forecaster has ``columns="series"``, or from the name of y; 0 without one;
        - `target`: the column of y, if its columns are targets of the same series;
        - `fold`: number in the order of `cv`, from 0;
        - `step`: the lead time, in steps of the index after the last training row of
          the fold; 1 is the next row;
        - `stamp`: label of the row; its number in arrays;
        - `y_true`, `y_pred`: the observation, NaN where it is missing, and the
          prediction;
        - ``q0.1`` and so on: the `quantiles`, if asked for;
        - `lower`, `upper`: ends of the interval, if the forecaster is calibrated, or
          its network has learned quantiles as far apart.

    Raises
    ------
    ValueError
        If a fold is empty or has test rows that do not come after its training rows,
        before anything is trained, or if stamps are unsorted, duplicated or off the
        spacing of the others.
    TypeError
        If an argument is not what is described above, `refit` is False and the
        forecaster has no `update`, or the index has no spacing.

    See Also
    --------
    error_by_step : Errors of these forecasts by their lead time.
    AutoregressiveForecaster : The forecaster to test.

    Notes
    -----
    Series that have no training row in a fold, or too few to start from, are left out
    of the results of that fold. A `SkippedSeriesWarning` names those with too few.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import TimeSeriesSplit
    >>> from skrnn import AutoregressiveForecaster, backtest
    >>> years = pd.period_range("2001", periods=8, freq="Y")
    >>> rabbits = pd.Series([1, 1, 2, 3, 5, 8, 13, 20], index=years, name="rabbits")
    >>> forecaster = AutoregressiveForecaster(LinearRegression(), window=2)
    >>> cv = TimeSeriesSplit(2, test_size=1)
    >>> backtest(forecaster, None, rabbits, cv).round({"y_pred": 1})
        series  fold  step stamp  y_true  y_pred
    0  rabbits     0     1  2007    13.0    13.0
    1  rabbits     1     1  2008    20.0    21.0
    """
    for method in ("fit", "predict"):
        if not hasattr(forecaster, method):
            raise TypeError(
                f"forecaster must be an estimator with {method}. Got "
                f"{type(forecaster).__name__} instead."
            )
    bands = Bands.read(coverage, quantiles, forecaster)
    check_scalar(refit, "refit", (bool, np.bool_))
    if not refit and not hasattr(last_step(forecaster), "update"):
        raise TypeError(
            "refit=False needs a forecaster that has update, such as "
            f"AutoregressiveForecaster. Got {type(forecaster).__name__} instead; use "
            "refit=True."
        )
    names = ("time", "series", "freq")
    time, series, freq = [find_parameter(forecaster, name) for name in names]
    rows = read_backtest_rows(X, y, index_columns(time, series), freq)
    # All folds are made first, so that a wrong cv is found before anything is trained.
    splits = split_places(rows.axis, cv, rows.X, rows.y)
    takes_new = takes_new_series(forecaster)
    folds = make_folds(rows.axis, splits, refit=refit, takes_new=takes_new)
    if refit:
        predicted = forecast_with_refit(forecaster, rows, folds, bands, n_jobs)
    else:
        predicted = forecast_with_update(forecaster, rows, folds, bands)
    columns = kind_of_columns(forecaster)
    check_skipped(folds, predicted)
    has_values = [values is not None for values, _ in predicted]
    folds, predicted = (list(compress(each, has_values)) for each in (folds, predicted))
    results = results_of_folds(rows, folds, predicted, columns, bands)
    if rows.index is not None:
        # `error_by_step` cannot infer the step of a calendar.
        results.attrs["step"] = rows.axis.step
    return results
