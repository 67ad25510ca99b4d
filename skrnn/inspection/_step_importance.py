"""Permutation importance of the steps and features of windows."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance
from sklearn.metrics import check_scoring
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skrnn._estimators.inside import (
    contains,
    fitted_attribute,
    predictor_of,
    transformers_of,
)
from skrnn._forecasting.base_forecaster import BaseForecaster
from skrnn._serialization.names import set_module
from skrnn._windows.sliding_window import SlidingWindow
from skrnn._windows.windows import Windows, windows_of

from ._route import apply_transformers, name_features

__all__ = ["StepImportance", "step_importance"]


@set_module("skrnn.inspection")
@dataclass(frozen=True, eq=False)  # A generated `==` fails on arrays.
class StepImportance:
    """Drop of a score when steps or features of windows are permuted.

    `step_importance` returns one.

    Parameters
    ----------
    importances_mean, importances_std : ndarray of shape (n_steps, n_features)
        Mean and standard deviation of the drop over the permutations. If steps were
        permuted as a whole, of shape (n_steps,), if features were, (n_features,).
    importances : ndarray of shape (n_steps, n_features, n_repeats)
        The drop of each permutation; the first axes are those of the mean.
    lags : ndarray of shape (n_steps,)
        Rows from each step, the oldest first, to the row its window belongs to.
    feature_names : list of str
        Names of the features.
    permute : {"value", "step", "feature"}
        What was permuted at once.

    See Also
    --------
    StepImportanceDisplay : Draw the importances.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn.inspection import step_importance
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> importance = step_importance(Ridge().fit(X, X[:, 1]), X, X[:, 1])
    >>> importance.to_frame()["x0"].abs().round() + 0.0
    lag
    3    0.0
    2    2.0
    1    0.0
    Name: x0, dtype: float64
    """

    importances_mean: NDArray[np.float64]
    importances_std: NDArray[np.float64]
    importances: NDArray[np.float64]
    lags: NDArray[np.intp]
    feature_names: list[str]
    permute: str = "value"

    def to_frame(self) -> pd.DataFrame:
        """Return the mean importances as a table.

        Returns
        -------
        frame : DataFrame
            A row for each lag, the oldest first, and a column for each feature. Where
            steps were permuted as a whole, or features, there is one column or one
            row, "all".
        """
        lags = pd.Index(["all"] if self.permute == "feature" else self.lags, name="lag")
        names = ["all"] if self.permute == "step" else self.feature_names
        values = np.reshape(self.importances_mean, (len(lags), len(names)))
        return pd.DataFrame(values, lags, pd.Index(names, name="feature"))


@set_module("skrnn.inspection")
def step_importance(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    permute: str = "value",
    scoring: Any = None,
    n_repeats: int = 5,
    sample_weight: Any = None,
    gap: int = 1,
    feature_names: Any = None,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> StepImportance:
    """Measure how much a score depends on each time step and feature of windows.

    The values of a feature at a step are permuted across the windows, so that they no
    longer say anything about the sample. The drop of the score is their importance
    (Breiman 2001). Nothing is trained.

    Parameters
    ----------
    estimator : estimator
        Any fitted regressor or classifier of windows; or a Pipeline with a
        `SlidingWindow`, whatever follows it; or a search, a Pipeline or an estimator
        that changes targets or thresholds around one of these.
    X : array-like
        Rows for such a Pipeline. For other estimators windows of shape (n_samples,
        n_steps, n_features), or (n_samples, n_steps), the steps of one feature.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        True targets; those of every step for an estimator with `return_sequences`.
    permute : {"value", "step", "feature"}, default="value"
        What is permuted at once: one feature at one step; all features of a step,
        together; or all steps of a feature, together. Neighbouring steps of most
        series resemble each other, so that any one of them matters little while the
        others are there: then "feature" shows more.
    scoring : str or callable, default=None
        A score of scikit-learn's, by name or as a scorer; None takes the `score` of
        `estimator`, that of a search being what it searched by.
    n_repeats : int, default=5
        Permutations of each.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights for the score.
    gap : int, default=1
        Rows from the last step of a window to the row that it belongs to, by which lags
        are counted where X holds windows; 1, as in `make_windows`, makes the last step
        lag 1. A `SlidingWindow` in a Pipeline says itself what its steps are.
    feature_names : list of str, default=None
        Names of the features of a step; None takes those of the columns that a
        `SlidingWindow` makes windows of, else ``x0``, ``x1`` and so on.
    n_jobs : int, default=None
        Processes, as in scikit-learn.
    random_state : int, RandomState instance or None, default=None
        Determines the permutations.

    Returns
    -------
    importance : StepImportance
        Its `importances_mean`, `importances_std` and `importances` have an entry for
        each step, the oldest first, and each feature; `to_frame` labels the means by
        lag and feature.

    Raises
    ------
    NotFittedError
        If `estimator` is not fitted.
    ValueError
        If `permute` or `gap` is none of the above, X and y differ in length, y is no
        array, or `feature_names` are not as many as the features.
    TypeError
        If `scoring` holds several scores, or `estimator` makes windows where they
        cannot be seen, as a forecaster does.

    See Also
    --------
    sklearn.inspection.permutation_importance : For a Pipeline, permutes whole columns
        of rows, before windows are made.
    StepImportanceDisplay : Draw the importances.

    Notes
    -----
    The estimator predicts ``n_steps * n_features * n_repeats`` times (with "step" or
    "feature" that one factor less). Windows are laid out once at a time for each
    process: ``n_samples * n_steps * n_features`` numbers, and about as much again for
    the permutations, however many there are.

    Windows that begin before the first row hold missing steps, and permuting puts these
    into other windows; leave such rows out where they are many.

    References
    ----------
    L. Breiman, "Random forests", Machine Learning 45, 5-32, 2001.

    Examples
    --------
    The target is what was two rows before, so of the last three rows the second
    matters:

    >>> import numpy as np
    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import SlidingWindow
    >>> from skrnn.inspection import step_importance
    >>> X = np.random.default_rng(0).normal(size=(300, 1))
    >>> y = np.roll(X[:, 0], 2)
    >>> windows = SlidingWindow(3, gap=1, flatten=True)
    >>> model = make_pipeline(windows, SimpleImputer(), Ridge()).fit(X, y)
    >>> importance = step_importance(model, X, y, random_state=0)
    >>> int(importance.to_frame()["x0"].idxmax())
    2
    """
    check_is_fitted(estimator)
    if permute not in ("value", "step", "feature"):
        raise ValueError(
            f"permute must be 'value', 'step' or 'feature'. Got {permute!r} instead."
        )
    if np.ndim(y) == 0:
        raise ValueError(f"y must have a target for each sample. Got {y!r} instead.")
    scorer = _scorer_of(estimator, scoring)
    reader = _read(estimator, X, gap)
    n_steps, n_features = reader.windows.n_steps, reader.windows.n_features
    names = name_features(feature_names, reader.slider, n_features)
    groups = list(_groups(reader.windows, permute))
    if len(y) != len(reader.windows):
        raise ValueError(
            f"X and y must have the same length. Got {len(reader.windows)} samples and "
            f"{len(y)} targets."
        )
    found = permutation_importance(
        reader.estimator,
        # Shuffled in place of the windows, which may overlap: a column for each group,
        # with the number of the sample that each sample takes the group from.
        np.broadcast_to(
            np.arange(len(y), dtype=np.int32)[:, None], (len(y), len(groups))
        ),
        y,
        scoring=_PermutedScore(scorer, reader, groups),
        n_repeats=n_repeats,
        sample_weight=sample_weight,
        n_jobs=n_jobs,
        random_state=random_state,
    )
    axes = {"value": (n_steps, n_features), "step": (n_steps,)}
    shape = axes.get(permute, (n_features,))
    return StepImportance(
        importances_mean=found.importances_mean.reshape(shape),
        importances_std=found.importances_std.reshape(shape),
        importances=found.importances.reshape(*shape, n_repeats),
        lags=reader.lags,
        feature_names=names,
        permute=permute,
    )


@dataclass(frozen=True)
class _Reader:
    """An estimator and the windows that it predicts from.

    Parameters
    ----------
    estimator : estimator
        The part that predicts from windows.
    windows : Windows
        Windows, which share their rows where they overlap.
    n_axes : int
        Axes that the estimator reads: 3, or 2 for flat windows.
    lags : ndarray of shape (n_steps,)
        Rows from each step to the row of the window.
    labels : dict
        Index and columns of flat windows that are a frame.
    slider : SlidingWindow or None
        The transformer that made them, None if the user passed windows.
    """

    estimator: Any
    windows: Windows
    n_axes: int
    lags: NDArray[np.intp]
    labels: dict[str, pd.Index]
    slider: SlidingWindow | None = None

    def present(self, windows: NDArray[Any]) -> Any:
        """Return windows as the estimator takes them: with three axes, or a table."""
        if self.n_axes == 3:
            return windows
        flat = windows.reshape(len(windows), -1)
        if not self.labels:
            return flat
        return pd.DataFrame(flat, self.labels["index"], self.labels["columns"])


class _PermutedScore:
    """Score of an estimator on windows with parts that come from other samples.

    Parameters
    ----------
    scorer : callable
        The score.
    reader : _Reader
        The estimator and its windows.
    groups : list of tuple of slice
        Steps and features of each group.
    """

    def __init__(self, scorer: Any, reader: _Reader, groups: list[Any]) -> None:
        self.scorer, self.reader, self.groups = scorer, reader, groups

    def __call__(self, estimator: Any, origins: Any, y: Any, **weights: Any) -> float:
        """Return the score; `origins` has the sample that each group is taken from."""
        windows = self.reader.windows
        moved = (origins != np.arange(len(origins))[:, None]).any(axis=0)
        if not moved.any():
            return self._score(estimator, windows.materialise(), y, weights)
        permuted = windows.gather()  # A copy: a view shares values between windows.
        for group in np.flatnonzero(moved):
            part = (slice(None), *self.groups[group])
            permuted[part] = permuted[part][origins[:, group]]
        return self._score(estimator, permuted, y, weights)

    def _score(self, estimator: Any, windows: Any, y: Any, weights: Any) -> float:
        score = self.scorer(estimator, self.reader.present(windows), y, **weights)
        if isinstance(score, dict):
            raise TypeError(
                "scoring must be one score, by name or as a callable. Got several, "
                f"{sorted(score)}; call step_importance for each."
            )
        return float(score)


def _scorer_of(estimator: Any, scoring: Any) -> Any:
    """Return the scorer to use; by default that of a search, or the `score` method."""
    if scoring is None and hasattr(estimator, "best_estimator_"):
        scoring = estimator.scorer_
    if isinstance(scoring, (list, tuple, set, dict)):
        raise TypeError(
            "scoring must be one score, by name or as a callable. Got "
            f"{type(scoring).__name__} instead; call step_importance for each."
        )
    return check_scoring(estimator, scoring=scoring)


def _read(estimator: Any, X: Any, gap: int) -> _Reader:
    """Separate the estimator that predicts from windows from what makes them.

    X are windows already if nothing inside the estimator makes them.
    """
    estimator = predictor_of(estimator)
    if name := fitted_attribute(estimator):
        reader = _read(getattr(estimator, name), X, gap)
        # The copy still changes targets or decisions, but takes windows as X.
        around = copy.copy(estimator)
        setattr(around, name, reader.estimator)
        return replace(reader, estimator=around)
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps]
        sliders = [i for i, s in enumerate(steps) if isinstance(s, SlidingWindow)]
        if sliders:
            return _split(estimator, sliders[-1] + 1, X)
        if _makes_windows(steps[-1]):
            outer = apply_transformers(transformers_of(steps[:-1]), X)
            return _read(steps[-1], outer.X, gap)
    if _makes_windows(estimator):
        raise TypeError(
            f"step_importance does not see the windows that {type(estimator).__name__} "
            "makes inside. Pass a Pipeline with a SlidingWindow and what it is given, "
            "or an estimator that reads windows, such as its estimator_, and these."
        )
    return _read_windows(estimator, X, gap)


def _split(pipeline: Pipeline, n_before: int, X: Any) -> _Reader:
    """Return the steps of a Pipeline after those that make windows of X."""
    before = [step for _, step in pipeline.steps[:n_before]]
    route = apply_transformers(transformers_of(before), X)
    windows, labels = _as_windows(route.X, route.slider.n_features_in_)
    n_axes = 2 if route.slider.flatten else 3
    after = pipeline[n_before:]
    return _Reader(after, windows, n_axes, route.lags, labels, route.slider)


def _read_windows(estimator: Any, X: Any, gap: int) -> _Reader:
    """Return an estimator with X, which are windows already."""
    if not isinstance(gap, (int, np.integer)) or gap < 0:
        raise ValueError(f"gap must be an integer of at least 0. Got {gap!r} instead.")
    n_axes = np.ndim(X)
    if n_axes not in (2, 3):
        raise ValueError(
            "X must hold windows of shape (n_samples, n_steps, n_features) or "
            f"(n_samples, n_steps). Got {n_axes} axes instead."
        )
    windows, labels = _as_windows(X, 1 if n_axes == 2 else np.shape(X)[2])
    lags = gap + np.arange(windows.n_steps)[::-1]
    return _Reader(estimator, windows, n_axes, lags, labels)


def _makes_windows(estimator: Any) -> bool:
    """Return whether an estimator makes windows of the rows that it is given."""
    return contains(estimator, (SlidingWindow, BaseForecaster))


def _as_windows(X: Any, n_features: int) -> tuple[Windows, dict[str, pd.Index]]:
    """Return windows, flat or not, as `Windows`, and the labels of a frame."""
    values = np.asarray(X)
    windows = windows_of(values.reshape(len(values), -1, n_features))
    is_frame = isinstance(X, pd.DataFrame)
    return windows, {"index": X.index, "columns": X.columns} if is_frame else {}


def _groups(windows: Windows, permute: str) -> Iterator[tuple[Any, Any]]:
    """Yield the steps and the features of each group, step by step."""
    every = slice(None)
    if permute == "feature":
        yield from ((every, slice(j, j + 1)) for j in range(windows.n_features))
    elif permute == "step":
        yield from ((slice(t, t + 1), every) for t in range(windows.n_steps))
    else:
        for t in range(windows.n_steps):
            for j in range(windows.n_features):
                yield slice(t, t + 1), slice(j, j + 1)
