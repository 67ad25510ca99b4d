"""Labels of classes: what they may be, their codes, and the weights of classes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionDtype
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

__all__ = [
    "as_codes",
    "as_indicators",
    "balanced_weights",
    "check_classes",
    "check_labels",
    "check_several",
    "check_step_labels",
    "encode",
    "weights_of_classes",
]


def check_labels(estimator: Any, y: Any, X: Any, *, name: str = "y") -> NDArray[Any]:
    """Check labels: one for each row of X, none missing, all of one kind.

    Parameters
    ----------
    estimator : estimator
        Named in messages.
    y : array-like of shape (n_samples,)
        Labels.
    X : array-like of shape (n_samples, ...)
        What they belong to.
    name : str, default="y"
        What messages call the labels.

    Returns
    -------
    labels : ndarray of shape (n_samples,)
        The labels: numbers, bool or text.

    Raises
    ------
    ValueError
        If labels are missing, continuous, of several kinds, of a kind that has no
        order, or not one a row.
    """
    y = _with_shape(estimator, y)
    dtype = getattr(y, "dtype", None)
    _check_kind(dtype, name)
    shape = np.shape(y)
    if shape[1:] not in ((), (1,)):
        raise ValueError(
            f"{name} should be a 1d array of one label for each row, got an array of "
            f"shape {shape} instead. For several labels a row, use "
            "sklearn.multioutput.MultiOutputClassifier; for columns of 0 and 1, pass "
            "argmax(axis=1); for a label of every step, set return_sequences=True."
        )
    _check_none_missing(y, name)
    if isinstance(y, pd.DataFrame):
        # Warn of a column as scikit-learn does, but not by `y` itself: of pandas' type
        # boolean it would make floats.
        column_or_1d(np.empty(shape), warn=True)
        y = y.iloc[:, 0]
        _check_kind(y.dtype, name)
    if isinstance(getattr(y, "dtype", None), ExtensionDtype):
        y = np.asarray(y, dtype=object)  # scikit-learn would make floats of boolean.
    labels = column_or_1d(y, warn=True)
    if labels.dtype.kind == "O":
        # Objects that are nothing but numbers, or bool, become numbers.
        labels = pd.Series(labels).infer_objects().to_numpy()
    _check_kind(labels.dtype, name)
    if labels.dtype.kind == "O":
        _check_text(labels, name)
    if labels.dtype.kind == "f" and np.isinf(labels).any():
        raise ValueError(f"{name} contains infinity, which is no label.")
    # It casts floats to int64 to find fractions, and the largest ones overflow.
    with np.errstate(invalid="ignore"):
        check_classification_targets(labels)
    check_consistent_length(X, labels)
    return labels


def check_step_labels(
    estimator: Any, y: Any, X: Any, n_steps: int
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Check the shape of labels of every step, and find those that are missing.

    Returns
    -------
    labels : ndarray of shape (n_samples, n_steps)
        Labels of any kind.
    labelled : ndarray of bool of shape (n_samples, n_steps)
        Which steps have one, and not NaN or None.
    """
    y = _with_shape(estimator, y)
    if np.ndim(y) != 2 or np.shape(y)[1] != n_steps:
        raise ValueError(
            "y must have a label for every step with return_sequences=True, of shape "
            f"(n_samples, {n_steps}). Got shape {np.shape(y)} instead; fill shorter "
            "sequences up with NaN or None, or set return_sequences=False for labels "
            "of whole windows."
        )
    kinds = y.dtypes if isinstance(y, pd.DataFrame) else [getattr(y, "dtype", None)]
    is_plain = not any(isinstance(kind, ExtensionDtype) for kind in kinds)
    values = np.asarray(y) if is_plain else np.asarray(y, dtype=object)
    check_consistent_length(X, values)
    return values, ~pd.isna(values)


def check_classes(estimator: Any, classes: Any) -> NDArray[Any]:
    """Check the labels that a first call of `partial_fit` announces.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        The labels in their order.

    Raises
    ------
    ValueError
        If there are none, or fewer than two.
    """
    if classes is None:
        raise ValueError(
            "classes must be passed on the first call to partial_fit: all labels that "
            "may come, for instance classes=np.unique(y) of all data."
        )
    # scikit-learn warns of labels that occur once each, as here they should.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes is greater")
        found = np.unique(check_labels(estimator, classes, classes, name="classes"))
    check_several(found, "classes")
    return found


def check_several(classes: NDArray[Any], where: str) -> None:
    """Raise if there is a single class, from which nothing can be told apart."""
    if len(classes) < 2:
        raise ValueError(
            f"{where} must hold at least two classes. Got one class, "
            f"{classes.tolist()[0]!r}, instead; pass rows of other classes, too."
        )


