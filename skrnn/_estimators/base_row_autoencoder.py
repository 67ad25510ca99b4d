"""Base of the autoencoders of rows."""

from __future__ import annotations

from numbers import Integral

from skrnn._checks.sklearn import Interval
from skrnn._checks.tables import check_table
from skrnn._networks.autoencoders import RowAutoencoderNetwork
from skrnn._windows.windows import windows_of

from .base_autoencoder import BaseAutoencoder
from .network_checks import check_widths

__all__ = ["BaseRowAutoencoder"]


class BaseRowAutoencoder(BaseAutoencoder):
    """Base of the autoencoders that copy rows."""

    # An update costs little, and copies of many rows go on getting better.
    _usual_epochs = 100

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "hidden_layer_sizes": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "tied": ["boolean"],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = False
        tags.input_tags.allow_nan = False
        return tags

    def _check(self, X, *, reset):
        n_axes = getattr(X, "ndim", 2)
        if n_axes > 2:
            windows = "pass windows to RecurrentAutoencoder, or " if n_axes == 3 else ""
            raise ValueError(
                "X must have the axes (n_samples, n_features) for "
                f"{type(self).__name__}. Found array with dim {n_axes} instead; "
                f"{windows}reshape it, X.reshape(len(X), -1)."
            )
        rows = check_table(self, X, reset=reset, allow_nan=False)
        # The engine trains on windows: a row is a window of one step.
        return windows_of(rows[:, None, :]), rows.shape[1]

    def _check_clean(self, clean):
        return windows_of(check_table(self, clean, reset=True)[:, None, :])

    def _present(self, windows):
        return windows[:, 0, :]

    def _describe_network(self, windows, n_outputs):
        return RowAutoencoderNetwork(
            n_steps=1,
            n_features=windows.n_features,
            n_components=int(self.n_components),
            hidden=check_widths("hidden_layer_sizes", self.hidden_layer_sizes),
            activation=self.activation,
            noise=float(self.noise),
            input_dropout=float(self.input_dropout),
            l2=float(self.l2),
            output_activation=self._outputs_for_loss().activation,
        )
