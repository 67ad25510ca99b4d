"""Base of the estimators that train a network: parameters and training."""

from __future__ import annotations

import copy
from abc import ABCMeta, abstractmethod
from functools import partial
from math import ceil, inf
from numbers import Integral, Real
from operator import add

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fitted import set_fitted
from skrnn._checks.sklearn import HasMethods, Interval, StrOptions, feature_names
from skrnn._checks.tables import check_enough_samples
from skrnn._networks.several import part_networks
from skrnn._networks.summary import show_layers, tabulate
from skrnn._scaling.scaling import Statistics
from skrnn._serialization.state import StoredMixin

from .budget import choose_batch_size, choose_epochs
from .clean import scale_clean
from .history import advise_on_divergence, append_epochs, check_finite
from .network_checks import check_same_network
from .optimizer_checks import check_can_be_copied, check_is_whole
from .placeholders import choose_scaling
from .several import join_states, mean_history
from .skipped_windows import warn_of_skipped
from .target_checks import check_same_scaling
from .training_data import choose_samples, relative_weights, split_samples
from .validation import check_scales, check_validation, hold_out

__all__ = ["BaseNetworkEstimator"]


class BaseNetworkEstimator(StoredMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of the estimators that train a network."""

    # Names in stored files, so that the attributes can be renamed.
    _private_fields = {
        "network": "_network",
        "statistics": "_statistics",
        "window_shape_in": "_window_shape_in",
        "histories": "_histories",
        "updates": "_updates",
        "optimizer_state": "_optimizer_state",
        "weights_not_averaged": "_weights_not_averaged",
        "trained_by": "_trained_by",
        "random_state": "_random_state",
    }

    # The largest number of epochs that ``epochs="auto"`` chooses.
    _most_epochs = inf
    # What it chooses unless these are far too few or too many updates.
    _usual_epochs = 1

    _parameter_constraints = {
        "l2": [Interval(Real, 0, None, closed="left")],
        "standardize": ["boolean"],
        "loss": [str, callable],
        # Instances of Keras's are known by a method: naming their class imports Keras.
        "optimizer": [str, callable, HasMethods("apply_gradients")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "learning_rate_decay": [StrOptions({"cosine", "linear"}), None],
        "clipnorm": [Interval(Real, 0, None, closed="neither"), None],
        "epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
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

    def set_params(self, **params):
        """Set the parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Parameters by their names.

        Returns
        -------
        self : object
            This estimator.

        Raises
        ------
        ValueError
            If there is no such parameter, or if `optimizer` is a copy, as a grid search
            makes them, that lacks a part of its original.
        """
        check_is_whole(params.get("optimizer"))
        return super().set_params(**params)

    def __sklearn_clone__(self):
        check_can_be_copied(self.optimizer)
        return super().__sklearn_clone__()

    def __getstate__(self):
        check_can_be_copied(self.optimizer)
        state = super().__getstate__()
        state.pop("callbacks_", None)  # They may hold open files.
        private = state["_private"]
        trained_by = private.get("trained_by", "")
        # Training does not go on with an optimizer that is no longer the parameter, and
        # skops cannot store instances of Keras's.
        if not isinstance(trained_by, (str, type)) and trained_by != self.optimizer:
            private |= {"trained_by": None, "optimizer_state": None}
            private.pop("weights_not_averaged", None)
        return state

    @property
    def loss_curve_(self):
        """Training loss of each epoch."""
        return self.history_["loss"]

    @property
    def n_iter_(self):
        """Number of epochs trained."""
        return len(self.history_["loss"])

    def summary(self, *, print_fn=None):
        """Print the layers of the network and how long it was trained.

        No network is built. The numbers of parameters are those of `weights_`, and
        layers are named as in `to_keras`. That model has more: weights that the network
        uses twice stand in it twice, and it holds the scaling.

        Parameters
        ----------
        print_fn : callable, default=None
            Function that gets the table, a string of several lines. None is `print`.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        table = tabulate(type(self).__name__, self._network.layers)
        (print_fn or print)(f"{table}\n{self._training_text()}")

    def _training_text(self):
        """Say how long the network was trained, in words that can be copied."""
        epochs, size = self.n_iter_, self.batch_size_
        return f"{self.n_updates_:,} updates: epochs={epochs}, batch_size={size}"

    def _sk_visual_block_(self):
        fitted = hasattr(self, "weights_")
        return show_layers(self, self._network.layers if fitted else None)

    @property
    def _loss(self):
        return self.loss

    def _target_scaling(self):
        """Return how targets are scaled, see `Statistics`."""
        return "standard"

    def _places_of_codes(self):
        """Return the places of inputs that are codes of categories."""
        return ()

    @abstractmethod
    def _read(self, X, *others, reset):
        """Return what was passed to `fit`, checked, as `TrainingData`."""

    def _read_validation(self, validation, data):
        """Return samples to validate on, checked, beside those to train on."""
        return self._read(*validation, reset=True)

    @abstractmethod
    def _describe_network(self, windows, n_outputs):
        """Return the description of a network with a number of outputs."""

    @abstractmethod
    def _scale_windows(self, windows, scaling):
        """Return windows scaled as the network reads them."""

    def _find_pretrained(self, network):
        """Return the fitted estimator that a fresh network starts from, or None."""

    def _starting_weights(self, network, samples, pretrained):
        """Return weights of a fresh network that are not drawn, by their places."""
        return {}

    def _train(self, X, *others, resume, one_pass, validation=(None,)):
        """Train, and change the estimator only when that has succeeded.

        Parameters
        ----------
        X, *others : array-like
            What was passed to `fit`, in the order in which `_read` takes it.
        resume : bool
            Whether to go on from the fitted weights, if there are any.
        one_pass : bool
            Whether to train for a single epoch, as `partial_fit` does.
        validation : tuple of array-like or None, default=(None,)
            `X_val` and others that belong to it, to validate on in place of the last
            samples of X.
        """
        check_validation(validation, self.validation_split)
        resume = resume and hasattr(self, "weights_")
        data = self._read(X, *others, reset=not resume)
        if not (resume and one_pass):  # The last chunk of many may be short.
            check_enough_samples(self, len(data))
        network = self._describe_network(data.counted_windows, data.n_outputs)
        if resume:
            network = self._check_goes_on(network)
        pretrained = None if resume else self._find_pretrained(network)
        parts = self._split(data, resume=resume, one_pass=one_pass)
        data, parts, held_out = hold_out(self, validation, data, parts, X)
        data = self._weigh(data, parts[0])
        statistics, scaling = self._learn_scaling(
            data.take(parts[0]), pretrained, resume=resume, one_pass=one_pass
        )
        # So that the validation loss is that of predictions.
        scaling = scaling.let_vary(data.targets[parts[1]])
        check_scales(self, held_out, scaling)
        trained = self._optimize(
            network,
            self._scale(data, parts, scaling),
            parts[1],
            pretrained,
            resume=resume,
            one_pass=one_pass,
        )
        # Kept while training goes on, because a later chunk may be an array.
        names = vars(self).get("feature_names_in_") if resume else feature_names(X)
        learned = {
            "feature_names_in_": names,
            "scaling_": scaling,
            "_statistics": statistics,
            "_network": network,
            "_window_shape_in": (network.n_steps, network.n_features),
        }
        if hasattr(self, "incomplete"):
            learned["n_windows_fit_"] = len(parts[0])
        set_fitted(self, {**trained, **data.facts, **learned})
        return self

    def _weigh(self, data, training):
        """Return samples with weights that depend on which of them are trained on."""
        return data

    def _check_goes_on(self, network):
        """Return the network to go on with; raise if it is not the fitted one."""
        check_same_network(self._network, network)
        return network

    def _split(self, data, *, resume, one_pass):
        """Return the places of samples to train on, and of those to validate on."""
        # The last chunk of many may be short.
        samples = self._choose(data, at_least=1 if resume and one_pass else 2)
        return split_samples(samples, 0.0 if one_pass else self.validation_split)

    def _choose(self, data, *, at_least, use="training"):
        """Return the places of samples that count; warn of many that do not."""
        skipped = np.zeros(len(data), dtype=bool)
        # Rows are never incomplete, and have no such parameter.
        if getattr(self, "incomplete", "mask") == "skip":
            skipped = data.windows.begin_missing()
        samples = choose_samples(data, skipped=skipped, at_least=at_least)
        warn_of_skipped(self, data.windows, skipped & data.counts, use)
        return samples

    def _learn_scaling(self, samples, pretrained, *, resume, one_pass):
        """Return statistics of samples, and the scaling that follows from them.

        A fit that goes on from fitted weights keeps their scaling. `partial_fit` adds
        the samples to the statistics of those before.
        """
        statistics = Statistics.of(
            *samples,
            standardize=self.standardize,
            inputs=None if pretrained is None else pretrained.scaling_,
            target_scaling=self._target_scaling(),
            codes=self._places_of_codes(),
        )
        if resume:
            check_same_scaling(self._statistics, statistics)
            statistics = self._statistics.merge(statistics)
        elif not one_pass:  # What is missing in a chunk may come with a later one.
            statistics.check_observed()
        if one_pass or not resume:
            return statistics, choose_scaling(statistics, self._loss)
        # A target that was constant has scale 0, and would never be learned.
        kept = self.scaling_.let_vary(samples[1])
        varies = (kept.y_scale != self.scaling_.y_scale).any()
        return statistics if varies else self._statistics, kept

    def _scale(self, data, parts, scaling):
        """Return the samples as the engine takes them."""
        # Imported here, so that `import skrnn` does not load TensorFlow.
        from skrnn._engine import training

        return training.Samples(
            self._scale_windows(data.windows, scaling),
            scaling.scale_targets(data.targets),
            relative_weights(data.weights, data.targets, parts),
            parts[0],
            scale_clean(partial(self._scale_windows, scaling=scaling), data.clean),
        )

    def _optimize(self, network, samples, held_out, pretrained, *, resume, one_pass):
        """Train the network; return the fitted attributes that follow."""
        from skrnn._engine import training

        goes_on = resume and one_pass
        random_state, generators = self._generators(resume=goes_on)
        states = [None] * len(generators)
        if resume:
            states = self._fitted_states(network, goes_on=goes_on)
        courses = [self._course(len(samples), one_pass=one_pass) for _ in generators]
        with advise_on_divergence(self, network):
            trained = training.train_networks(
                network,
                self._recipe(),
                list(map(training.Start, states, courses, generators)),
                samples,
                held_out if len(held_out) else None,
                {} if resume else self._starting_weights(network, samples, pretrained),
            )
            for state, history in trained:
                check_finite(state.weights, len(history["loss"]))
        return {
            **join_states([state for state, _ in trained]),
            **self._join_histories(
                [history for _, history in trained],
                ceil(len(samples) / courses[0].batch_size),
                goes_on=goes_on,
            ),
            "callbacks_": [each for c in courses for each in c.callbacks] or None,
            "batch_size_": courses[0].batch_size,
            "_trained_by": self.optimizer,
            "_random_state": random_state,
        }

    def _join_histories(self, histories, n_batches, *, goes_on):
        """Return the fitted attributes that follow from the epochs of all networks."""
        updates = [n_batches * len(history["loss"]) for history in histories]
        if goes_on:
            pairs = zip(self._histories_of_networks(), histories, strict=True)
            histories = [append_epochs(*pair) for pair in pairs]
            updates = list(map(add, self._updates_of_networks(), updates))
        several = len(histories) > 1
        return {
            "history_": mean_history(histories),
            "_histories": histories if several else None,
            "_updates": updates if several else None,
            "n_updates_": max(updates),
        }

    def _histories_of_networks(self):
        """Return the history of each fitted network."""
        return vars(self).get("_histories") or [self.history_]

    def _updates_of_networks(self):
        """Return the number of updates of each fitted network."""
        n_networks = len(self._histories_of_networks())
        return vars(self).get("_updates") or [self.n_updates_] * n_networks

    def _weights_of_networks(self):
        """Return the weights of each fitted network."""
        return part_networks(self.weights_, len(self._histories_of_networks()))

    def _generators(self, *, resume):
        """Return what is kept of the random numbers, and those of each network.

        They are those left over from the last training, or new ones. Those left over
        are copied, because a training that fails must not use them up.
        """
        if resume and hasattr(self, "_random_state"):
            random_state = copy.deepcopy(self._random_state)
            return random_state, [random_state]
        random_state = check_random_state(self.random_state)
        # Without a seed it is NumPy's global generator, of which no copy is kept.
        return (None if self.random_state is None else random_state), [random_state]

    def _fitted_states(self, network, *, goes_on):
        """Return the fitted weights, and the state of their optimizer if it goes on."""
        from skrnn._engine import training

        # Fewer or more weights to train are another state of the optimizer.
        same_weights = network.frozen == self._network.frozen
        goes_on = goes_on and same_weights and self.optimizer == self._trained_by
        weights = self._weights_of_networks()
        if not goes_on:
            return [training.State(each) for each in weights]
        n_networks = len(weights)
        optimizers = part_networks(self._optimizer_state, n_networks)
        not_averaged = vars(self).get("_weights_not_averaged")
        if not_averaged is None:
            return list(map(training.State, weights, optimizers))
        not_averaged = part_networks(not_averaged, n_networks)
        return list(map(training.State, weights, optimizers, not_averaged))

    def _recipe(self):
        """Return what Keras compiles into a model."""
        from skrnn._engine import training

        return training.Recipe(
            self._loss,
            training.make_optimizer(self.optimizer),
            float(self.learning_rate),
            self.metrics,
            self.learning_rate_decay,
            None if self.clipnorm is None else float(self.clipnorm),
        )

    def _course(self, n_samples, *, one_pass):
        """Return the number of epochs, the order of samples and when to stop."""
        from skrnn._engine import training

        batch_size = choose_batch_size(self.batch_size, n_samples)
        epochs = choose_epochs(
            self.epochs,
            n_samples,
            batch_size,
            at_most=self._most_epochs,
            usual=self._usual_epochs,
        )
        stops = self.early_stopping and not one_pass
        return training.Course(
            epochs=1 if one_pass else epochs,
            batch_size=batch_size,
            shuffle=self.shuffle,
            constant_rate=one_pass,
            patience=int(self.patience) if stops else None,
            callbacks=training.make_callbacks(self.callbacks),
            verbose=int(self.verbose),
        )
