"""What skrnn uses of scikit-learn's private names; no other file may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import (
    _check_feature_names,
    _check_feature_names_in,
    _check_n_features,
    _get_feature_names,
)

try:
    from sklearn.utils._repr_html.estimator import _VisualBlock as VisualBlock
except ImportError:  # scikit-learn 1.6
    from sklearn.utils._estimator_html_repr import _VisualBlock as VisualBlock

__all__ = [
    "HasMethods",
    "Interval",
    "StrOptions",
    "VisualBlock",
    "check_feature_names",
    "check_n_features",
    "check_parameters",
    "choose_output",
    "feature_names",
    "fit_context",
    "names_in",
    "wants_pandas",
    "wraps_output",
]


def check_parameters(estimator: Any) -> None:
    """Raise if a parameter is not one of `_parameter_constraints`, as `fit` does."""
    estimator._validate_params()


def wants_pandas(estimator: Any) -> bool:
    """Return whether a transformer is set to return frames."""
    return _get_output_config("transform", estimator)["dense"] == "pandas"


def choose_output(estimator: Any, container: str) -> None:
    """Set the container that `transform` returns, as `set_output` does."""
    # scikit-learn's own `set_output` exists only beside `get_feature_names_out`.
    config = getattr(estimator, "_sklearn_output_config", {})
    estimator._sklearn_output_config = {**config, "transform": container}


def wraps_output(wraps: Callable[[Any], bool]) -> Callable[[type], type]:
    """Decorate a transformer that returns frames only in some of its settings.

    Parameters
    ----------
    wraps : callable
        From the transformer to whether what `transform` returns is to be put into the
        container that `set_output` asks for.
    """

    def decorate(cls: type) -> type:
        # scikit-learn wraps what every class returns that has names of its columns.
        keys = property(lambda self: {"transform"} if wraps(self) else set())
        setattr(cls, "_sklearn_auto_wrap_output_keys", keys)  # noqa: B010
        return cls

    return decorate


def feature_names(X: Any) -> NDArray[Any] | None:
    """Return the column names of a frame; None where X has none or not all are text."""
    return _get_feature_names(X)


def names_in(estimator: Any, input_features: Any = None) -> NDArray[Any]:
    """Return the names of the columns seen in `fit`, by default ``x0``, ``x1``, ..."""
    return _check_feature_names_in(estimator, input_features)


def check_feature_names(estimator: Any, X: Any) -> None:
    """Raise if the names of the columns are not those seen in `fit`."""
    _check_feature_names(estimator, X, reset=False)


def check_n_features(estimator: Any, X: Any) -> None:
    """Raise if the number of columns is not the one seen in `fit`."""
    _check_n_features(estimator, X, reset=False)
