"""Base of the autoencoders: codes, reconstructions and their errors."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fit_arguments import names_parameters
from skrnn._checks.sklearn import Interval, fit_context, wants_pandas
from skrnn._checks.targets import check_sample_weight
from skrnn._index.reading import index_of
from skrnn._networks.outputs import choose_outputs_of_copies
from skrnn._windows.windows import Windows

from .base import BaseNetworkEstimator
from .clean import check_clean_validation, observed_samples, read_clean
from .copy_errors import mean_by_sample, minus_squares, weighted_mean
from .target_checks import check_suits
from .training_data import TrainingData

__all__ = ["BaseAutoencoder"]


class BaseAutoencoder(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseNetworkEstimator
):
    """Base of the autoencoders, which differ in what they read and in their codes."""

    _private_fields = {**BaseNetworkEstimator._private_fields, "n_axes": "_n_axes"}

    _parameter_constraints = {
        **BaseNetworkEstimator._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "activation": [str, callable],
        "code_activation": [str, callable],
        "noise": [Interval(Real, 0, None, closed="left")],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
        "sparsity": [Interval(Real, 0, None, closed="left")],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @names_parameters
    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y=None,
        sample_weight=None,
        *,
        clean=None,
        X_val=None,
        clean_val=None,
        sample_weight_val=None,
    ):
        """Learn to copy X, from fresh weights unless `warm_start` is set.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_steps, n_features)
            Rows, or windows for a RecurrentAutoencoder.
        y : None
            Ignored, also by Pipelines that pass labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, relative to each other, in the loss and in the scaling. A sample
            of weight 0 is left out.
        clean : array-like of the shape of X, default=None
            What the codes are to be decoded to, in the units of X: X without its noise,
            for instance. NaN does not count in the loss, and a sample without any value
            is left out. None is X itself.
        X_val, clean_val, sample_weight_val : array-like, default=None
            Samples to validate on, shaped as X, `clean` and `sample_weight`, in place
            of the last ones of X.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X has another number of axes, fewer than two samples, or infinite
            values, if a parameter does not suit it, or if `clean` has another shape,
            other columns or another index than X.
        TypeError
            If X holds dates, or `callbacks` holds what is no Keras callback.
        FloatingPointError
            If the loss becomes NaN or infinite. The estimator then stays as it was.
        """
        check_clean_validation(X_val, clean, clean_val, sample_weight_val)
        return self._train(
            X,
            sample_weight,
            clean,
            resume=self.warm_start,
            one_pass=False,
            validation=(X_val, sample_weight_val, clean_val),
        )

    @names_parameters
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None, *, clean=None):
        """Train for one more epoch, on the same samples or on further ones.

        Weights, state of the optimizer and statistics of the scaling are carried on
        from call to call. Passed chunk by chunk, data may be larger than memory; see
        `iter_windows`. `validation_split` and `early_stopping` are ignored, and
        `shuffle` mixes the samples of a call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_steps, n_features)
            Rows or windows as in `fit`: at least one, and two in the first call.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights. In training they count relative to each other, in the statistics
            of the scaling relative to those of all calls. A sample of weight 0 is left
            out.
        clean : array-like of the shape of X, default=None
            What the codes are to be decoded to, in the units of X: X without its noise,
            for instance. NaN does not count in the loss, and a sample without any value
            is left out. None is X itself.

        Returns
        -------
        self : object
            The estimator after one more epoch.

        Raises
        ------
        ValueError
            As in `fit`; also if the shape of X or a parameter of the network differs
            from those of the calls before.
        TypeError, FloatingPointError
            As in `fit`.

        Notes
        -----
        The scaling is that of all samples seen so far, exactly as one `fit` on them
        would learn it. But an early chunk was trained on with the scaling of its time.
        If the first chunks are not like the later ones, scale beforehand, by the
        statistics of a pass ahead (`StandardScaler.partial_fit`), and set
        ``standardize=False``.
        """
        return self._train(X, sample_weight, clean, resume=True, one_pass=True)

    def transform(self, X):
        """Encode X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_steps, n_features)
            Rows or windows as in `fit`.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components)
            Codes; a DataFrame on the index of X if `set_output` asks for one.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If X has other features or steps than in `fit`, or holds infinite values or
            dates.
        """
        return self._on_index(self._encode(X), X)

    def inverse_transform(self, X):
        """Decode codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes, as `transform` returns them.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features) or \
                (n_samples, n_steps, n_features)
            Rows or windows, in the units of X.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is not a table of finite numbers with `n_components` columns.
        """
        check_is_fitted(self)
        codes = check_array(X, dtype=np.float32, input_name="X", estimator=self)
        n_components = self._network.n_components
        if codes.shape[1] != n_components:
            raise ValueError(
                f"X must hold codes of n_components={n_components} columns, as "
                f"transform returns them. Got {codes.shape[1]} columns instead; pass "
                "what transform returned."
            )
        return self._present(self._decode(codes))

    def reconstruct(self, X):
        """Encode and decode X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_steps, n_features)
            Rows or windows as in `fit`.

        Returns
        -------
        X_copy : ndarray of the shape of X
            Copies, in the units of X.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If X has other features or steps than in `fit`, or holds infinite values or
            dates.
        """
        check_is_fitted(self)
        windows, _ = self._check(X, reset=False)
        return self._present(self._predict(windows))

    def score_samples(self, X):
        """Return minus the reconstruction error of samples: lower is more abnormal.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_steps, n_features)
            Rows or windows as in `fit`.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Minus the mean squared difference of the observed values from their copies,
            in standard deviations of each feature if `standardize` is set, else in the
            units of X, whatever the loss is. The score of a sample without any observed
            value is NaN.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If X has other features or steps than in `fit`, or holds infinite values or
            dates.
        """
        return self._compare(X, mean_by_sample)

    def score_features(self, X):
        """Return minus the reconstruction error of each value: which of them are odd.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_steps, n_features)
            Rows or windows as in `fit`.

        Returns
        -------
        scores : ndarray of the shape of X
            Minus the squared differences of values from their copies, in the unit of
            `score_samples`, which is their mean over a sample; NaN where X is missing.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            As in `score_samples`.
        """
        return self._present(self._compare(X, minus_squares))

    def score(self, X, y=None, sample_weight=None, *, clean=None):
        """Return the mean of `score_samples`, by which a grid search picks parameters.

        Samples without any observed value do not count.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_steps, n_features)
            Rows or windows as in `fit`.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the mean.
        clean : array-like of the shape of X, default=None
            What copies of X are compared with in place of X.

        Returns
        -------
        score : float
            Minus the mean reconstruction error.
        """
        scores = self.score_samples(X) if clean is None else self._rate(X, clean)
        weights = check_sample_weight(sample_weight, len(scores))
        return weighted_mean(scores, weights)

    @property
    def encoder_(self):
        """Keras model from X to codes; see `to_keras`."""
        return self._parts_in_units()[0]

    @property
    def decoder_(self):
        """Keras model from codes to X; see `to_keras`."""
        return self._parts_in_units()[1]

    def to_keras(self):
        """Build a plain Keras model from X to its copy, in the units of the data.

        Returns
        -------
        model : keras.Model
            Its layers "encoder" and "decoder" are the models that `encoder_` and
            `decoder_` build. All three hold the scaling, and can be saved and loaded
            without skrnn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        from skrnn._engine import export

        return export.export_autoencoder(
            self._network, self._predicting_weights, self.scaling_
        )

    @property
    def _n_features_out(self):
        return self._network.n_components

    @property
    def _predicting_weights(self):
        """Weights of the encoder and the decoder."""
        return self.weights_

    @abstractmethod
    def _check(self, X, *, reset):
        """Return X as checked windows, and what scikit-learn counts as its features."""

    @abstractmethod
    def _check_clean(self, clean):
        """Return what X is to be decoded to as checked windows."""

    @abstractmethod
    def _present(self, windows):
        """Return windows in the shape of X."""

    def _outputs_for_loss(self):
        """Return the outputs that suit the loss."""
        from skrnn._engine.losses import name_of_loss

        return choose_outputs_of_copies(name_of_loss(self._loss), self._loss)

    def _read(self, X, sample_weight, clean, *, reset):
        windows, n_features_in = self._check(X, reset=reset)
        weights = check_sample_weight(sample_weight, len(windows))
        copied, name = windows, "X"
        if clean is not None:
            copied, name = read_clean(self._check_clean, clean, X, windows), "clean"
            weights = weights * observed_samples(copied, weights)
        outputs, rows = self._outputs_for_loss(), copied.rows
        counts = copied.count_uses(weights) > 0
        check_suits(name, rows, counts, outputs, self._loss, rows)
        facts = {"n_features_in_": n_features_in, "_n_axes": np.asarray(X).ndim}
        no_targets = np.empty((len(windows), 0))
        copied = None if clean is None else copied
        return TrainingData(windows, no_targets, weights, facts, copied)

    def _rate(self, X, clean):
        """Return minus the mean squared difference of copies of X from clean values."""
        check_is_fitted(self)
        windows, _ = self._check(X, reset=False)
        copied = read_clean(self._check_clean, clean, X, windows)
        unit = self._statistics.scaling().x_scale
        return mean_by_sample(copied.gather(), self._predict(windows), unit)

    def _learn_scaling(self, samples, pretrained, *, resume, one_pass):
        statistics, scaling = super()._learn_scaling(
            samples, pretrained, resume=resume, one_pass=one_pass
        )
        keeps_inputs = self._outputs_for_loss().scaling == "none"
        return statistics, scaling.keep_inputs() if keeps_inputs else scaling

    def _scale_windows(self, windows, scaling):
        # Holes stay for the network to fill, because its error must not count them.
        return scaling.scale_windows(windows, fill=False)

    def _compare(self, X, summary):
        """Return a summary of the differences of samples from their copies."""
        check_is_fitted(self)
        windows, _ = self._check(X, reset=False)
        # Of copies that are not scaled as well, so that losses can be compared.
        unit = self._statistics.scaling().x_scale / self.scaling_.x_scale
        return self._predict(windows, summary=partial(summary, unit=unit))

    def _encode(self, X):
        """Return the outputs of the encoder, in the precision of X."""
        check_is_fitted(self)
        windows, _ = self._check(X, reset=False)
        # The tag preserves_dtype promises the precision of X; the network has float32.
        return self._predict(windows, "encoder").astype(windows.rows.dtype)

    def _decode(self, codes):
        """Return the windows that codes stand for, in the units of X."""
        from skrnn._engine import prediction

        windows = Windows(codes.astype(np.float32), np.arange(len(codes)), 1)
        network = self._network
        copies = prediction.predict(
            network, self._predicting_weights, windows, "decoder"
        )
        shape = (len(codes), network.n_steps, network.n_features)
        return self.scaling_.restore_windows(copies.reshape(shape))

    def _predict(self, windows, part=None, summary=None):
        from skrnn._engine import prediction

        predicted = prediction.predict(
            self._network,
            self._predicting_weights,
            windows,
            part,
            summary,
            scale=partial(self._scale_windows, scaling=self.scaling_),
        )
        whole = part is None and summary is None
        return self.scaling_.restore_windows(predicted) if whole else predicted

    def _on_index(self, codes, X):
        """Return codes as a DataFrame on the index of X, if frames are asked for."""
        # Windows inside a Pipeline are arrays that know their index. scikit-learn takes
        # one from frames only, and would number the rows of the codes.
        index = index_of(X)
        if index is None or not wants_pandas(self):
            return codes
        return pd.DataFrame(codes, index=index)

    def _parts_in_units(self):
        """Build the encoder and the decoder in the units of the data."""
        check_is_fitted(self)
        from skrnn._engine import export

        return export.export_parts(
            self._network, self._predicting_weights, self.scaling_
        )
