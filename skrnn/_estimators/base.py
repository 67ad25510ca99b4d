"""What estimators share that train a network: parameters, course and history."""

from __future__ import annotations

import copy
import math
from abc import ABCMeta
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.sklearn import HasMethods, Interval
from skrnn._networks.description import Network
from skrnn._networks.summary import show_layers, tabulate
from skrnn._scaling.scaling import Statistics
from skrnn._serialization.state import StoredMixin

__all__ = ["BaseNetworkEstimator", "check_same_network", "widths"]

# Settings of a network that its weights do not depend on.
MAY_CHANGE = {
    "batch_size",
    "beta",
    "dropout",
    "frozen",
    "input_dropout",
    "l2",
    "noise",
    "recurrent_dropout",
    "sparsity",
}


class BaseNetworkEstimator(StoredMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of the estimators that train a network."""

    _private_fields = {
        "network": "_network",
        "statistics": "_statistics",
        "window_shape_in": "_window_shape_in",
        "optimizer_state": "_optimizer_state",
        "trained_by": "_trained_by",
        "random_state": "_random_state",
    }

    _parameter_constraints = {
        "l2": [Interval(Real, 0, None, closed="left")],
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
        "callbacks": [list, tuple, callable, HasMethods("set_model"), None],
        "metrics": [list, tuple, str, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.non_deterministic = self.random_state is None
        return tags

    def __getstate__(self):
        state = super().__getstate__()
        private = state["_private"]
        trained_by = private.get("trained_by", "")
        # Training does not go on with an optimizer that is no longer the parameter, and
        # skops cannot store instances of Keras's.
        if not isinstance(trained_by, (str, type)) and trained_by != self.optimizer:
            private |= {"trained_by": None, "optimizer_state": None}
        return state

    @property
    def loss_curve_(self):
        """Training loss of each epoch."""
        return self.history_["loss"]

    @property
    def n_iter_(self):
        """Epochs trained."""
        return len(self.history_["loss"])

    def summary(self, *, print_fn=None):
        """Print the layers of the network, without building it.

        The numbers are those of `weights_`. Layers are named as in the Keras model of
        `to_keras`, which repeats the weights that a network uses twice, and holds the
        scaling.

        Parameters
        ----------
        print_fn : callable, default=None
            What to do with the table, a string of several lines; `print` if None.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        table = tabulate(type(self).__name__, self._network.layers)
        (print_fn or print)(table)

    def _sk_visual_block_(self):
        fitted = hasattr(self, "weights_")
        return show_layers(self, self._network.layers if fitted else None)

    @property
    def _loss(self):
        return self.loss

    def _split(self, windows, keep, one_pass):
        """Choose the samples to train on and, behind them, those to validate on."""
        if getattr(self, "incomplete", "mask") == "skip":
            keep = keep & ~windows.begin_missing()
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
                f"validation_split={split} leaves {n_train} samples for training and "
                f"{len(chosen) - n_train} for validation of {len(chosen)}; change it "
                "or pass more rows."
            )
        return chosen[:n_train], chosen[n_train:]

    def _learn_scaling(self, samples, *, resume, one_pass, inputs=None):
        """Give statistics, and the scaling that follows from them.

        Samples are windows, targets and weights. `inputs` is a scaling to take over. A
        fit from fitted weights keeps the scaling; a pass over more samples goes on with
        the statistics.
        """
        statistics = Statistics.of(
            *samples, standardize=self.standardize, inputs=inputs
        )
        if resume:
            statistics = self._statistics.merge(statistics)
        elif not one_pass:  # What is missing in a chunk may come with a later one.
            statistics.check_observed()
        if one_pass or not resume:
            return statistics, statistics.scaling()
        kept = self.scaling_.let_vary(samples[1])
        varies = (kept.y_scale != self.scaling_.y_scale).any()
        return statistics if varies else self._statistics, kept

    def _run(
        self,
        network,
        windows,
        targets,
        weight,
        parts,
        *,
        resume,
        one_pass,
        given=None,
    ):
        """Hand the samples to the engine and give what it learned as attributes."""
        from skrnn._engine import training

        chosen, held_out = parts
        samples = training.Samples(windows, targets, _relative(weight, parts), chosen)
        random_state = self._generator(resume=resume and one_pass)
        state = None
        if resume:
            # Fewer or more weights to train are another state of the optimizer.
            goes_on = one_pass and self.optimizer == self._trained_by
            goes_on = goes_on and network.frozen == self._network.frozen
            optimizer = self._optimizer_state if goes_on else None
            state = training.State(self.weights_, optimizer)
        course = training.Course(
            epochs=1 if one_pass else int(self.epochs),
            batch_size=int(self.batch_size),  # One of NumPy would overflow.
            shuffle=self.shuffle,
            patience=self.patience if self.early_stopping and not one_pass else None,
            callbacks=self.callbacks,
            verbose=int(self.verbose),
        )
        state, history = training.train(
            network,
            training.Recipe(
                self._loss, self.optimizer, self.learning_rate, self.metrics
            ),
            state,
            samples,
            course,
            random_state,
            held_out if len(held_out) else None,
            given,
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


def widths(estimator, parameter: str) -> tuple[int, ...]:
    """Give the widths of layers as a tuple of integers."""
    value = getattr(estimator, parameter)
    found = (value,) if isinstance(value, Integral) else tuple(value)
    right = all(isinstance(width, Integral) and width >= 1 for width in found)
    if not right or (parameter == "units" and not found):
        raise ValueError(
            f"{parameter} must hold integers of at least 1, one for each layer. Got "
            f"{value!r} instead."
        )
    return tuple(int(width) for width in found)


def check_same_network(estimator, network: Network) -> None:
    """Refuse to go on training with a network of other weights."""
    for name, value in vars(network).items():
        before = getattr(estimator._network, name)
        if name not in MAY_CHANGE and value != before:
            raise ValueError(
                f"{name} must stay the same when training goes on from fitted weights. "
                f"Got {value!r} after {before!r}; set warm_start=False and call fit to "
                "start afresh."
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
