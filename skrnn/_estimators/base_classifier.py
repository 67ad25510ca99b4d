"""Base of the recurrent classifiers: labels, probabilities, weights of classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fit_arguments import names_parameters
from skrnn._checks.labels import (
    as_codes,
    as_indicators,
    balanced_weights,
    check_classes,
    check_labels,
    check_several,
    check_step_labels,
    encode,
    weights_of_classes,
)
from skrnn._checks.sklearn import StrOptions, fit_context
from skrnn._checks.targets import check_sample_weight, check_step_weight

from .base_recurrent import BaseRecurrentEstimator
from .network_checks import check_sequences
from .training_data import TrainingData

__all__ = ["BaseRecurrentClassifier"]


class BaseRecurrentClassifier(ClassifierMixin, BaseRecurrentEstimator):
    """Base of the recurrent classifiers, which differ in their cell."""

    _parameter_constraints = {
        **BaseRecurrentEstimator._parameter_constraints,
        "loss": [StrOptions({"crossentropy", "focal_crossentropy", "mse"}), callable],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    @names_parameters
    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train the network, from fresh weights unless `warm_start` is set.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows, oldest step first; two axes mean one feature. NaN is missing.
        y : array-like of shape (n_samples,)
            Labels: numbers, bool or text. With `return_sequences` those of every step,
            of shape (n_samples, n_steps), NaN or None at steps without one.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, relative to each other; those of `class_weight` are multiplied
            with them. A sample of weight 0 is left out. With `return_sequences` also of
            shape (n_samples, n_steps), a weight for each step; labels of weight 0 may
            be anything, such as -1.
        X_val, y_val : array-like, default=None
            Samples to validate on, shaped as X and y, in place of the last ones of X.
        sample_weight_val : array-like, default=None
            Weights of these, as `sample_weight`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X or y are not what is described above, if samples of fewer than two
            classes are left to train on, if `class_weight` names labels that y lacks,
            or if a parameter does not suit the data.
        TypeError
            If X holds dates, or `callbacks` holds what is no Keras callback.
        FloatingPointError
            If the loss becomes NaN or infinite. The estimator then stays as it was.
        """
        # Each output keeps its class, also where y lacks some classes of the last fit.
        goes_on = self.warm_start and hasattr(self, "classes_")
        return self._train(
            X,
            y,
            sample_weight,
            self.classes_ if goes_on else None,
            resume=self.warm_start,
            one_pass=False,
            validation=(X_val, y_val, sample_weight_val),
        )

    @names_parameters
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one more epoch, on the same samples or on further ones.

        Weights, state of the optimizer and statistics of the scaling are carried on
        from call to call. Passed chunk by chunk, data may be larger than memory; see
        `iter_windows`. `validation_split` and `early_stopping` are ignored, and
        `shuffle` mixes the samples of a call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows: at least one, and two in the first call.
        y : array-like of shape (n_samples,)
            Labels, not necessarily of all classes; shaped as in `fit`.
        classes : array-like of shape (n_classes,), default=None
            All labels that may come. Needed in the first call; in later ones it may be
            left out.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, relative to each other; those of `class_weight` are multiplied
            with them. A sample of weight 0 is left out.

        Returns
        -------
        self : object
            The estimator after one more epoch.

        Raises
        ------
        ValueError
            As in `fit`; also if the first call lacks `classes`, if a later one has
            labels that are not among them, if `class_weight` is "balanced", which
            needs all data, or if the steps or columns of X or a parameter of the
            network differ from those of the calls before.
        TypeError, FloatingPointError
            As in `fit`.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' goes by how often each class occurs in all "
                "data, which partial_fit does not see. Pass its numbers, class_weight="
                "dict(zip(classes, sklearn.utils.compute_class_weight('balanced', "
                "classes=classes, y=y)))."
            )
        return self._train(
            X,
            y,
            sample_weight,
            self._known_classes(classes),
            resume=True,
            one_pass=True,
        )

    def predict_proba(self, X):
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows. Every one is predicted; missing steps are skipped by the network.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Probabilities, which sum to 1, with a column for each of `classes_`. With
            `return_sequences` those of every step, of shape (n_samples, n_steps,
            n_classes).

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other steps or columns than in `fit`, or holds values that are
            infinite or, when scaled, too large for float32.
        TypeError
            If X holds dates.
        """
        return _probabilities_of(self._outputs(X))

    def predict_proba_networks(self, X):
        """Predict the probabilities of the classes by each of `n_networks` networks.

        Their mean is what `predict_proba` returns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows, as in `predict_proba`.

        Returns
        -------
        proba : ndarray of shape (n_networks, n_samples, n_classes)
            Probabilities, which sum to 1, with a column for each of `classes_`.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As in `predict_proba`.
        """
        return np.stack([_probabilities_of(y) for y in self._outputs_of_networks(X)])

    def predict(self, X):
        """Predict the most probable class of windows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows. Every one is predicted; missing steps are skipped by the network.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels. With `return_sequences` those of every step, of shape (n_samples,
            n_steps), also where nothing is observed or `fit` had no label.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As in `predict_proba`.
        """
        check_is_fitted(self)  # Or `classes_` would raise an AttributeError first.
        return self.classes_[self.predict_proba(X).argmax(axis=-1)]

    def score(self, X, y, sample_weight=None):
        """Return the accuracy, the share of labels that are predicted.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows, as in `predict`.
        y : array-like of shape (n_samples,)
            True labels. With `return_sequences` those of every step, as in `fit`: steps
            without a label do not count.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, shaped as in `fit`.

        Returns
        -------
        score : float
            Share of the windows or, with `return_sequences`, of the labelled steps of
            all windows together.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As in `predict_proba`; also if y is not what is described above.
        """
        check_is_fitted(self)
        if not self._network.return_sequences:
            return super().score(X, y, sample_weight)
        labels, weights, counts = self._read_steps(
            X, y, sample_weight, self.n_steps_in_
        )
        predicted = self.predict(X)[counts]
        return accuracy_score(labels, predicted, sample_weight=weights[counts])

    def to_keras(self):
        """Build a plain Keras model that predicts probabilities from the data.

        Returns
        -------
        model : keras.Model
            From X of shape (n_samples, n_steps, n_features) to the probabilities, of
            shape (n_samples, n_classes), in the order of `classes_`; with
            `return_sequences` of shape (n_samples, n_steps, n_classes). It contains the
            scaling and the treatment of missing values, and can be saved and loaded
            without skrnn. Of several networks it gives the mean.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        return self._as_keras_model(both_classes=self._network.n_targets == 1)

    def _known_classes(self, classes):
        """Return the classes of earlier calls, or in a first call those passed."""
        if not hasattr(self, "classes_"):
            return check_classes(self, classes)
        if classes is not None:
            given = check_classes(self, classes).tolist()
            if given != self.classes_.tolist():
                raise ValueError(
                    "classes must be the same in every call to partial_fit, "
                    f"{self.classes_.tolist()}. Got {given} instead; leave it out, or "
                    "call fit to start afresh."
                )
        return self.classes_

    def _read(self, X, y, sample_weight, classes, *, reset):
        windows, facts = self._read_windows(X, reset=reset)
        read = self._read_steps if self.return_sequences else self._read_labels
        labels, weights, counts = read(X, y, sample_weight, windows.n_steps)
        if classes is None:
            classes = np.unique(labels)
            check_several(classes, "y")
        _check_loss(self.loss, len(classes))
        codes = encode(labels, classes)
        by_class = weights_of_classes(self.class_weight, classes)
        weights[counts] *= by_class[codes]
        indicators = as_indicators(codes, len(classes))
        targets = np.full((*counts.shape, indicators.shape[1]), np.nan)
        targets[counts] = indicators
        facts["classes_"] = classes
        return TrainingData(windows, targets, weights, facts)

    def _read_labels(self, X, y, sample_weight, n_steps):
        """Return labels, weights of all samples, and which of them have the labels."""
        labels = check_labels(self, y, X)
        weights = check_sample_weight(sample_weight, len(labels)).copy()
        return labels, weights, np.ones(len(labels), dtype=bool)

    def _read_steps(self, X, y, sample_weight, n_steps):
        """Return what `_read_labels` does, of labels of every step."""
        values, labelled = check_step_labels(self, y, X, n_steps)
        weights = check_step_weight(sample_weight, labelled)
        counts = weights > 0
        return check_labels(self, values[counts], values[counts]), weights, counts

    def _read_validation(self, validation, data):
        return self._read(*validation, data.facts["classes_"], reset=True)

    def _weigh(self, data, training):
        if self.class_weight != "balanced":
            return data
        counts = data.weights > 0
        codes, weights = as_codes(data.targets[counts]), data.weights.copy()
        trained = np.isin(np.nonzero(counts)[0], training)
        weights[counts] *= balanced_weights(
            codes[trained], weights[counts][trained], len(data.facts["classes_"])
        )[codes]
        return replace(data, weights=weights)

    def _describe_network(self, windows, n_outputs):
        network = super()._describe_network(windows, n_outputs)
        check_sequences(network)
        activation = "sigmoid" if n_outputs == 1 else "softmax"
        return replace(network, output_activation=activation)

    def _split(self, data, *, resume, one_pass):
        train, validation = super()._split(data, resume=resume, one_pass=one_pass)
        # When training goes on, the other classes have been or may yet be seen.
        if not (resume or one_pass):
            _check_classes_left(data.targets[train][data.weights[train] > 0])
        return train, validation

    def _learn_scaling(self, samples, pretrained, *, resume, one_pass):
        statistics, scaling = super()._learn_scaling(
            samples, pretrained, resume=resume, one_pass=one_pass
        )
        # Losses and metrics compare probabilities with 0 and 1, so keep these.
        return statistics, scaling.keep_targets()


