"""Base of the recurrent estimators: the network and its training."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real

from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fitted import set_fitted
from skrnn._checks.sklearn import Interval, StrOptions, feature_names
from skrnn._checks.tables import check_enough_samples
from skrnn._networks import forward
from skrnn._networks.backend import chooses_numpy
from skrnn._networks.description import RecurrentNetwork
from skrnn._networks.layer import places_of_recurrent
from skrnn._windows.checks import check_windows
from skrnn._windows.windows import Windows

from .base import BaseNetworkEstimator, check_same_network, widths
from .inside import thaw
from .recurrent_autoencoder import RecurrentAutoencoder

__all__ = ["BaseRecurrentEstimator"]


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

        y = training.predict(self._network, self.weights_, windows, scale=scale)
        return self.scaling_.restore_targets(y)

    def _runs_in_numpy(self, n_windows, n_calls=1):
        """Tell whether NumPy predicts so many windows, so many times in a row."""
        return chooses_numpy(self.predict_backend, self._network, n_windows, n_calls)

    def _as_keras_model(self):
        check_is_fitted(self)
        from skrnn._engine import export

        return export.export_recurrent(self._network, self.weights_, self.scaling_)

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
            given=pretrained and start_from(network, pretrained),
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


def describe_network(estimator, windows: Windows, n_targets: int) -> RecurrentNetwork:
    """Describe the network of an estimator for windows of training."""
    steps, segment = windows.n_steps, estimator.segment
    if steps % segment:
        raise ValueError(
            f"segment must divide the number of steps, {steps}. Got {segment} instead; "
            "change segment or the window."
        )
    decoder = getattr(estimator, "decoder", "dense")  # Classes have no horizon.
    if decoder == "parallel":
        _check_decoder(estimator)
    return RecurrentNetwork(
        cell=estimator._cell,
        n_steps=steps,
        n_features=windows.n_features,
        n_targets=n_targets,
        units=widths(estimator, "units"),
        dense_before=widths(estimator, "dense_before"),
        dense_after=widths(estimator, "dense_after"),
        activation=estimator.activation,
        dense_activation=estimator.dense_activation,
        bidirectional=bool(estimator.bidirectional),
        dropout=float(estimator.dropout),
        recurrent_dropout=float(estimator.recurrent_dropout),
        l2=float(estimator.l2),
        segment=int(segment),
        decoder=str(decoder),
        batch_size=int(estimator.batch_size) if estimator.stateful else None,
        frozen=bool(estimator.freeze_pretrained),
        output_activation=estimator._output_activation(n_targets),
    )


def _check_decoder(estimator) -> None:
    """Refuse networks without the one last state that a parallel decoder needs."""
    for name in ("bidirectional", "stateful"):
        if getattr(estimator, name):
            raise ValueError(
                f"decoder='parallel' must have {name}=False: it goes on from the state "
                f"after the last step of each window. Got {name}=True instead; set "
                f"{name}=False or decoder='dense'."
            )


def start_from(network: RecurrentNetwork, autoencoder: RecurrentAutoencoder) -> dict:
    """Return the weights of an encoder by their places in a network."""
    places = places_of_recurrent(network.layers)
    return dict(zip(places, autoencoder.recurrent_weights(), strict=True))


def encoder_to_start_from(
    estimator, network: RecurrentNetwork
) -> RecurrentAutoencoder | None:
    """Give the autoencoder whose encoder fits into a network, None if none is given."""
    given = estimator.pretrained
    if given is None:
        if estimator.freeze_pretrained:
            raise ValueError(
                "freeze_pretrained=True needs pretrained, whose weights it keeps. Got "
                "pretrained=None instead; pass a fitted RecurrentAutoencoder."
            )
        return None
    autoencoder = thaw(given)
    if not hasattr(autoencoder, "weights_"):
        raise NotFittedError(
            "pretrained must be a fitted RecurrentAutoencoder; call its fit. In a grid "
            "of parameters, which are cloned, wrap it into "
            "sklearn.frozen.FrozenEstimator."
        )
    # What decides over the shape and the meaning of the recurrent weights.
    needed = {"dense_before": (), "bidirectional": False, "segment": 1}
    names = ("cell", "units", "activation", "n_features")
    needed |= {name: getattr(autoencoder._network, name) for name in names}
    for name, value in needed.items():
        got = getattr(network, name)
        if got != value:
            raise ValueError(
                f"pretrained has an encoder with {name}={value!r}, which must be that "
                f"of the estimator. Got {name}={got!r} instead; change "
                f"{_settings_of(name)}, or fit another RecurrentAutoencoder."
            )
    return autoencoder


def _settings_of(name: str) -> str:
    """Say by what a user sets a property of a network."""
    return {"cell": "the class of the estimator", "n_features": "the columns of X"}.get(
        name, name
    )
