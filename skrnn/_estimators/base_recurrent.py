"""What recurrent estimators share: the fitted network and its training.

The regressors follow; what classifiers do otherwise is in `_base_classifier`.
"""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fitted import set_fitted
from skrnn._checks.sklearn import Interval, StrOptions, feature_names, fit_context
from skrnn._checks.tables import check_enough_samples
from skrnn._checks.targets import check_sample_weight, check_target
from skrnn._networks import forward
from skrnn._scaling.scaling import scale_roll_out
from skrnn._windows.checks import check_windows
from skrnn._windows.windows import Windows

from .base import BaseNetworkEstimator, check_same_network, widths
from .recurrent_autoencoder import RecurrentAutoencoder

__all__ = ["BaseRecurrentEstimator", "BaseRecurrentRegressor"]


class BaseRecurrentEstimator(BaseNetworkEstimator):
    """Base of the recurrent estimators: a network that reads windows."""

    _cell: str
    _scales_targets = True

    _parameter_constraints = {
        **BaseNetworkEstimator._parameter_constraints,
        "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "dense_before": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "dense_after": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "activation": [str, callable],
        "dense_activation": [str, callable],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "segment": [Interval(Integral, 1, None, closed="left")],
        "stateful": ["boolean"],
        "incomplete": [StrOptions({"skip", "mask"})],
        "pretrained": [RecurrentAutoencoder, FrozenEstimator, None],
        "freeze_pretrained": ["boolean"],
        "predict_backend": [StrOptions({"auto", "numpy", "tensorflow"})],
    }

    def __sklearn_clone__(self):
        # A clone starts from the same weights; a clone of the autoencoder has none.
        cloned = super().__sklearn_clone__()
        cloned.pretrained = self.pretrained
        return cloned

    @abstractmethod
    def _read_target(self, X, y, sample_weight, classes):
        """Check what is to be learned from windows.

        Returns
        -------
        targets : ndarray of shape (n_samples, n_outputs)
            What the network learns, unscaled.
        weight : ndarray of shape (n_samples,)
            Weights of the samples.
        facts : dict
            Fitted attributes that tell what y was.
        """

    @abstractmethod
    def _output_activation(self, n_outputs):
        """Name the activation of the network's outputs."""

    def _outputs(self, X):
        """Give what the network makes of windows, (n_samples, n_outputs)."""
        check_is_fitted(self)
        windows, _ = check_windows(self, X, reset=False)
        scale = self.scaling_.scale_windows
        if self._runs_in_numpy(len(windows)):
            y = forward.predict(self._network, self.weights_, windows, scale)
            return self.scaling_.restore_targets(y)
        from skrnn._engine import training

        network = self._make_network(self._network)
        y = training.predict(network, self.weights_, windows, scale=scale)
        return self.scaling_.restore_targets(y)

    def _runs_in_numpy(self, n_windows, n_calls=1):
        """Tell whether NumPy predicts so many windows, so many times in a row."""
        return forward.chooses_numpy(
            self.predict_backend, self._network, self.weights_, n_windows, n_calls
        )

    def _as_keras_model(self):
        check_is_fitted(self)
        from skrnn._engine import training

        network = self._make_network(self._network)
        scaling = vars(self.scaling_)
        return training.as_keras_model(network, self.weights_, **scaling)

    def _make_network(self, description):
        from skrnn._engine import training

        return training.Architecture(**description)

    def _train(self, X, y, sample_weight, *, resume, one_pass, classes=None):
        """Train, and change the estimator only when that has succeeded."""
        resume = resume and hasattr(self, "weights_")
        windows, n_features_in = check_windows(self, X, reset=not resume)
        targets, weight, facts = self._read_target(X, y, sample_weight, classes)
        if not (resume and one_pass):  # The last chunk of many may be short.
            check_enough_samples(self, len(windows))
        network = describe_network(self, windows, targets.shape[1])
        if resume:
            check_same_network(self, network)
        pretrained = None if resume else encoder_to_start_from(self, network)
        train, validation = self._split(windows, weight > 0, one_pass)
        statistics, scaling = self._learn_scaling(
            (windows.take(train), targets[train], weight[train]),
            resume=resume,
            one_pass=one_pass,
            inputs=pretrained and pretrained.scaling_,
        )
        if not self._scales_targets:
            scaling = scaling.keep_targets()
        learned = self._run(
            network,
            scaling.scale_windows(windows),
            scaling.scale_targets(targets),
            weight,
            (train, validation),
            resume=resume,
            one_pass=one_pass,
            given=pretrained and dict(enumerate(pretrained.recurrent_weights())),
        )
        names = vars(self).get("feature_names_in_") if resume else feature_names(X)
        set_fitted(
            self,
            {
                **learned,
                **facts,
                "n_features_in_": n_features_in,
                "feature_names_in_": names,
                "n_steps_in_": windows.n_steps,
                "scaling_": scaling,
                "_statistics": statistics,
                "_network": network,
                "_window_shape_in": (windows.n_steps, windows.n_features),
            },
        )
        return self


