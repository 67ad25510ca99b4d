"""Base of the recurrent estimators: the network and its training."""

from __future__ import annotations

from numbers import Integral, Real

from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.sklearn import Interval, StrOptions
from skrnn._networks import forward
from skrnn._networks.backend import chooses_numpy
from skrnn._networks.description import RecurrentNetwork
from skrnn._windows.checks import check_windows

from .base import BaseNetworkEstimator
from .network_checks import check_fixed_batch, check_segment, check_widths
from .pretraining import check_pretrained, weights_of_encoder
from .recurrent_autoencoder import RecurrentAutoencoder

__all__ = ["BaseRecurrentEstimator"]


class BaseRecurrentEstimator(BaseNetworkEstimator):
    """Base of the recurrent estimators: a network that reads windows."""

    _cell: str
    # What predicts one noisy number from a window learns the noise of few windows by
    # heart in thousands of updates, unlike what copies windows through a narrow code.
    _most_epochs = 100

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

    def _outputs(self, X):
        """Return the outputs of the network, of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        windows, _ = check_windows(self, X, reset=False)
        scale = self.scaling_.scale_windows
        if self._runs_in_numpy(len(windows)):
            y = forward.predict(self._network, self.weights_, windows, scale)
            return self.scaling_.restore_targets(y)
        from skrnn._engine import prediction

        y = prediction.predict(self._network, self.weights_, windows, scale=scale)
        return self.scaling_.restore_targets(y)

    def _runs_in_numpy(self, n_windows, n_calls=1):
        """Return whether NumPy predicts so many windows, so many times in a row."""
        return chooses_numpy(self.predict_backend, self._network, n_windows, n_calls)

    def _as_keras_model(self, *, both_classes=False):
        check_is_fitted(self)
        from skrnn._engine import export

        return export.export_recurrent(
            self._network, self.weights_, self.scaling_, both_classes=both_classes
        )

    def _read_windows(self, X, *, reset):
        """Return checked windows, and the fitted attributes that describe them."""
        windows, n_features_in = check_windows(self, X, reset=reset)
        facts = {"n_features_in_": n_features_in, "n_steps_in_": windows.n_steps}
        return windows, facts

    def _describe_network(self, windows, n_outputs):
        check_segment(self.segment, windows.n_steps)
        # As Python's own numbers, because integers of NumPy can overflow.
        return RecurrentNetwork(
            cell=self._cell,
            n_steps=windows.n_steps,
            n_features=windows.n_features,
            n_targets=n_outputs,
            units=check_widths("units", self.units),
            dense_before=check_widths("dense_before", self.dense_before),
            dense_after=check_widths("dense_after", self.dense_after),
            activation=self.activation,
            dense_activation=self.dense_activation,
            bidirectional=bool(self.bidirectional),
            dropout=float(self.dropout),
            recurrent_dropout=float(self.recurrent_dropout),
            l2=float(self.l2),
            segment=int(self.segment),
            # Keras builds a stateful network for one size of batches.
            batch_size=check_fixed_batch(self.batch_size) if self.stateful else None,
            frozen=bool(self.freeze_pretrained),
        )

    def _scale_windows(self, windows, scaling):
        return scaling.scale_windows(windows)

    def _find_pretrained(self, network):
        return check_pretrained(self.pretrained, network)

    def _starting_weights(self, network, samples, pretrained):
        return {} if pretrained is None else weights_of_encoder(pretrained, network)
