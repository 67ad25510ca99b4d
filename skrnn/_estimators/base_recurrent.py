"""Base of the recurrent estimators: the network and its training."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.sklearn import Interval, StrOptions
from skrnn._networks import forward
from skrnn._networks.backend import chooses_numpy
from skrnn._networks.description import RecurrentNetwork
from skrnn._networks.several import part_networks
from skrnn._windows.checks import check_windows

from .base import BaseNetworkEstimator
from .categories import (
    check_codes,
    count_codes,
    fill_unseen,
    keep_codes,
    places_of_codes,
    read_categories,
    seen_codes,
)
from .network_checks import check_fixed_batch, check_segment, check_widths
from .pretraining import check_pretrained, weights_of_encoder
from .recurrent_autoencoder import RecurrentAutoencoder
from .several import NetworkSeeds, check_same_number

__all__ = ["BaseRecurrentEstimator"]

MOST_NETWORKS = 2**16


class BaseRecurrentEstimator(BaseNetworkEstimator):
    """Base of the recurrent estimators: a network that reads windows."""

    _private_fields = {
        **BaseNetworkEstimator._private_fields,
        "seen_codes": "_seen_codes",
    }

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
        "return_sequences": ["boolean"],
        "categories": [dict, None],
        "incomplete": [StrOptions({"skip", "mask"})],
        "pretrained": [RecurrentAutoencoder, FrozenEstimator, None],
        "freeze_pretrained": ["boolean"],
        "predict_backend": [StrOptions({"auto", "numpy", "tensorflow"})],
        # The seeds are drawn before it is known what a network takes.
        "n_networks": [Interval(Integral, 1, MOST_NETWORKS, closed="both")],
    }

    def __sklearn_clone__(self):
        # A clone starts from the same weights; a clone of the autoencoder has none.
        cloned = super().__sklearn_clone__()
        cloned.pretrained = self.pretrained
        return cloned

    @property
    def seeds_(self):
        """Seed of each of several networks."""
        kept = vars(self).get("_random_state")
        if not isinstance(kept, NetworkSeeds):
            raise AttributeError(
                "seeds_ are those of several networks; fit with n_networks=3, for "
                "instance."
            )
        return list(kept.seeds)

    @property
    def estimators_(self):
        """Each network as a fitted estimator with ``n_networks=1``."""
        check_is_fitted(self)
        return [self._take_network(i) for i in range(self._n_fitted)]

    @property
    def _n_fitted(self):
        """Number of fitted networks."""
        return len(self._histories_of_networks())

    def _take_network(self, place):
        """Return an estimator with one of the networks."""
        own = {**vars(self), "n_networks": 1}
        own.pop("callbacks_", None)
        own |= {"_histories": None, "_updates": None}
        own["history_"] = self._histories_of_networks()[place]
        own["n_updates_"] = self._updates_of_networks()[place]
        for name in ("weights_", "_optimizer_state", "_weights_not_averaged"):
            if own.get(name) is not None:
                own[name] = part_networks(own[name], self._n_fitted)[place]
        kept = own.get("_random_state")
        if isinstance(kept, NetworkSeeds):
            own["random_state"] = kept.seeds[place]
            own["_random_state"] = kept.copy().generators[place]
        single = object.__new__(type(self))
        single.__dict__ = own
        return single

    def _outputs(self, X):
        """Return the outputs of the network, of shape (n_samples, n_outputs, ...)."""
        outputs = self._outputs_of_networks(X)
        return outputs[0] if len(outputs) == 1 else np.mean(outputs, axis=0)

    def _outputs_of_networks(self, X):
        """Return a list of the outputs of each network."""
        check_is_fitted(self)
        windows, _ = check_windows(self, X, reset=False)
        check_codes(windows, self._statistics.codes)
        scale = self.scaling_.scale_windows
        if self._runs_in_numpy(len(windows)):
            predict = forward.predict
        else:
            from skrnn._engine import prediction

            predict = prediction.predict
        return [
            self._restore(predict(self._network, weights, windows, scale=scale))
            for weights in self._weights_of_networks()
        ]

    def _restore(self, outputs):
        """Return outputs of a network in the units of the targets."""
        axis = len(self._network.shape_of_targets)
        return self.scaling_.restore_targets(outputs, axis=axis)

    def _runs_in_numpy(self, n_windows, n_calls=1):
        """Return whether NumPy predicts so many windows, so many times in a row."""
        n_windows = self._n_fitted * n_windows
        return chooses_numpy(self.predict_backend, self._network, n_windows, n_calls)

    def _as_keras_model(self, *, both_classes=False):
        check_is_fitted(self)
        from skrnn._engine import export

        return export.export_recurrent(
            *self._exported_networks(),
            self.scaling_,
            both_classes=both_classes,
        )

    def _exported_networks(self):
        """Return the network that `to_keras` builds, and the weights of each."""
        return self._network, self._weights_of_networks()

    def _training_text(self):
        text = super()._training_text()
        n_fitted = self._n_fitted
        return text if n_fitted == 1 else f"{n_fitted} networks, each with {text}"

    def _generators(self, *, resume):
        if self.n_networks == 1:
            return super()._generators(resume=resume)
        if resume and hasattr(self, "_random_state"):
            seeds = self._random_state.copy()
        else:
            seeds = NetworkSeeds.draw(self.random_state, int(self.n_networks))
        return seeds, seeds.generators

    def _check_goes_on(self, network):
        check_same_number(self._n_fitted, self.n_networks)
        # Codes that `fit` has not seen have no row of the embedding.
        network = keep_codes(network, self._network, self.categories)
        return super()._check_goes_on(network)

    def _read_windows(self, X, *, reset):
        """Return checked windows, and the fitted attributes that describe them."""
        windows, n_features_in = check_windows(self, X, reset=reset)
        check_codes(windows, self._places_of_codes())
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
            return_sequences=bool(self.return_sequences),
            categories=count_codes(read_categories(self.categories, windows), windows),
        )

    def _places_of_codes(self):
        return places_of_codes(self.categories)

    def _optimize(self, network, samples, held_out, pretrained, *, resume, one_pass):
        learned = super()._optimize(
            network, samples, held_out, pretrained, resume=resume, one_pass=one_pass
        )
        if not network.categories:
            return {**learned, "_seen_codes": None}
        seen = seen_codes(network, samples.windows.take(samples.chosen))
        if resume:
            seen = list(map(np.logical_or, seen, self._seen_codes))
        for name in ("weights_", "_weights_not_averaged"):
            if learned[name] is not None:
                learned[name] = fill_unseen(network, learned[name], seen)
        return {**learned, "_seen_codes": seen}

    def _scale_windows(self, windows, scaling):
        return scaling.scale_windows(windows)

    def _find_pretrained(self, network):
        return check_pretrained(self.pretrained, network)

    def _starting_weights(self, network, samples, pretrained):
        return {} if pretrained is None else weights_of_encoder(pretrained, network)