class BaseRecurrentRegressor(RegressorMixin, BaseRecurrentEstimator):
    """Base of the recurrent regressors, which differ in their cell."""

    _parameter_constraints = {
        **BaseRecurrentEstimator._parameter_constraints,
        "decoder": [StrOptions({"dense", "parallel"})],
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
        decoder="dense",
        standardize=True,
        loss="mse",
        incomplete="skip",
        pretrained=None,
        freeze_pretrained=False,
        predict_backend="auto",
        optimizer="adam",
        learning_rate=1e-3,
        epochs=100,
        batch_size=32,
        validation_split=0.0,
        early_stopping=False,
        patience=10,
        shuffle=True,
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
        self.decoder = decoder
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
        self.pretrained = pretrained
        self.freeze_pretrained = freeze_pretrained
        self.callbacks = callbacks
        self.metrics = metrics
        self.warm_start = warm_start
        self.predict_backend = predict_backend
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # scikit-learn's score check reads ten unrelated columns as ten steps in time,
        # which 100 epochs at the default learning rate do not learn.
        tags.regressor_tags.poor_score = True
        return tags

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
        """Train for one more epoch, on the same samples or on further ones.

        Weights, state of the optimizer and the statistics of the scaling go on. Chunk
        by chunk this learns from more than memory holds; see `iter_windows`.
        `validation_split` and `early_stopping` play no part, and `shuffle` mixes the
        samples of a call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows, one at least, and two in the first call.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, relative to each other in training, and to those of all calls in
            the statistics. A sample of weight 0 is left out.

        Returns
        -------
        self : object
            The estimator after one more epoch.

        Raises
        ------
        ValueError
            As in `fit`; also if the steps or columns of X, the number of targets or a
            parameter of the network differ from those of the calls before, or values
            are too large for float32 when scaled as there. A column may be without a
            value until a later call.
        TypeError, FloatingPointError
            As in `fit`.

        Notes
        -----
        The scaling is that of all samples seen so far, exactly as one `fit` on them
        would learn it. But an early chunk was trained on with the scaling of its time.
        If the first chunks are not like the later ones, scale beforehand, by the
        statistics of a pass ahead (`StandardScaler.partial_fit`), and set
        ``standardize=False``: in the order of the rows (``shuffle=False``), by chunks
        of whole batches, the passes then are the epoch of one `fit`.
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
            such that are too large for float32 when scaled; or if `predict_backend`
            is "numpy" and the network has an activation that only Keras knows.
        TypeError
            If X holds dates.
        """
        y = self._outputs(X)
        return y[:, 0] if self._one_axis else y

    def _roll_out(self, targets, ahead, horizon, normalization):
        """Continue series from their own predictions in one compiled call.

        It is the fast form of `skrnn._networks.roll_out.roll_out`; a stateful network
        has none.
        """
        from skrnn._engine import training

        scaling, n_targets = self.scaling_, targets.shape[2]
        level, unit, scales = scale_roll_out(scaling, targets, horizon, normalization)
        known = slice(n_targets, None)
        ahead = (ahead - scaling.x_mean[known]) / scaling.x_scale[known]
        predicted = training.roll_out(
            self._make_network(self._network),
            self.weights_,
            (targets - level) / unit,
            ahead,
            scales,
        )
        return predicted.astype(np.float64) * unit + level

    def to_keras(self):
        """Build a plain Keras model that predicts in the units of the data.

        Returns
        -------
        model : keras.Model
            From X of shape (n_samples, n_steps, n_features) to y of shape (n_samples,
            n_targets). It contains the scaling and the treatment of missing values,
            and can be saved and loaded without skrnn. With ``decoder="parallel"`` the
            step into the horizon is that of a second layer with the same weights.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        return self._as_keras_model()

    def _read_target(self, X, y, sample_weight, classes):
        target = check_target(self, y, X)
        weight = check_sample_weight(sample_weight, len(target))
        targets = target[:, None] if target.ndim == 1 else target
        facts = {"n_targets_": targets.shape[1], "_one_axis": target.ndim == 1}
        return targets, weight, facts

    def _output_activation(self, n_outputs):
        return "linear"


def describe_network(estimator, windows: Windows, n_targets: int) -> dict:
    """Collect what the network of an estimator depends on, as plain values."""
    steps, segment = windows.n_steps, estimator.segment
    if steps % segment:
        raise ValueError(
            f"segment must divide the number of steps, {steps}. Got {segment} instead; "
            "change segment or the window."
        )
    decoder = getattr(estimator, "decoder", "dense")  # Classes have no horizon.
    if decoder == "parallel":
        _check_decoder(estimator)
    return {
        "cell": estimator._cell,
        "n_steps": steps,
        "n_features": windows.n_features,
        "n_targets": n_targets,
        "units": widths(estimator, "units"),
        "dense_before": widths(estimator, "dense_before"),
        "dense_after": widths(estimator, "dense_after"),
        "activation": estimator.activation,
        "dense_activation": estimator.dense_activation,
        "bidirectional": bool(estimator.bidirectional),
        "dropout": float(estimator.dropout),
        "recurrent_dropout": float(estimator.recurrent_dropout),
        "l2": float(estimator.l2),
        "segment": int(segment),
        "decoder": str(decoder),
        "batch_size": int(estimator.batch_size) if estimator.stateful else None,
        "frozen": bool(estimator.freeze_pretrained),
        "output_activation": estimator._output_activation(n_targets),
    }


def _check_decoder(estimator) -> None:
    """Refuse networks without the one last state that a parallel decoder needs."""
    for name in ("bidirectional", "stateful"):
        if getattr(estimator, name):
            raise ValueError(
                f"decoder='parallel' must have {name}=False: it goes on from the state "
                f"after the last step of each window. Got {name}=True instead; set "
                f"{name}=False or decoder='dense'."
            )


def encoder_to_start_from(estimator, network: dict) -> RecurrentAutoencoder | None:
    """Give the autoencoder whose encoder fits into a network, None if none is given."""
    given = estimator.pretrained
    if given is None:
        if estimator.freeze_pretrained:
            raise ValueError(
                "freeze_pretrained=True needs pretrained, whose weights it keeps. Got "
                "pretrained=None instead; pass a fitted RecurrentAutoencoder."
            )
        return None
    autoencoder = given.estimator if isinstance(given, FrozenEstimator) else given
    if not hasattr(autoencoder, "weights_"):
        raise NotFittedError(
            "pretrained must be a fitted RecurrentAutoencoder; call its fit. In a grid "
            "of parameters, which are cloned, wrap it into "
            "sklearn.frozen.FrozenEstimator."
        )
    # What decides over the shape and the meaning of the recurrent weights.
    needed = {"dense_before": (), "bidirectional": False, "segment": 1}
    names = ("cell", "units", "activation", "n_features")
    needed |= {name: autoencoder._network[name] for name in names}
    for name, value in needed.items():
        if network[name] != value:
            raise ValueError(
                f"pretrained has an encoder with {name}={value!r}, which must be that "
                f"of the estimator. Got {name}={network[name]!r} instead; change "
                f"{_settings_of(name)}, or fit another RecurrentAutoencoder."
            )
    return autoencoder


def _settings_of(name: str) -> str:
    """Say by what a user sets a property of a network."""
    return {"cell": "the class of the estimator", "n_features": "the columns of X"}.get(
        name, name
    )