def encode(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.intp]:
    """Return the place of each label among the classes.

    Raises
    ------
    ValueError
        If a label is not among them.
    """
    places = {label: place for place, label in enumerate(classes.tolist())}
    found, inverse = np.unique(labels, return_inverse=True)
    unseen = [label for label in found.tolist() if label not in places]
    if unseen:
        raise ValueError(
            "y must hold labels among the classes that training began with, "
            f"{_listed(list(places))}. Got {_listed(unseen)} as well; leave such "
            "samples out, name all labels in classes on the first call to "
            "partial_fit, or call fit with warm_start=False to start afresh."
        )
    return np.array([places[label] for label in found.tolist()], dtype=np.intp)[inverse]


def as_indicators(codes: NDArray[np.intp], n_classes: int) -> NDArray[np.float64]:
    """Return what a network learns: the probabilities of the classes, 0 or 1.

    Returns
    -------
    targets : ndarray of shape (n_samples, n_classes), or (n_samples, 1)
        One column for each class; of two classes that of the second.
    """
    if n_classes == 2:
        return codes[:, None].astype(np.float64)
    return np.eye(n_classes)[codes]


def as_codes(indicators: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the place of the class of each sample, from what `as_indicators` gave."""
    if indicators.shape[1] == 1:
        return indicators[:, 0].astype(np.intp)
    return indicators.argmax(axis=1)


def weights_of_classes(class_weight: Any, classes: NDArray[Any]) -> NDArray[np.float64]:
    """Return the weight of each class; 1 where they depend on the samples.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        Weights by label, 1 for labels that are not named; see `balanced_weights`.
    classes : ndarray of shape (n_classes,)
        Labels.

    Raises
    ------
    ValueError
        If a dict names labels that are no classes, or weights that are none.
    """
    if isinstance(class_weight, Mapping):
        return _weights_by_label(class_weight, classes.tolist())
    return np.ones(len(classes))


def balanced_weights(
    codes: NDArray[np.intp], sample_weight: NDArray[np.float64], n_classes: int
) -> NDArray[np.float64]:
    """Return weights by which all classes that occur have the same total weight.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,)
        Class of each sample.
    sample_weight : ndarray of shape (n_samples,)
        Weight of each sample.
    n_classes : int
        Number of classes. A class that does not occur has the weight of the mean
        sample, 1.
    """
    totals = np.bincount(codes, weights=sample_weight, minlength=n_classes)
    # `compute_class_weight` refuses classes that do not occur.
    occurs = totals > 0
    mean = totals.sum() / occurs.sum()
    return np.divide(mean, totals, out=np.ones(n_classes), where=occurs)


def _weights_by_label(
    class_weight: Mapping[Any, Any], classes: list[Any]
) -> NDArray[np.float64]:
    """Return the weights of a dict in the order of the classes."""
    unknown = [label for label in class_weight if label not in classes]
    if unknown:
        raise ValueError(
            f"class_weight must name labels of y, {_listed(classes)}. Got "
            f"{_listed(unknown)} as well; leave them out."
        )
    for label, weight in class_weight.items():
        if not (isinstance(weight, Real) and 0 <= float(weight) < np.inf):
            raise ValueError(
                f"class_weight must hold weights of at least 0. Got {weight!r} for the "
                f"label {label!r} instead."
            )
    return np.array([class_weight.get(label, 1.0) for label in classes], dtype=float)


def _with_shape(estimator: Any, y: Any) -> Any:
    """Return labels that have a shape; raise if there are none."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None; pass the labels to learn as y."
        )
    if hasattr(y, "shape"):
        return y
    return np.asarray(y, dtype=object)  # NumPy would make NaN among text the text nan.


def _check_kind(dtype: Any, name: str) -> None:
    """Raise if labels are complex numbers, bytes, raw memory, dates or durations."""
    if getattr(dtype, "kind", "O") in "cSVmM":
        raise ValueError(
            f"{name} must hold labels that are numbers, bool or text. Got dtype "
            f"{dtype} instead; convert them, for instance by .astype(str)."
        )


def _check_none_missing(y: Any, name: str) -> None:
    """Raise if labels are missing, naming the first row that has none."""
    values = y if isinstance(y, (pd.Series, pd.DataFrame)) else np.asarray(y)
    missing = np.ravel(pd.isna(values))
    if missing.any():
        raise ValueError(
            f"{name} contains NaN or None instead of a label, first in row "
            f"{int(missing.argmax())} (counted from 0), in {int(missing.sum())} of "
            f"{len(missing)} rows; give such rows a label of their own, or any label "
            "and a sample_weight of 0, which leaves out them alone."
        )


def _check_text(labels: NDArray[Any], name: str) -> None:
    """Raise if labels are objects other than text, which may have no order."""
    if all(isinstance(label, str) for label in labels):
        return
    kinds = sorted({type(label).__name__ for label in labels})
    raise ValueError(
        f"Unknown label type: {name} must hold numbers, bool or text, and only one of "
        f"these. Got labels of the type {' and '.join(kinds)} instead; make all of "
        "them text, for instance with [str(label) for label in y]."
    )


def _listed(labels: list[Any], at_most: int = 8) -> str:
    """List labels for a message, the first ones of many."""
    listed = ", ".join(repr(label) for label in labels[:at_most])
    more = len(labels) - at_most
    return f"{listed} and {more} more" if more > 0 else listed
