"""Plot a forecast beside the observed series."""

from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.inside import (
    find_fitted,
    last_step,
    learned_coverage,
    predictor_of,
)
from skrnn._serialization.names import set_module

from .axes import import_pyplot, label_axes, make_axes
from .intervals import align_interval, name_interval
from .lines import draw_target
from .panels import (
    align_paths,
    as_columns,
    choose_series,
    in_blocks,
    rows_of_series,
)
from .series import (
    align_series,
    name_targets,
    place_series,
    points,
    rows_observed,
)


def _name_of_regressor(forecaster):
    """Return the class of the regressor that a forecaster was fitted with."""
    regressor = getattr(forecaster, "estimator_", forecaster)
    return type(last_step(regressor)).__name__


def _usual_coverage(forecaster):
    """Return the coverage of intervals if none is asked for, 0 for no intervals."""
    if not hasattr(forecaster, "predict_interval"):
        return 0
    if getattr(forecaster, "calibration", 0):
        return 0.9
    return learned_coverage(getattr(forecaster, "estimator_", None))


def _predict_interval(forecaster, X, coverage):
    """Return the intervals of a forecast and their coverage, None and None for none."""
    # A search lacks predict_interval, but its best estimator takes the same X.
    forecaster = predictor_of(forecaster)
    if coverage is None:
        coverage = _usual_coverage(forecaster)
    if coverage == 0:
        return None, None
    if not hasattr(forecaster, "predict_interval"):
        raise TypeError(
            "coverage needs a forecaster that has predict_interval, or a search around "
            f"one. Got {type(forecaster).__name__} instead; pass intervals to "
            "ForecastDisplay.from_predictions."
        )
    return forecaster.predict_interval(X, coverage=coverage), coverage


def _parts_of(parts, ends, paths, place):
    """Return what is drawn of one target; ends and paths in the rows of its points."""
    rows = rows_observed(parts[1], place)
    beside = [None if part is None else part[rows, place] for part in (ends, paths)]
    return *(points(part, place) for part in parts), *beside


