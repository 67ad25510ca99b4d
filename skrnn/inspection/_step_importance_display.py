"""Plot the importance of time steps and features."""

import numpy as np

from skrnn._plotting.axes import import_pyplot, whole_numbers
from skrnn._serialization.names import set_module

from ._heat_map import Scale, draw_map, edges_of
from ._step_importance import step_importance


@set_module("skrnn.inspection")
class StepImportanceDisplay:
    """The importance of each lag and feature, as a heat map.

    It is recommended to use :meth:`from_estimator` to create the display. All
    parameters are stored as attributes. Where steps or features were permuted as a
    whole, their importances are bars with one standard deviation to either side.

    Parameters
    ----------
    importance : StepImportance
        The result of `step_importance`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the importances.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    map_ : matplotlib QuadMesh or None
        The heat map, features by lags; the oldest step is on the left.
    bars_ : matplotlib BarContainer or None
        The bars.

    See Also
    --------
    step_importance : Compute the importances.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn.inspection import StepImportanceDisplay
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> ridge = Ridge().fit(X, X[:, 1])
    >>> StepImportanceDisplay.from_estimator(ridge, X, X[:, 1]).ax_.get_xlabel()
    'Lag'
    """

    def __init__(self, importance):
        self.importance = importance

    def plot(self, ax=None, **kw):
        """Draw the importances.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure and axes are created.
        **kw : dict
            Keywords for the heat map, passed to
            :meth:`matplotlib.axes.Axes.pcolormesh`, or for the bars, passed to
            :meth:`matplotlib.axes.Axes.bar`.

        Returns
        -------
        display : StepImportanceDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        plt = import_pyplot("StepImportanceDisplay.plot")
        wide = self.importance.permute == "value"
        if ax is None:
            n_rows = len(self.importance.feature_names) if wide else 6
            height = min(max(1.4 + 0.35 * n_rows, 2.0), 12.0)
            _, ax = plt.subplots(figsize=(8.0, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.map_ = self._draw_map(kw) if wide else None
        self.bars_ = None if wide else self._draw_bars(kw)
        return self

    @classmethod
    def from_estimator(cls, estimator, X, y, *, ax=None, map_kw=None, **importance_kw):
        """Compute the importances of a fitted estimator and draw them.

        Parameters
        ----------
        estimator : estimator
            As for `step_importance`.
        X : array-like
            Rows or windows, as there.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True targets.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure and axes are created.
        map_kw : dict, default=None
            Keywords for the heat map or the bars, see :meth:`plot`.
        **importance_kw : dict
            Keywords for `step_importance`, such as `permute` and `scoring`.

        Returns
        -------
        display : StepImportanceDisplay
            The display, drawn. Its `importance` holds the numbers.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        NotFittedError, ValueError, TypeError
            As in `step_importance`.
        """
        import_pyplot("StepImportanceDisplay.from_estimator")
        importance = step_importance(estimator, X, y, **importance_kw)
        return cls(importance).plot(ax, **(map_kw or {}))

    def _draw_map(self, kw):
        """Draw features by lags, the oldest step on the left."""
        found, ax = self.importance, self.ax_
        values = found.importances_mean.T
        largest = float(values.max())
        # Drops below 0 are chance: permuted values happened to score better.
        scale = Scale("Blues", 0.0, largest if largest > 0 else 1.0)
        bar_ax = ax.inset_axes([1.02, 0.0, 0.025, 1.0])
        edges = edges_of(-found.lags.astype(float))
        mesh = draw_map(ax, values, edges, scale, bar_ax, **kw)
        bar_ax.set_ylabel("Drop of the score")
        ax.set_yticks(range(len(values)), found.feature_names)
        _label_lags(ax)
        return mesh

    def _draw_bars(self, kw):
        """Draw a bar for each lag or each feature."""
        found, ax = self.importance, self.ax_
        by_lag = found.permute == "step"
        places = -found.lags if by_lag else np.arange(len(found.feature_names))
        height = found.importances_mean
        bars = ax.bar(places, height, yerr=found.importances_std, **kw)
        ax.set_ylabel("Drop of the score")
        if by_lag:
            _label_lags(ax)
        else:
            ax.set_xticks(places, found.feature_names)
        return bars


def _label_lags(ax):
    """Label an axis with lags, whose places are negative: time runs to the right."""
    ax.xaxis.set_major_locator(whole_numbers())
    # Subtracted from 0.0, because -0.0 is printed as "-0".
    ax.xaxis.set_major_formatter(lambda place, _: f"{0.0 - place:g}")
    ax.set_xlabel("Lag")
