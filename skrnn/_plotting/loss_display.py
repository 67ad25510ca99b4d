"""Plot the loss of each epoch of a training."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.inside import find_fitted
from skrnn._serialization.names import set_module

from .axes import import_pyplot, whole_numbers
from .lines import marker_for


@set_module("skrnn")
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
        trained = find_fitted(estimator, "history_")
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
        if np.isnan(val_loss).all():  # True also of an empty array.
            return None
        return int(np.nanargmin(val_loss)) + 1

    def _mark_best_epoch(self, best_epoch):
        self.best_epoch_, self.best_point_ = best_epoch, None
        if best_epoch is None:
            return
        line = self.lines_[-1]  # The validation loss, if there is one.
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
