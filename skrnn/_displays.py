"""Plots of what training and forecasting did, in the manner of scikit-learn."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._drawing import (
    align_series,
    draw_target,
    import_pyplot,
    label_axes,
    make_axes,
    marker_for,
    name_targets,
    place_series,
    points,
    whole_numbers,
)


def _find_holder(estimator, attribute):
    """Return the estimator, itself or inside, that has the attribute, or None."""
    while estimator is not None and not hasattr(estimator, attribute):
        estimator = _unwrap(estimator)
    return estimator


def _unwrap(estimator):
    if hasattr(estimator, "steps"):
        return estimator.steps[-1][1]
    names = ("best_estimator_", "estimator_", "regressor_")
    inner = (getattr(estimator, name, None) for name in names)
    return next((found for found in inner if found is not None), None)


def _name_of_regressor(forecaster):
    regressor = getattr(forecaster, "estimator_", forecaster)
    return type(getattr(regressor, "steps", [(None, regressor)])[-1][1]).__name__


class LossCurveDisplay:
    """Training and validation loss by epoch.

    It is recommended to use :meth:`from_estimator` or :meth:`from_history` to
    create the display. All parameters are stored as attributes.

    Parameters
    ----------
    history : dict of str to list of float
        The losses of every epoch under ``"loss"`` and, if there was a validation
        set, ``"val_loss"``, as in the `history_` of a fitted estimator. Other
        entries, such as metrics, are not drawn.
    best_epoch : int, default=None
        The epoch to mark, where 1 is the first. If None, the epoch with the
        lowest validation loss is marked, and without validation loss none is.
    estimator_name : str, default=None
        Name of the estimator for the legend. If None, no name is shown.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the loss curves.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    line_ : matplotlib Line2D
        The training loss.
    lines_ : list of matplotlib Line2D
        The training loss and, if there is one, the validation loss.
    best_epoch_ : int or None
        The marked epoch, where 1 is the first.
    best_point_ : matplotlib Line2D or None
        The mark at the best epoch.

    See Also
    --------
    ForecastDisplay : Plot a forecast with the series before it.

    Examples
    --------
    >>> from skrnn import LossCurveDisplay
    >>> history = {"loss": [0.9, 0.4, 0.3], "val_loss": [0.8, 0.5, 0.6]}
    >>> display = LossCurveDisplay(history).plot()
    >>> display.best_epoch_
    2
    """

    def __init__(self, history, *, best_epoch=None, estimator_name=None):
        self.history = history
        self.best_epoch = best_epoch
        self.estimator_name = estimator_name

    def plot(self, ax=None, *, log_scale=False, name=None, **line_kw):
        """Draw the loss curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure and axes are created.
        log_scale : bool, default=False
            Whether the loss axis is logarithmic.
        name : str, default=None
            Name of the estimator for the legend. If None, `estimator_name`.
        **line_kw : dict
            Keywords for both curves, passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `history` holds no training loss, `best_epoch` is none of its epochs, or
            a logarithmic axis would show no loss above zero.
        """
        plt = import_pyplot("LossCurveDisplay.plot")
        curves = self._curves(log_scale)
        best_epoch = self._find_best_epoch()
        name = self.estimator_name if name is None else name
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure

        self.lines_ = []
        for part, losses in curves.items():
            label = f"{part} ({name})" if name else part
            style = {"label": label, "marker": marker_for(len(losses)), **line_kw}
            self.lines_ += ax.plot(np.arange(1, len(losses) + 1), losses, **style)
        self.line_ = self.lines_[0]
        self._mark_best_epoch(best_epoch)

        if log_scale:
            ax.set_yscale("log")
        ax.set(xlabel="Epoch", ylabel="Loss")
        ax.xaxis.set_major_locator(whole_numbers())
        ax.legend()
        return self

    @classmethod
    def from_estimator(
        cls, estimator, *, ax=None, log_scale=False, name=None, **line_kw
    ):
        """Plot the losses that a fitted estimator recorded.

        Parameters
        ----------
        estimator : estimator instance
            Fitted estimator with a `history_`, or a Pipeline that ends in one, a
            search whose best estimator is one, or a forecaster around one.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure and axes are created.
        log_scale : bool, default=False
            Whether the loss axis is logarithmic.
        name : str, default=None
            Name of the estimator for the legend. If None, the name of its class.
        **line_kw : dict
            Keywords for both curves, passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError
            If `estimator` is not fitted.
        TypeError
            If neither `estimator` nor one inside it records its losses.
        """
        import_pyplot("LossCurveDisplay.from_estimator")
        check_is_fitted(estimator)
        trained = _find_holder(estimator, "history_")
        if trained is None:
            raise TypeError(
                "LossCurveDisplay.from_estimator needs an estimator that records its "
                "losses in history_, such as LSTMRegressor, or a Pipeline, search "
                "(with refit=True) or forecaster around one. Got "
                f"{type(estimator).__name__} instead; pass losses of your own to "
                "LossCurveDisplay.from_history."
            )
        name = type(trained).__name__ if name is None else name
        display = cls(trained.history_, estimator_name=name)
        return display.plot(ax, log_scale=log_scale, **line_kw)

    @classmethod
    def from_history(
        cls, history, *, best_epoch=None, ax=None, log_scale=False, name=None, **line_kw
    ):
        """Plot losses that were recorded elsewhere.

        Parameters
        ----------
        history : dict of str to list of float, or keras.callbacks.History
            The losses of every epoch under ``"loss"`` and, if there was a
            validation set, ``"val_loss"``.
        best_epoch : int, default=None
            The epoch to mark, where 1 is the first. If None, the epoch with the
            lowest validation loss is marked, and without validation loss none is.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure and axes are created.
        log_scale : bool, default=False
            Whether the loss axis is logarithmic.
        name : str, default=None
            Name for the legend. If None, no name is shown.
        **line_kw : dict
            Keywords for both curves, passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.

        Raises
        ------
        ImportError, ValueError
            As in :meth:`plot`.
        """
        history = getattr(history, "history", history)
        display = cls(history, best_epoch=best_epoch, estimator_name=name)
        return display.plot(ax, log_scale=log_scale, **line_kw)

    def _curves(self, log_scale):
        if len(self.history.get("loss", ())) == 0:
            raise ValueError(
                'history must hold the training loss of at least one epoch as "loss". '
                f"Got the entries {sorted(self.history)} instead."
            )
        curves = {"training": np.asarray(self.history["loss"], dtype=float)}
        if len(self.history.get("val_loss", ())) > 0:
            curves["validation"] = np.asarray(self.history["val_loss"], dtype=float)
        if log_scale and not any((losses > 0).any() for losses in curves.values()):
            raise ValueError(
                "log_scale=True needs a loss above zero. Got none; pass "
                "log_scale=False instead."
            )
        return curves

    def _find_best_epoch(self):
        n_epochs = len(self.history["loss"])
        if self.best_epoch is not None:
            if not 1 <= self.best_epoch <= n_epochs:
                raise ValueError(
                    "best_epoch must be between 1 and the number of epochs, "
                    f"{n_epochs}. Got {self.best_epoch} instead."
                )
            return self.best_epoch
        val_loss = np.asarray(self.history.get("val_loss", ()), dtype=float)
        if np.isnan(val_loss).all():
            return None
        return int(np.nanargmin(val_loss)) + 1

    def _mark_best_epoch(self, best_epoch):
        self.best_epoch_, self.best_point_ = best_epoch, None
        if best_epoch is None:
            return
        line = self.lines_[-1]
        loss = line.get_ydata()[best_epoch - 1]
        (self.best_point_,) = self.ax_.plot(
            [best_epoch],
            [loss],
            linestyle="none",
            marker="o",
            markersize=9,
            markerfacecolor="none",
            markeredgecolor=line.get_color(),
            markeredgewidth=1.5,
            zorder=line.get_zorder() + 1,
            label=f"best epoch {best_epoch}: {loss:.4g}",
        )


class ForecastDisplay:
    """A forecast with the series before it and, if known, what really came.

    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions` to
    create the display. All parameters are stored as attributes. Several targets
    are drawn one below the other, each on its own axes.

    Series and DataFrames are drawn over their index: dates, periods (at their start)
    or numbers. Arrays are drawn over positions, the forecast behind the history.

    Parameters
    ----------
    y_pred : {array, Series, DataFrame} of shape (n_steps,) or (n_steps, n_targets)
        The forecast.
    y_train : like `y_pred` with any number of rows, default=None
        The history that the forecaster was trained on. Its region is shaded.
    y_true : like `y_pred` with any number of rows, default=None
        What was really observed. An array begins at the first forecast row.
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
        target_name=None,
        estimator_name=None,
    ):
        self.y_pred = y_pred
        self.y_train = y_train
        self.y_true = y_true
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
            forecast has no row, or `ax` or `target_name` do not match the targets.
        TypeError
            If a part is indexed by neither dates, periods nor numbers.
        """
        import_pyplot("ForecastDisplay.plot")
        parts = align_series(self.y_train, self.y_pred, self.y_true)
        names = name_targets(self.target_name, parts)
        name = self.estimator_name if name is None else name
        label = f"forecast\n({name})" if name else "forecast"

        series = [[points(part, i) for part in parts] for i in range(len(names))]
        self.axes_, self.bounding_ax_ = make_axes(ax, len(names))
        self.ax_, self.figure_ = self.axes_[0], self.axes_[0].figure
        drawn = [
            draw_target(ax, *target, **{"label": label, **line_kw})
            for ax, target in zip(self.axes_, series, strict=True)
        ]
        columns = [None if None in c else list(c) for c in zip(*drawn, strict=True)]
        self.history_lines_, self.lines_, self.truth_lines_, self.shadings_ = columns
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
            What was really observed. An array begins at the first forecast row.
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
            target_name=target_name,
            estimator_name=name,
        )
        return display.plot(ax, **line_kw)

    @classmethod
    def from_estimator(
        cls, forecaster, X, y=None, *, ax=None, name=None, target_name=None, **line_kw
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
            history, the part behind as truth. An array must begin with the first
            training row.
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
            If `forecaster` is not a forecaster of this package.

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
        fitted = _find_holder(forecaster, "n_samples_fit_")
        if fitted is None:
            raise TypeError(
                "ForecastDisplay.from_estimator needs an AutoregressiveForecaster, or "
                "a search (with refit=True) or Pipeline around one. Got "
                f"{type(forecaster).__name__} instead; pass predictions to "
                "ForecastDisplay.from_predictions."
            )
        y_train, y_pred, y_true = place_series(
            y, forecaster.predict(X), X, fitted.last_stamp_, fitted.n_samples_fit_
        )
        return cls.from_predictions(
            y_train,
            y_pred,
            y_true=y_true,
            ax=ax,
            name=_name_of_regressor(fitted) if name is None else name,
            target_name=target_name,
            **line_kw,
        )