def _probabilities_of(outputs):
    """Return the probabilities of all classes from the outputs of a network."""
    if outputs.shape[-1] == 1:  # A sigmoid, the probability of the second class.
        return np.concatenate([1 - outputs, outputs], axis=-1)
    # In float32 their sum is 1 but for rounding.
    return outputs / outputs.sum(axis=-1, keepdims=True)


def _check_classes_left(targets):
    """Raise if samples of a single class are left to train on."""
    if (targets == targets[0]).all():
        raise ValueError(
            "Only samples of a single class are left to train on. Those of the other "
            "classes have a weight of 0 (sample_weight, class_weight), begin with "
            "missing steps (incomplete), or are among the last ones, which "
            "validation_split sets aside; shuffle the samples, or change one of these."
        )


def _check_loss(loss, n_classes):
    """Raise if a Keras loss takes other inputs than 0 or 1 and probabilities."""
    name = getattr(loss, "__name__", type(loss).__name__).lower()
    if getattr(loss, "from_logits", False):
        wrong = "which expects logits: set from_logits=False"
    elif name.startswith("sparse"):
        wrong = "which expects the numbers of classes: take the form without 'sparse'"
    elif name.startswith("categorical") and n_classes == 2:
        wrong = "which is for more than two classes: take the binary form"
    else:
        return
    what = (
        "the probability of the second of two classes with 0 or 1"
        if n_classes == 2
        else "the probabilities of all classes with 0 and 1"
    )
    raise ValueError(
        f"loss must compare {what}. Got {loss!r} instead, {wrong}, or set "
        "loss='crossentropy', which goes by the number of classes."
    )
