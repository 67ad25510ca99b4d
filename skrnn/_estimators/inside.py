"""Find an estimator inside others: Pipelines, searches, frozen ones, forecasters.

Before `fit` the estimator inside is a parameter, after it a fitted attribute, whose
name differs from wrapper to wrapper. This is the only file that knows these names.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaseEnsemble
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.validation import has_fit_parameter

from skrnn._checks.sklearn import check_parameters

__all__ = [
    "accepts_missing",
    "accepts_windows",
    "check_inside",
    "contains",
    "draw_learned",
    "find_embedding",
    "find_fitted",
    "find_parameter",
    "find_scaling_of_targets",
    "find_weight_parameter",
    "first_with_same_features",
    "fitted_attribute",
    "last_step",
    "learned_coverage",
    "learned_distribution",
    "learned_quantiles",
    "learns_counts",
    "let_begin_missing",
    "open_pipelines",
    "open_up",
    "predict_learned_quantiles",
    "predict_levels",
    "predictor_of",
    "predicts_steps",
    "set_open_seeds",
    "thaw",
    "transformers_of",
]

# Scalers that accept NaN and do not fill it in.
HAND_MISSING_ON = (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
# Wrappers that hand X on as it is, and the attribute with the estimator they fitted.
FITTED_ATTRIBUTES = {
    TransformedTargetRegressor: "regressor_",
    FixedThresholdClassifier: "estimator_",
    TunedThresholdClassifierCV: "estimator_",
}


# --------------------------------------------------------------------------------------
# Before fit
# --------------------------------------------------------------------------------------


def accepts_windows(estimator: Any) -> bool:
    """Return whether an estimator, or the one that it wraps, takes three axes."""
    # Pipelines and searches of scikit-learn's do not pass these tags on.
    if get_tags(estimator).input_tags.three_d_array:
        return True
    if isinstance(estimator, BaseEnsemble):  # Its own check allows two axes only.
        return False
    inner = _first_inside(estimator)
    return inner is not None and accepts_windows(inner)


def accepts_missing(estimator: Any) -> bool:
    """Return whether an estimator, or the one that it wraps, takes NaN.

    The first step of a pipeline decides that does not hand NaN on.
    """
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if hasattr(step, "fit")]
        while len(steps) > 1 and isinstance(steps[0], HAND_MISSING_ON):
            del steps[0]
        return bool(steps) and accepts_missing(steps[0])
    if get_tags(estimator).input_tags.allow_nan:
        return True
    inner = _first_inside(estimator)
    return inner is not None and accepts_missing(inner)


def _first_inside(estimator: Any) -> Any:
    """Return the estimator that a wrapper passes X to first, or None."""
    if isinstance(estimator, Pipeline):
        steps = (step for _, step in estimator.steps)
        # A step may also be "passthrough" or None.
        return next((step for step in steps if hasattr(step, "fit")), None)
    inner = getattr(estimator, "estimator", getattr(estimator, "regressor", None))
    return inner if hasattr(inner, "fit") else None


def find_parameter(estimator: Any, name: str) -> Any:
    """Return a parameter of an estimator or of the one it wraps, None without one."""
    while estimator is not None and not hasattr(estimator, name):
        if isinstance(estimator, Pipeline):
            estimator = last_step(estimator)
        else:
            estimator = getattr(estimator, "estimator", None)
    return getattr(estimator, name, None)


def predicts_steps(estimator: Any) -> bool:
    """Return whether an estimator, or one inside, predicts every step of a window."""
    return any(
        name.split("__")[-1] == "return_sequences" and value
        for name, value in estimator.get_params(deep=True).items()
    )


def first_with_same_features(estimator: Any) -> Any:
    """Return the estimator inside wrappers that hand X on as it is, which may be none.

    Others may change the features.
    """
    while isinstance(
        estimator, (TransformedTargetRegressor, GridSearchCV, RandomizedSearchCV)
    ):
        estimator = _first_inside(estimator)
    return estimator


def find_embedding(estimator: Any) -> Any:
    """Return the estimator inside that embeds categories, None without one."""
    estimator = first_with_same_features(estimator)
    is_network = hasattr(estimator, "categories") and accepts_windows(estimator)
    return estimator if is_network else None


def let_begin_missing(estimator: Any) -> None:
    """Let an estimator, or the one that it wraps, learn windows that begin missing."""
    for name, value in estimator.get_params(deep=True).items():
        if name.split("__")[-1] == "incomplete" and value == "skip":
            estimator.set_params(**{name: "mask"})


def check_inside(estimator: Any) -> None:
    """Raise if a parameter of a recurrent regressor inside is not one it may have."""
    found = _find_with(estimator, "_target_scaling")
    if found is not None:
        check_parameters(found)


def find_scaling_of_targets(estimator: Any) -> str:
    """Return how an estimator will scale its targets, a value of `Outputs`.

    "standard" is that of all estimators for which a shift of the targets means nothing.
    Those in a TransformedTargetRegressor get other targets than it does, and are not
    asked.
    """
    found = _find_with(estimator, "_target_scaling")
    return "standard" if found is None else str(found._target_scaling())


def learns_counts(estimator: Any) -> bool:
    """Return whether an estimator will learn a distribution of counts."""
    found = _find_with(estimator, "_learns_counts")
    return found is not None and bool(found._learns_counts())


def _find_with(estimator: Any, method: str) -> Any:
    """Return the estimator, or the one it wraps, that has a method; None without one.

    Those in a TransformedTargetRegressor get other targets, and are not asked.
    """
    while not isinstance(estimator, TransformedTargetRegressor):
        if estimator is None or hasattr(estimator, method):
            return estimator
        inner = last_step(estimator)
        if inner is estimator:
            inner = getattr(estimator, "estimator", None)
        estimator = inner
    return None


def find_weight_parameter(estimator: Any) -> str | None:
    """Return the parameter of `fit` that takes weights of samples; None without one.

    Searches and a TransformedTargetRegressor pass it to the estimator inside, and a
    Pipeline to the step that its name begins with.
    """
    if isinstance(estimator, Pipeline):
        name, step = estimator.steps[-1]
        inner = find_weight_parameter(step)
        # Where metadata is routed, steps ask for it by its own name.
        routed = get_config()["enable_metadata_routing"]
        return inner if inner is None or routed else f"{name}__{inner}"
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    if isinstance(estimator, TransformedTargetRegressor):
        return find_weight_parameter(estimator.regressor)
    if isinstance(estimator, (GridSearchCV, RandomizedSearchCV)):
        return find_weight_parameter(estimator.estimator)
    return None


def contains(estimator: Any, kinds: tuple[type, ...]) -> bool:
    """Return whether an estimator, or one at any depth inside, is of these classes."""
    parts = [estimator]
    if hasattr(estimator, "get_params"):
        parts += estimator.get_params(deep=True).values()
    return any(isinstance(part, kinds) for part in parts)


def set_open_seeds(estimator: Any, random_state: Any) -> None:
    """Draw a seed for each parameter `random_state` that is None, at any depth inside.

    Parameters
    ----------
    estimator : estimator
        Changed in place. A FrozenEstimator does not show the parameters inside it, and
        so keeps them.
    random_state : int, RandomState instance or None
        What seeds are drawn from, in the order of the names. With None nothing is set.
    """
    if random_state is None:
        return
    random = check_random_state(random_state)
    found = estimator.get_params(deep=True)
    seeds = {
        name: random.randint(np.iinfo(np.int32).max)
        for name in sorted(found)
        if name.split("__")[-1] == "random_state" and found[name] is None
    }
    estimator.set_params(**seeds)


# --------------------------------------------------------------------------------------
# After fit
# --------------------------------------------------------------------------------------


def thaw(estimator: Any) -> Any:
    """Return the estimator in a FrozenEstimator, and any other as it is."""
    return estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator


def predictor_of(estimator: Any) -> Any:
    """Return the estimator that a search or FrozenEstimator predicts with.

    Any other estimator, and a search that was not refitted, is returned as it is.
    """
    while True:
        if isinstance(estimator, FrozenEstimator):
            estimator = thaw(estimator)
        elif hasattr(estimator, "best_estimator_"):  # Not with refit=False.
            estimator = estimator.best_estimator_
        else:
            return estimator


def last_step(estimator: Any) -> Any:
    """Return the last step of a Pipeline, and any other estimator as it is."""
    return estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator


def fitted_attribute(estimator: Any) -> str | None:
    """Return the attribute with the estimator inside one that hands X on as it is.

    Such an estimator changes targets or decisions only. None for all others.
    """
    for kind, name in FITTED_ATTRIBUTES.items():
        if isinstance(estimator, kind):
            return name
    return None


def transformers_of(steps: list[Any]) -> list[Any]:
    """Return the steps of a Pipeline that transform, without those passed through."""
    return [step for step in steps if step not in (None, "passthrough")]


def open_pipelines(estimator: Any) -> tuple[list[Any], Any]:
    """Return the fitted transformers that X passes, in order, and what predicts.

    Only Pipelines, searches and frozen estimators are opened, which return what the
    estimator inside predicts as it is.
    """
    transformers: list[Any] = []
    while True:
        estimator = predictor_of(estimator)
        if not isinstance(estimator, Pipeline):
            return transformers, estimator
        transformers += transformers_of([step for _, step in estimator.steps[:-1]])
        estimator = last_step(estimator)


def learned_quantiles(estimator: Any) -> tuple[float, ...]:
    """Return the levels that the network of an estimator predicts; () for others."""
    _, last = open_pipelines(estimator)
    if not hasattr(last, "predict_quantiles"):
        return ()
    # Forecasters, which predict quantiles of their own, have no network.
    return tuple(getattr(vars(last).get("_network"), "quantiles", ()))


def learned_distribution(estimator: Any) -> str:
    """Return the distribution that the network of an estimator predicts, or ""."""
    _, last = open_pipelines(estimator)
    # Forecasters of other packages may have no estimator, or none with attributes.
    network = getattr(last, "__dict__", {}).get("_network")
    return str(getattr(network, "distribution", ""))


def learned_coverage(estimator: Any) -> float:
    """Return the largest coverage of intervals that learned quantiles give; 0 if none.

    Intervals leave out as much below them as above. A distribution gives all.
    """
    if learned_distribution(estimator):
        return 1.0
    learned = learned_quantiles(estimator)
    return round(1 - 2 * max(learned[0], 1 - learned[-1]), 12) if learned else 0.0


def predict_learned_quantiles(estimator: Any, X: Any) -> Any:
    """Predict the levels that the network of an estimator has learned."""
    last, X = _hand_on(estimator, X)
    return last.predict_quantiles(X)


def predict_levels(estimator: Any, X: Any, levels: Any, units: Any = None) -> Any:
    """Predict levels of a distribution that the network of an estimator has learned.

    Of counts that were divided by units they are the levels of the counts themselves.
    """
    last, X = _hand_on(estimator, X)
    return last._quantiles_of(X, levels, units)


def draw_learned(estimator: Any, X: Any, random: Any, units: Any = None) -> Any:
    """Draw one number for each target of windows, of counts as `predict_levels`."""
    last, X = _hand_on(estimator, X)
    return last._draw(X, 1, random, units)[..., 0]


def _hand_on(estimator: Any, X: Any) -> tuple[Any, Any]:
    """Return the estimator inside Pipelines and searches, and X as it gets it."""
    transformers, last = open_pipelines(estimator)
    for transformer in transformers:
        X = transformer.transform(X)
    return last, X


def open_up(estimator: Any) -> tuple[list[Any], Any]:
    """Return the innermost estimator that predicts from X, and the way X takes to it.

    Forecasters are not opened: the estimator inside one gets windows of its own
    predictions, which are not a part of X.

    Returns
    -------
    transformers : list of transformer
        The fitted transformers that X passes, in order.
    last : estimator
        The estimator that predicts: no Pipeline, no search and none of
        `FITTED_ATTRIBUTES`, unless these are not fitted.
    """
    transformers: list[Any] = []
    while True:
        passed, estimator = open_pipelines(estimator)
        transformers += passed
        name = fitted_attribute(estimator)
        if name is None or not hasattr(estimator, name):
            return transformers, estimator
        estimator = getattr(estimator, name)


def find_fitted(estimator: Any, attribute: str) -> Any:
    """Return the estimator, itself or inside, that has an attribute, or None.

    Forecasters are opened here, unlike in `open_up`.
    """
    while estimator is not None and not hasattr(estimator, attribute):
        estimator = _fitted_inside(estimator)
    return estimator


def _fitted_inside(estimator: Any) -> Any:
    """Return the fitted estimator one layer further inside, or None."""
    if hasattr(estimator, "steps"):
        return last_step(estimator)
    names = ("best_estimator_", "estimator_", "regressor_")
    inner = (getattr(estimator, name, None) for name in names)
    return next((found for found in inner if found is not None), None)
