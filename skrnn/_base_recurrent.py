"""What the recurrent regressors share: parameters, fit and the fitted network."""

from __future__ import annotations

import copy
import math
from abc import ABCMeta
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ._scaling import learn_scaling
from ._validation import (
    HasMethods,
    Interval,
    StrOptions,
    check_enough_samples,
    check_sample_weight,
    check_target,
    check_windows,
    feature_names,
    fit_context,
    set_fitted,
)
from ._windows import Windows

__all__ = ["BaseRecurrentRegressor"]


class BaseRecurrentRegressor(RegressorMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of the recurrent regressors, which differ in their cell."""

    _cell: str

    _parameter_constraints = {
        "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "dense_before": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "dense_after": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "activation": [str, callable],
        "dense_activation": [str, callable],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
        "segment": [Interval(Integral, 1, None, closed="left")],
        "stateful": ["boolean"],
        "standardize": ["boolean"],
        "loss": [str, callable],
        "optimizer": [str, callable, HasMethods("apply_gradients")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "validation_split": [Interval(Real, 0, 1, closed="left")],
        "early_stopping": ["boolean"],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "incomplete": [StrOptions({"skip", "mask"})],
        "callbacks": [list, tuple, callable, HasMethods("set_model"), None],
        "metrics": [list, tuple, str, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        units=32,
        *,
        dense_before=(),
        dense_after=(),
        activation="tanh",
        dense_activation="relu",
        bidirectional=False,
        dropout=0.0,
        recurrent_dropout=0.0,
        l2=0.0,
        segment=1,
        stateful=False,
        standardize=True,
        loss="mse",
        optimizer="adam",
        learning_rate=1e-3,
        epochs=100,
        batch_size=32,
        validation_split=0.0,
        early_stopping=False,
        patience=10,
        shuffle=True,
        incomplete="skip",
        callbacks=None,
        metrics=None,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.units = units
        self.dense_before = dense_before
        self.dense_after = dense_after
        self.activation = activation
        self.dense_activation = dense_activation
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.l2 = l2
        self.segment = segment
        self.stateful = stateful
        self.standardize = standardize
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.early_stopping = early_stopping
        self.patience = patience
        self.shuffle = shuffle
        self.incomplete = incomplete
        self.callbacks = callbacks
        self.metrics = metrics
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        # scikit-learn's score check reads ten unrelated columns as ten steps in time,
        # which 100 epochs at the default learning rate do not learn.
        tags.regressor_tags.poor_score = True
        tags.non_deterministic = self.random_state is None
        return tags

    @property
    def loss_curve_(self):
        """Training loss of each epoch."""
        return self.history_["loss"]

    @property
    def n_iter_(self):
        """Epochs trained."""
        return len(self.history_["loss"])

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train the network, from fresh weights unless `warm_start` is set.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows, oldest step first; two axes mean one feature. NaN is missing.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, relative to each other. A sample of weight 0 is left out.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X or y are not what is described above, if no whole window is left to
            train on, or if a parameter does not suit the data.
        TypeError
            If X or y hold dates, or `callbacks` holds what is no Keras callback.
        FloatingPointError
            If the loss becomes NaN or infinite. The estimator then stays as it was.
        """
        return self._train(X, y, sample_weight, resume=self.warm_start, one_pass=False)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one more epoch, keeping weights, optimizer state and scaling.

        `validation_split` and `early_stopping` play no part.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows. The first call learns the scaling from them.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, relative to each other. A sample of weight 0 is left out.

        Returns
        -------
        self : object
            The estimator after one more epoch.

        Raises
        ------
        ValueError
            As in `fit`; also if the steps or columns of X, the number of targets or a
            parameter of the network differ from those of the calls before, or values
            are too large for float32 when scaled as there.
        TypeError, FloatingPointError
            As in `fit`.
        """
        return self._train(X, y, sample_weight, resume=True, one_pass=True)

    def predict(self, X):
        """Predict the targets of windows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows. Every one is predicted; missing steps are skipped by the network.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions in the units of y, with as many axes as y had in `fit`.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other steps or columns than in `fit`, or holds infinite values or
            such that are too large for float32 when scaled.
        TypeError
            If X holds dates.
        """
        check_is_fitted(self)
        windows, _ = check_windows(self, X, reset=False)
        from . import _training

        scaled = self.scaling_.scale_windows(windows)
        network = _training.Architecture(**self._network)
        y = _training.predict(network, self.weights_, scaled)
        y = self.scaling_.restore_targets(y)
        return y[:, 0] if self._one_axis else y

    def _roll_out(self, targets, ahead, n_steps, horizon):
        """Continue targets from their own predictions in one compiled call.

        As `skrnn._forecaster.roll_out`, of which it is the fast form; a stateful
        network has none.
        """
        from . import _training

        scaling, n_targets = self.scaling_, targets.shape[1]
        x_mean, x_scale = scaling.x_mean, scaling.x_scale
        channels = np.full((len(ahead), len(x_mean)), np.nan)
        channels[: len(targets), :n_targets] = targets
        channels[:, n_targets:] = ahead
        scaled = ((channels - x_mean) / x_scale).astype(np.float32)[:, None]
        mean, scale = x_mean[:n_targets], x_scale[:n_targets]
        predicted = _training.roll_out(
            _training.Architecture(**self._network),
            self.weights_,
            scaled[: len(targets), :, :n_targets],
            scaled[:, :, n_targets:],
            horizon,
            scaling.y_scale.reshape(horizon, n_targets) / scale,
            (scaling.y_mean.reshape(horizon, n_targets) - mean) / scale,
        )
        return predicted[:, 0].astype(np.float64) * scale + mean

    def to_keras(self):
        """Build a plain Keras model that predicts in the units of the data.

        Returns
        -------
        model : keras.Model
            From X of shape (n_samples, n_steps, n_features) to y of shape (n_samples,
            n_targets). It contains the scaling and the treatment of missing values,
            and can be saved and loaded without skrnn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        from . import _training

        network = _training.Architecture(**self._network)
        scaling = vars(self.scaling_)
        return _training.as_keras_model(network, self.weights_, **scaling)

    def _train(self, X, y, sample_weight, *, resume, one_pass):
        """Train, and change the estimator only when that has succeeded."""
        resume = resume and hasattr(self, "weights_")
        windows, n_features_in = check_windows(self, X, reset=not resume)
        target = check_target(self, y, X)
        weight = check_sample_weight(sample_weight, len(windows))
        check_enough_samples(self, len(windows))
        targets = target[:, None] if target.ndim == 1 else target
        network = describe_network(self, windows, targets.shape[1])
        if resume:
            _check_same_network(self, network)
        train, validation = self._split(windows, weight, one_pass)
        scaling = (
            self.scaling_.let_vary(targets[train])
            if resume
            else learn_scaling(
                windows.take(train),
                targets[train],
                weight[train],
                standardize=self.standardize,
            )
        )
        learned = self._run(
            network,
            scaling.scale_windows(windows),
            scaling.scale_targets(targets),
            weight,
            (train, validation),
            resume=resume,
            one_pass=one_pass,
        )
        names = vars(self).get("feature_names_in_") if resume else feature_names(X)
        set_fitted(
            self,
            {
                **learned,
                "n_features_in_": n_features_in,
                "feature_names_in_": names,
                "n_steps_in_": windows.n_steps,
                "n_targets_": targets.shape[1],
                "scaling_": scaling,
                "_network": network,
                "_window_shape_in": (windows.n_steps, windows.n_features),
                "_one_axis": target.ndim == 1,
            },
        )
        return self

    def _split(self, windows, weight, one_pass):
        """Choose the samples to train on and, behind them, those to validate on."""
        keep = weight > 0
        if self.incomplete == "skip":
            keep &= ~windows.begin_missing()
        chosen = np.flatnonzero(keep)
        if len(chosen) == 0:
            raise ValueError(
                f"No whole window to train on: all {len(windows)} begin with missing "
                "steps or have no weight. Shorten the window, pass longer runs of "
                "rows, or set incomplete='mask'."
            )
        split = 0.0 if one_pass else self.validation_split
        # Rounded, because a tenth of ten is less than one in floating point.
        n_train = math.floor(round(len(chosen) * (1 - split), 6))
        if split > 0 and n_train in (0, len(chosen)):
            raise ValueError(
                f"validation_split={split} leaves {n_train} windows for training and "
                f"{len(chosen) - n_train} for validation of {len(chosen)}; change it "
                "or pass more rows."
            )
        return chosen[:n_train], chosen[n_train:]

    def _run(self, network, windows, targets, weight, parts, *, resume, one_pass):
        """Hand the samples to the engine and give what it learned as attributes."""
        from . import _training

        chosen, held_out = parts
        samples = _training.Samples(windows, targets, _relative(weight, parts), chosen)
        random_state = self._generator(resume=resume and one_pass)
        state = None
        if resume:
            goes_on = one_pass and self.optimizer == self._trained_by
            optimizer = self._optimizer_state if goes_on else None
            state = _training.State(self.weights_, optimizer)
        course = _training.Course(
            epochs=1 if one_pass else self.epochs,
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            patience=self.patience if self.early_stopping and not one_pass else None,
            callbacks=self.callbacks,
            verbose=int(self.verbose),
        )
        state, history = _training.train(
            _training.Architecture(**network),
            _training.Recipe(
                self.loss, self.optimizer, self.learning_rate, self.metrics
            ),
            state,
            samples,
            course,
            random_state,
            held_out if len(held_out) else None,
        )
        _check_finite(state.weights, history)
        return {
            "weights_": state.weights,
            "history_": _joined(self.history_, history)
            if resume and one_pass
            else history,
            "_optimizer_state": state.optimizer,
            "_trained_by": self.optimizer,
            "_random_state": None if self.random_state is None else random_state,
        }

    def _generator(self, *, resume):
        """Give the random numbers of a training: those left over, or new ones.

        Those left over are copied, because a training that fails must not use them up.
        """
        if resume and hasattr(self, "_random_state"):
            return copy.deepcopy(self._random_state)
        return check_random_state(self.random_state)


def describe_network(estimator, windows: Windows, n_targets: int) -> dict:
    """Collect what the network of an estimator depends on, as plain values."""
    steps, segment = windows.n_steps, estimator.segment
    if steps % segment:
        raise ValueError(
            f"segment must divide the number of steps, {steps}. Got {segment} instead; "
            "change segment or the window."
        )
    return {
        "cell": estimator._cell,
        "n_steps": steps,
        "n_features": windows.n_features,
        "n_targets": n_targets,
        "units": _widths(estimator, "units"),
        "dense_before": _widths(estimator, "dense_before"),
        "dense_after": _widths(estimator, "dense_after"),
        "activation": estimator.activation,
        "dense_activation": estimator.dense_activation,
        "bidirectional": bool(estimator.bidirectional),
        "dropout": float(estimator.dropout),
        "recurrent_dropout": float(estimator.recurrent_dropout),
        "l2": float(estimator.l2),
        "segment": int(segment),
        "batch_size": int(estimator.batch_size) if estimator.stateful else None,
    }


def _widths(estimator, parameter: str) -> tuple[int, ...]:
    """Give the widths of layers as a tuple of integers."""
    value = getattr(estimator, parameter)
    widths = (value,) if isinstance(value, Integral) else tuple(value)
    right = all(isinstance(width, Integral) and width >= 1 for width in widths)
    if not right or (parameter == "units" and not widths):
        raise ValueError(
            f"{parameter} must hold integers of at least 1, one for each layer. Got "
            f"{value!r} instead."
        )
    return tuple(int(width) for width in widths)


def _check_same_network(estimator, network: dict) -> None:
    """Refuse to go on training with a network of other weights."""
    of_weights = {"dropout", "recurrent_dropout", "l2", "batch_size"}
    for name, value in network.items():
        if name not in of_weights and value != estimator._network[name]:
            raise ValueError(
                f"{name} must stay the same when training goes on from fitted weights. "
                f"Got {value!r} after {estimator._network[name]!r}; set "
                "warm_start=False and call fit to start afresh."
            )


def _check_finite(weights: list[np.ndarray], history: dict) -> None:
    """Refuse weights that the last step of training has spoilt.

    The loss of an epoch is computed before its steps, and so does not show it.
    """
    if not all(np.isfinite(weight).all() for weight in weights):
        raise FloatingPointError(
            f"The weights became infinite in epoch {len(history['loss'])}, the last "
            "one. Try a smaller learning_rate, or an optimizer with clipnorm such as "
            "keras.optimizers.Adam(clipnorm=1.0)."
        )


def _relative(weight: np.ndarray, parts: tuple[np.ndarray, ...]) -> np.ndarray:
    """Scale weights to a mean of one over the samples of each part."""
    relative = np.zeros_like(weight)
    for part in parts:
        if len(part):
            relative[part] = weight[part] / weight[part].mean()
    return relative


def _joined(history: dict, more: dict) -> dict:
    """Append epochs to a history; what one of both lacks is NaN."""
    n_old, n_new = len(history["loss"]), len(more["loss"])
    return {
        name: history.get(name, [np.nan] * n_old) + more.get(name, [np.nan] * n_new)
        for name in {**history, **more}
    }