@set_module("skrnn")
class ForecastDisplay:
    """A forecast with its history and, if known, the values that were observed.

    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions` to
    create the display. All parameters are stored as attributes. Several targets, and
    the series of a panel, side by side or below one another with a MultiIndex, have
    axes of their own: one below the other, from five on in two or three columns.

    Series and DataFrames are drawn over their index: dates, periods (at their start)
    or numbers. Arrays are drawn over positions, the forecast behind the history.

    Parameters
    ----------
    y_pred : {array, Series, DataFrame} of shape (n_steps,) or (n_steps, n_targets)
        The forecast.
    y_train : like `y_pred` with any number of rows, default=None
        The history that the forecaster was trained on. Its region is shaded.
    y_true : like `y_pred` with any number of rows, default=None
        The observed values. An array begins at the first forecast row.
    y_interval : {array, DataFrame}, default=None
        The lower and upper ends of intervals around the forecast, as `predict_interval`
        of a forecaster returns them: two columns, or for several targets two columns of
        each or an array of shape (n_steps, n_targets, 2).
    coverage : float, default=None
        Share of the observations that `y_interval` should contain, for the legend.
    y_paths : {array, DataFrame}, default=None
        Possible courses of the series, as `sample_paths` of a forecaster returns them,
        for the rows of `y_pred`. They are drawn as thin lines; some 20 to 50 suffice.
    series : str or list, default=None
        Names of the series, or columns, to draw, in this order. None means all, of
        which there may be 24.
    target_name : str or list of str, default=None
        Names of the targets for the axes. If None, the name of the Series or the
        columns.
    estimator_name : str, default=None
        Name of the forecaster for the legend. If None, no name is shown.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the first target.
    axes_ : ndarray of matplotlib Axes of shape (n_targets,)
        Axes of every target.
    bounding_ax_ : matplotlib Axes or None
        The axes given as `ax` whose place several targets share.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    line_ : matplotlib Line2D
        The forecast of the first target.
    lines_ : list of matplotlib Line2D
        The forecast of every target. The thin line from the last training point
        to the first forecast one is not part of it.
    history_lines_ : list of matplotlib Line2D or None
        The history of every target, None without `y_train`.
    truth_lines_ : list of matplotlib Line2D or None
        The truth of every target, None without `y_true`.
    shadings_ : list of matplotlib Patch or None
        The shaded training region of every target, None without `y_train`.
    bands_ : list of matplotlib PolyCollection or None
        The intervals of every target, None without `y_interval`.
    paths_ : list of list of matplotlib Line2D or None
        The paths of every target, None without `y_paths`.

    See Also
    --------
    LossCurveDisplay : Plot the losses of the training.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import ForecastDisplay
    >>> y_train, y_pred = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0])
    >>> display = ForecastDisplay(y_pred, y_train=y_train).plot()
    >>> display.line_.get_xdata()
    array([3, 4])
    """

    def __init__(
        self,
        y_pred,
        *,
        y_train=None,
        y_true=None,
        y_interval=None,
        coverage=None,
        y_paths=None,
        series=None,
        target_name=None,
        estimator_name=None,
    ):
        self.y_pred = y_pred
        self.y_train = y_train
        self.y_true = y_true
        self.y_interval = y_interval
        self.coverage = coverage
        self.y_paths = y_paths
        self.series = series
        self.target_name = target_name
        self.estimator_name = estimator_name

    def plot(self, ax=None, *, name=None, **line_kw):
        """Draw the forecast.

        Parameters
        ----------
        ax : matplotlib Axes or array of Axes, default=None
            Axes to draw on, one for each target. A single subplot for several
            targets gives them its place. If None, a new figure is created.
        name : str, default=None
            Name of the forecaster for the legend. If None, `estimator_name`.
        **line_kw : dict
            Keywords for the forecast, passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : ForecastDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the parts differ in their targets or in the kind of their index, the
            forecast has no row, `y_interval` does not match it, or `ax` or
            `target_name` do not match the targets.
        TypeError
            If a part is indexed by neither dates, periods nor numbers.
        """
        import_pyplot("ForecastDisplay.plot")
        parts = align_series(self.y_train, self.y_pred, self.y_true)
        ends = align_interval(self.y_interval, self.y_pred, parts[1])
        paths = align_paths(self.y_paths, self.y_pred, parts[1])
        places = choose_series(self.series, list(parts[1].columns))
        names = name_targets(self.target_name, parts, places)
        name = self.estimator_name if name is None else name
        label = f"forecast\n({name})" if name else "forecast"

        # All are read before there is a figure that an error would leave behind.
        targets = [_parts_of(parts, ends, paths, place) for place in places]
        self.axes_, self.bounding_ax_ = make_axes(ax, len(names))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        band_label = name_interval(self.coverage)
        drawn = [
            draw_target(ax, *target, band_label, **{"label": label, **line_kw})
            for ax, target in zip(self.axes_, targets, strict=True)
        ]
        found = [list(c) for c in zip(*drawn, strict=True)]
        found = [None if all(part is None for part in c) else c for c in found]
        self.history_lines_, self.lines_, self.truth_lines_ = found[:3]
        self.shadings_, self.bands_, self.paths_ = found[3:]
        self.line_ = self.lines_[0]
        label_axes(self.axes_, names, parts[1].index)
        return self

    @classmethod
    def from_predictions(
        cls,
        y_train,
        y_pred,
        *,
        y_true=None,
        y_interval=None,
        coverage=None,
        y_paths=None,
        series=None,
        ax=None,
        name=None,
        target_name=None,
        **line_kw,
    ):
        """Plot a forecast that was already made.

        Parameters
        ----------
        y_train : {array, Series, DataFrame} or None
            The history, of shape (n_samples,) or (n_samples, n_targets).
        y_pred : like `y_train`
            The forecast.
        y_true : like `y_train`, default=None
            The observed values. An array begins at the first forecast row.
        y_interval : {array, DataFrame}, default=None
            The lower and upper ends of intervals around the forecast, as
            `predict_interval` of a forecaster returns them.
        coverage : float, default=None
            Share of the observations that `y_interval` should contain, for the legend.
        y_paths : {array, DataFrame}, default=None
            Possible courses of the series, as `sample_paths` of a forecaster returns
            them, for the rows of `y_pred`. They are drawn as thin lines; some 20 to 50
            suffice.
        series : str or list, default=None
            Names of the series, or columns, to draw, in this order. None means all, of
            which there may be 24.
        ax : matplotlib Axes or array of Axes, default=None
            Axes to draw on, see :meth:`plot`.
        name : str, default=None
            Name of the forecaster for the legend. If None, no name is shown.
        target_name : str or list of str, default=None
            Names of the targets. If None, the name of the Series or the columns.
        **line_kw : dict
            Keywords for the forecast, passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : ForecastDisplay
            The display, drawn.

        Raises
        ------
        ImportError, ValueError, TypeError
            As in :meth:`plot`.

        Examples
        --------
        >>> import pandas as pd
        >>> from skrnn import ForecastDisplay
        >>> months = pd.period_range("2024-01", periods=6, freq="M")
        >>> y = pd.Series([3.0, 1.0, 4.0, 1.0, 5.0, 9.0], index=months, name="rain")
        >>> display = ForecastDisplay.from_predictions(y[:4], y[4:] + 0.5, y_true=y[4:])
        >>> display.ax_.get_ylabel()
        'rain'
        """
        display = cls(
            y_pred,
            y_train=y_train,
            y_true=y_true,
            y_interval=y_interval,
            coverage=coverage,
            y_paths=y_paths,
            series=series,
            target_name=target_name,
            estimator_name=name,
        )
        return display.plot(ax, **line_kw)

    @classmethod
    def from_estimator(
        cls,
        forecaster,
        X,
        y=None,
        *,
        coverage=None,
        n_paths=0,
        random_state=None,
        series=None,
        ax=None,
        name=None,
        target_name=None,
        **line_kw,
    ):
        """Forecast with a fitted forecaster and plot the result.

        Parameters
        ----------
        forecaster : AutoregressiveForecaster
            Fitted forecaster, or a search or Pipeline around one.
        X : {array, DataFrame} of shape (n_steps, n_features)
            The rows to forecast, as for the `predict` of `forecaster`.
        y : {array, Series, DataFrame}, default=None
            The observed series. The part up to the end of training is drawn as
            history, the part after it as truth. An array must begin with the first
            training row.
        coverage : float, default=None
            Share of the observations that the intervals should contain, between 0
            and 1; 0 draws none. If None, it is 0.9 for forecasters with `calibration`
            above 0, the largest one within the quantiles that a network has learned,
            and 0 for others.
        n_paths : int, default=0
            Number of possible courses to draw as well, see `sample_paths` of the
            forecaster.
        random_state : int, RandomState instance or None, default=None
            Chooses these courses.
        series : str or list, default=None
            Names of the series to draw, in this order. None means all, of which there
            may be 24.
        ax : matplotlib Axes or array of Axes, default=None
            Axes to draw on, see :meth:`plot`.
        name : str, default=None
            Name for the legend. If None, the class of the regressor inside.
        target_name : str or list of str, default=None
            Names of the targets. If None, the name of the Series or the columns.
        **line_kw : dict
            Keywords for the forecast, passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : ForecastDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If `forecaster` is not fitted.
        TypeError
            If `forecaster` is not a forecaster of this package, or has no intervals
            where `coverage` asks for them.

        Examples
        --------
        >>> from sklearn.linear_model import LinearRegression
        >>> from skrnn import AutoregressiveForecaster, ForecastDisplay
        >>> from skrnn.datasets import load_coupled_cluster
        >>> X, y = load_coupled_cluster(return_X_y=True)
        >>> forecaster = AutoregressiveForecaster(
        ...     LinearRegression(), window=3, exogenous=False
        ... )
        >>> forecaster = forecaster.fit(X[:12], y[:12])
        >>> ForecastDisplay.from_estimator(forecaster, X[12:], y).ax_.get_xlabel()
        'Row'
        """
        import_pyplot("ForecastDisplay.from_estimator")
        check_is_fitted(forecaster)
        fitted = find_fitted(forecaster, "n_samples_fit_")
        if fitted is None:
            raise TypeError(
                "ForecastDisplay.from_estimator needs an AutoregressiveForecaster, or "
                "a search (with refit=True) or Pipeline around one. Got "
                f"{type(forecaster).__name__} instead; pass predictions to "
                "ForecastDisplay.from_predictions."
            )
        X, y = rows_of_series(X, series), rows_of_series(y, series)
        y_pred = forecaster.predict(X)
        y_interval, coverage = _predict_interval(forecaster, X, coverage)
        y_paths = None
        if n_paths:
            predictor = predictor_of(forecaster)
            y_paths = predictor.sample_paths(X, n_paths, random_state=random_state)
        y_interval, y_paths = (
            in_blocks(part, y_pred, as_columns(y_pred, "y_pred"))
            for part in (y_interval, y_paths)
        )
        y_train, y_pred, y_true = place_series(
            y, y_pred, X, fitted.last_stamp_, fitted.n_samples_fit_
        )
        return cls.from_predictions(
            y_train,
            y_pred,
            y_true=y_true,
            y_interval=y_interval,
            coverage=coverage,
            y_paths=y_paths,
            series=series,
            ax=ax,
            name=_name_of_regressor(fitted) if name is None else name,
            target_name=target_name,
            **line_kw,
        )
