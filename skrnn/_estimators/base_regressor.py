"""Base of the recurrent regressors: targets, predictions and the roll-out."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.fit_arguments import names_parameters
from skrnn._checks.sklearn import StrOptions, fit_context
from skrnn._checks.targets import (
    check_sample_weight,
    check_step_targets,
    check_step_weight,
    check_target,
)
from skrnn._networks.distributions import DISTRIBUTIONS
from skrnn._networks.outputs import (
    OF_ACTIVATIONS,
    Outputs,
    choose_outputs,
)
from skrnn._networks.quantiles import MEDIAN
from skrnn._scaling.scaling import scale_roll_out

from .base_recurrent import BaseRecurrentEstimator
from .categories import take_numbers
from .distributions import (
    check_beside_distribution,
    check_counts,
    check_none_missing,
    count_targets,
    restore_parameters,
)
from .label_scores import score_labels
from .linear_path import bias_of_outputs, bias_of_parts, start_at_ridge
from .network_checks import check_decoder, check_linear_path, check_sequences
from .quantiles import check_beside_quantiles, read_quantiles
from .target_checks import check_labelled, check_same_axes, check_suits
from .training_data import TrainingData
from .uncertainty import UncertaintyMixin

__all__ = ["BaseRecurrentRegressor"]


class BaseRecurrentRegressor(UncertaintyMixin, RegressorMixin, BaseRecurrentEstimator):
    """Base of the recurrent regressors, which differ in their cell."""

    _private_fields = {
        **BaseRecurrentEstimator._private_fields,
        "one_axis": "_one_axis",
    }

    _parameter_constraints = {
        **BaseRecurrentEstimator._parameter_constraints,
        "decoder": [StrOptions({"dense", "parallel"})],
        "output_activation": [StrOptions({"auto", *OF_ACTIVATIONS})],
        "linear_path": ["boolean"],
        "quantiles": ["array-like", None],
        "distribution": [StrOptions(set(DISTRIBUTIONS)), None],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # scikit-learn's score check reads ten unrelated columns as ten steps in time,
        # which 100 epochs at the default learning rate do not learn.
        tags.regressor_tags.poor_score = True
        return tags

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
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets. NaN in some of several columns is no label: it has no part in the
            loss, which is the mean over the labels that are known. A sample without
            any label is refused unless its weight is 0. With `return_sequences` those
            of every step, of shape (n_samples, n_steps) or (n_samples, n_steps,
            n_targets), NaN at steps without one.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, relative to each other. A sample of weight 0 is left out, and its
            target may be NaN. With `return_sequences` also of shape (n_samples,
            n_steps), a weight for each step.
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
            If X or y are not what is described above, if no whole window is left to
            train on, or if a parameter does not suit the data.
        TypeError
            If X or y hold dates, or `callbacks` holds what is no Keras callback.
        FloatingPointError
            If the loss becomes NaN or infinite. The estimator then stays as it was.
        """
        return self._train(
            X,
            y,
            sample_weight,
            resume=self.warm_start,
            one_pass=False,
            validation=(X_val, y_val, sample_weight_val),
        )

    @names_parameters
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one more epoch, on the same samples or on further ones.

        Weights, state of the optimizer and statistics of the scaling are carried on
        from call to call. Passed chunk by chunk, data may be larger than memory; see
        `iter_windows`. `validation_split` and `early_stopping` are ignored, and
        `shuffle` mixes the samples of a call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows: at least one, and two in the first call.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets, as in `fit`. Later calls may have no label of some targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, shaped as in `fit`. In training they count relative to each other,
            in the statistics of the scaling relative to those of all calls. A sample of
            weight 0 is left out.

        Returns
        -------
        self : object
            The estimator after one more epoch.

        Raises
        ------
        ValueError
            As in `fit`, but a column may have no observed value until a later call.
            Also if the steps or columns of X, the number of targets or a parameter of
            the network differ from those of the calls before.
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
            Predictions in the units of y, with as many axes as y had in `fit`. With
            `return_sequences` those of every step, of shape (n_samples, n_steps) or
            (n_samples, n_steps, n_targets); at a step with nothing observed they are
            those of the state after the steps before it.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has other steps or columns than in `fit`, or holds values that are
            infinite or, when scaled, too large for float32; or if `predict_backend` is
            "numpy" and the network has an activation that only Keras knows.
        TypeError
            If X holds dates.
        """
        return self._targets_of(self._outputs(X))

    def predict_networks(self, X):
        """Predict the targets of windows by each of `n_networks` networks.

        Their mean is what `predict` returns. How far they lie apart shows how much a
        prediction depends on the random numbers of the training; it is no interval for
        y, which has noise of its own.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows, as in `predict`.

        Returns
        -------
        y : ndarray of shape (n_networks, n_samples) or (n_networks, n_samples, \
                n_targets)
            Predictions in the units of y.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As in `predict`.
        """
        return np.stack([self._targets_of(y) for y in self._outputs_of_networks(X)])

    def score(self, X, y, sample_weight=None):
        """Return R2, the share of the variance of y that is predicted.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features) or (n_samples, n_steps)
            Windows, as in `predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            True targets, as in `fit`: labels that are missing do not count. With
            `return_sequences` those of every step.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, shaped as in `fit`.

        Returns
        -------
        score : float
            R2; of several targets the mean. With `return_sequences` it is that of the
            labelled steps of all windows together.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As in `predict`; also if y is not what is described above.
        """
        check_is_fitted(self)
        of_steps = self._network.return_sequences
        read = self._read_steps if of_steps else self._read_targets
        targets, weights, _ = read(X, y, sample_weight, self.n_steps_in_)
        predicted = self.predict(X)
        predicted = predicted[..., None] if self._one_axis else predicted
        check_same_axes(targets, predicted)
        counts = weights > 0
        return score_labels(targets[counts], predicted[counts], weights[counts], y)

    def _roll_out(self, targets, known_ahead, horizon, normalization):
        """Continue series from their own predictions, all steps in one compiled call.

        A forecaster looks for this method in the class of its estimator. It is the
        fast form of `skrnn._networks.roll_out.roll_out`, which calls `predict` for
        each step; the two differ by rounding.

        Parameters
        ----------
        targets : ndarray of shape (n_series, n_past, n_targets)
            The last known rows of each series.
        known_ahead : ndarray of shape (n_series, n_past + n_steps, n_known)
            Columns known in advance, those of the `horizon` rows after each row.
        horizon : int
            Number of rows that one call of the network predicts.
        normalization : Normalization or None
            How each window is normalised.

        Returns
        -------
        predicted : ndarray of shape (n_series, n_steps, n_targets) or None
            The rows that follow. None if each step is better predicted by `predict`:
            if NumPy predicts so few series, or if the network is stateful, because
            every window of a roll-out starts from a state of zeros.
        """
        n_series, n_past, n_targets = targets.shape
        n_calls = ceil((known_ahead.shape[1] - n_past) / horizon)
        if self.stateful or self._runs_in_numpy(n_series, n_calls):
            return None
        from skrnn._engine import roll_out

        scaling = self.scaling_
        level, unit, scales = scale_roll_out(scaling, targets, horizon, normalization)
        known = slice(n_targets, None)
        ahead = (known_ahead - scaling.x_mean[known]) / scaling.x_scale[known]
        predicted = roll_out.roll_out(
            *self._point_networks(),
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
            n_targets), the means of a `distribution`; or with `quantiles` of shape
            (n_samples, n_targets, n_quantiles). With `return_sequences` the axis of
            steps comes behind that of samples. It contains the scaling and the
            treatment of missing values, and can be saved and loaded without skrnn. With
            ``decoder="parallel"`` the step into the horizon is that of a second layer
            with the same weights. Of several networks it gives the mean.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        return self._as_keras_model()

    def _point_networks(self):
        """Return the network of medians or means, and the weights of each network."""
        points = [self._network.of_points(each) for each in self._weights_of_networks()]
        return points[0][0], [weights for _, weights in points]

    def _exported_networks(self):
        # The mean of the parameters of several distributions has no meaning.
        if self._network.distribution:
            return self._point_networks()
        return super()._exported_networks()

    def _targets_of(self, y):
        """Return predictions of the targets, with as many axes as y had in `fit`."""
        if self._network.quantiles:
            y = y[..., self._network.quantiles.index(MEDIAN)]
        if self._network.distribution:
            y = y[..., 0]  # The mean, that of a mixture being the mean of means.
        return y[..., 0] if self._one_axis else y

    def _outputs_for_loss(self):
        """Return the outputs that suit the loss.

        A forecaster asks its estimator, before `fit`, how targets will be scaled.
        """
        if self.distribution is not None:
            check_beside_distribution(self)
            of_counts = DISTRIBUTIONS[self.distribution].of_counts
            return Outputs("linear", "scale" if of_counts else "standard", ())
        if self.quantiles is not None:
            check_beside_quantiles(self.loss, self.output_activation)
            return Outputs("linear", "standard", ())
        from skrnn._engine.losses import name_of_loss

        name = name_of_loss(self.loss)
        return choose_outputs(name, self.output_activation, self.loss)

    def _target_scaling(self):
        return self._outputs_for_loss().scaling

    def _starting_weights(self, network, samples, pretrained):
        given = super()._starting_weights(network, samples, pretrained)
        targets, weights = samples.labels()
        if network.output_activation != "linear":
            return given | bias_of_outputs(network, targets, weights)
        if network.linear_path:
            windows = take_numbers(network, samples.windows.take(samples.chosen))
            return given | start_at_ridge(network, windows, targets, weights)
        if network.has_parts:
            return given | {-1: bias_of_parts(network, targets, weights)}
        return given

    def _restore(self, outputs):
        if self._network.distribution:
            name = self._network.distribution
            return restore_parameters(outputs, self.scaling_, name)
        return super()._restore(outputs)

    def _scale(self, data, parts, scaling):
        samples = super()._scale(data, parts, scaling)
        if not self._learns_counts():
            return samples
        targets = count_targets(data.windows, data.targets, scaling)
        return replace(samples, targets=targets)

    def _learns_counts(self):
        named = self.distribution
        return named is not None and DISTRIBUTIONS[named].of_counts

    def _read(self, X, y, sample_weight, *, reset):
        windows, facts = self._read_windows(X, reset=reset)
        read = self._read_steps if self.return_sequences else self._read_targets
        targets, weights, one_axis = read(X, y, sample_weight, windows.n_steps)
        check_suits("y", targets, weights > 0, self._outputs_for_loss(), self.loss, y)
        if self.distribution is not None:
            check_none_missing(targets, self.distribution, y)
        if self._learns_counts():
            check_counts(windows, targets, weights > 0, self.distribution, y)
        facts |= {"n_targets_": targets.shape[-1], "_one_axis": one_axis}
        return TrainingData(windows, targets, weights, facts)

    def _read_targets(self, X, y, sample_weight, n_steps):
        """Return targets, their weights, and whether they came without an axis."""
        target = check_target(self, y, X)
        weights = check_sample_weight(sample_weight, len(target))
        targets = target[:, None] if target.ndim == 1 else target
        return check_labelled(targets, weights > 0, y), weights, target.ndim == 1

    def _read_steps(self, X, y, sample_weight, n_steps):
        """Return what `_read_targets` does, of targets of every step."""
        target = check_step_targets(self, y, X, n_steps)
        weights = check_step_weight(sample_weight, _labelled(target))
        targets = target[..., None] if target.ndim == 2 else target
        targets = np.where(weights[..., None] > 0, targets, np.nan)
        return targets, weights, target.ndim == 2

    def _describe_network(self, windows, n_outputs):
        network = super()._describe_network(windows, n_outputs)
        outputs = self._outputs_for_loss()
        network = replace(
            network,
            decoder=str(self.decoder),
            output_activation=outputs.activation,
            linear_path=bool(self.linear_path),
            quantiles=read_quantiles(self.quantiles),
            distribution=self.distribution or "",
        )
        check_sequences(network)
        check_decoder(network)
        check_linear_path(network, outputs)
        return network


def _labelled(targets):
    """Return which steps have a label."""
    missing = np.isnan(targets)
    return ~(missing if targets.ndim == 2 else missing.all(axis=2))
