"""Keras layers of our own, for autoencoders: noise, codes, and terms of the loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from skrnn._networks.variances import bound_code, bound_noise

from .losses import loss_of_samples
from .missing import zero_missing
from .tensorflow import keras, tf

__all__ = [
    "SEED",
    "CopyingModel",
    "Divergence",
    "DrawnCode",
    "InputDropout",
    "Likelihood",
    "Noise",
    "ReconstructionError",
    "Sparsity",
    "TransposedDense",
    "rows_to_compare",
    "split_inputs",
]

# A seed must be given to every layer, or Keras draws one from Python's global random
# numbers, which are the user's. The engine replaces it before each training.
SEED = 0


@partial(tf.function, jit_compile=True, autograph=False)
def _draw(like: Any, seed: Any, draw: Callable[..., Any]) -> Any:
    """Draw random numbers, as many as there are in a tensor.

    Keras leaves the algorithm to TensorFlow, whose choice takes four to ten times as
    long on a CPU and was half of an epoch with noise. This one needs XLA.
    """
    return draw(tf.shape(like), tf.cast(seed, tf.int32), alg="threefry")


class Noise(keras.layers.Layer):
    """Adds normal noise in training; Keras's own layer adds none above 1."""

    def __init__(self, stddev: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = stddev
        self.seed_generator = keras.random.SeedGenerator(SEED)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Add the noise."""
        if not training:
            return inputs
        seed = self.seed_generator.next()
        return inputs + self.stddev * _draw(inputs, seed, tf.random.stateless_normal)


class InputDropout(keras.layers.Dropout):
    """Keras's layer, with random numbers that are drawn faster."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Set inputs to zero in training."""
        if not training:
            return inputs
        seed = self.seed_generator.next()
        kept = _draw(inputs, seed, tf.random.stateless_uniform) >= self.rate
        return tf.where(kept, inputs / (1 - self.rate), 0.0)


def split_inputs(inputs: Any, *, denoises: bool) -> tuple[Any, Any]:
    """Return the windows that a network reads, and those that its copies are to be."""
    if not denoises:
        return inputs, inputs
    n_features = inputs.shape[-1] // 2
    return inputs[..., :n_features], inputs[..., n_features:]


def rows_to_compare(windows: Any, copy: Any) -> tuple[Any, Any, Any]:
    """Return windows and their copies as rows, and which rows are whole.

    Metrics of rows, such as R2Score, take tables. A step of which a value is missing
    does not count, because a metric has no weights for values.
    """
    shape = (-1, windows.shape[-1])
    rows, copies = (keras.ops.reshape(each, shape) for each in (windows, copy))
    whole = ~keras.ops.any(keras.ops.isnan(rows), axis=-1, keepdims=True)
    rows, copies = (
        keras.ops.where(whole, each, keras.ops.zeros_like(each))
        for each in (rows, copies)
    )
    return rows, copies, keras.ops.cast(whole[:, 0], copies.dtype)


class CopyingModel(keras.Model):
    """A model whose outputs are a copy of its inputs and what each sample loses.

    A callback that saves it gets a model of Keras's own layers that gives the copy
    alone, which loads without skrnn.
    """

    def save_as(self, make_plain: Callable[[list[Any]], Any]) -> None:
        """Set the function from weights to the model that is saved."""
        self._make_plain = make_plain

    def save(self, filepath: Any, overwrite: bool = True, **options: Any) -> Any:
        """Save the model that gives the copy alone, as `keras.Model.save` does."""
        plain = self._make_plain(self.get_weights())
        return plain.save(filepath, overwrite=overwrite, **options)

    def watch(
        self,
        terms: dict[str, float],
        metrics: list[Any],
        *,
        denoises: bool,
        masked: bool,
    ) -> None:
        """Set the weights of the terms of the loss, and the metrics of the copies."""
        self._denoises, self._masked = denoises, masked
        self._weights_of_terms = list(terms.values())
        names = terms if len(terms) > 1 else ()
        self._means = [keras.metrics.Mean(f"{name}_loss") for name in names]
        self._compare = metrics

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Add up the terms, and what the layers lose, in Keras's own loop."""
        weights = 1.0 if sample_weight is None else sample_weight[:, None]
        terms = [weights * term for term in y_pred[1:]]
        for mean, term in zip(self._means, terms, strict=bool(self._means)):
            mean.update_state(term)
        pairs = zip(self._weights_of_terms, terms, strict=True)
        return sum(
            [weight * keras.ops.mean(t) for weight, t in pairs], sum(self.losses)
        )

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Compare whole rows with their copies."""
        _, clean = split_inputs(x, denoises=self._denoises)
        rows, copies, whole = rows_to_compare(clean, y_pred[0])
        # Metrics of a user's may take no weights.
        weights = {"sample_weight": whole} if self._masked else {}
        for metric in self._compare:
            metric.update_state(rows, copies, **weights)
        return self.get_metrics_result()


class TransposedDense(keras.layers.Layer):
    """A Dense layer with the transposed kernel of another one."""

    def __init__(self, mirrored: Any, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mirrored = mirrored
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the bias."""
        n_outputs = self.mirrored.kernel.shape[0]
        self.bias = self.add_weight(
            shape=(n_outputs,), initializer="zeros", name="bias"
        )

    def call(self, inputs: Any) -> Any:
        """Multiply by the transposed kernel."""
        kernel = keras.ops.transpose(self.mirrored.kernel)
        return self.activation(keras.ops.matmul(inputs, kernel) + self.bias)


def _mean_and_log_variance(code: Any) -> tuple[Any, Any]:
    """Split a variational code into its means and log variances."""
    mean, log_variance = keras.ops.split(code, 2, axis=-1)
    return mean, bound_code(log_variance, keras.ops.arctan)


class DrawnCode(keras.layers.Layer):
    """Draws a code from the means and the logarithms of the variances of its entries.

    It does so in training and in validation, whose loss is the same expectation.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(SEED)

    def call(self, inputs: Any) -> Any:
        """Draw codes of shape (n_samples, n_components)."""
        mean, log_variance = _mean_and_log_variance(inputs)
        drawn = _draw(mean, self.seed_generator.next(), tf.random.stateless_normal)
        return mean + keras.ops.exp(log_variance / 2) * drawn


class ReconstructionError(keras.layers.Layer):
    """Computes the mean loss of the observed values of each window."""

    def __init__(self, loss: Any, name: str = "reconstruction", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.loss = keras.losses.get(loss)
        self._of_samples: Any = loss_of_samples(self.loss)

    def call(self, inputs: Any) -> Any:
        """Compare windows with their copies, which are 0 where nothing is observed."""
        windows, copy = inputs
        missing = keras.ops.isnan(windows)
        axes = list(range(1, len(windows.shape)))
        observed = keras.ops.mean(keras.ops.cast(~missing, copy.dtype), axis=axes)
        # The mean counts what is missing, with a loss of 0. A window with nothing
        # observed would have a loss of 0 / 0.
        error = self._of_samples(zero_missing(windows), copy) / keras.ops.maximum(
            observed, 1e-6
        )
        return error[:, None]


class Likelihood(keras.layers.Layer):
    """Computes minus the log likelihood of each row around its copy, in nats.

    The spread around the copy is normal, and of one variance that is learned.
    """

    def __init__(self, name: str = "reconstruction", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Create the logarithm of the variance."""
        self.log_variance = self.add_weight(
            shape=(), initializer="zeros", name="log_variance"
        )

    def call(self, inputs: Any) -> Any:
        """Sum over the observed features of each row."""
        rows, copy = inputs
        log_variance = bound_noise(self.log_variance, keras.ops.softplus)
        difference = zero_missing(rows) - copy
        square = keras.ops.square(difference) * keras.ops.exp(-log_variance)
        nats = square + log_variance + np.log(2 * np.pi)
        nats = keras.ops.where(keras.ops.isnan(rows), keras.ops.zeros_like(nats), nats)
        axes = list(range(1, len(rows.shape)))
        return keras.ops.sum(nats, axis=axes)[:, None] / 2


class Sparsity(keras.layers.Layer):
    """Computes the sum of the absolute entries of each code."""

    def call(self, inputs: Any) -> Any:
        """Sum over the code."""
        return keras.ops.sum(keras.ops.abs(inputs), axis=-1, keepdims=True)


class Divergence(keras.layers.Layer):
    """Computes the Kullback-Leibler divergence of each code from the prior, in nats."""

    def call(self, inputs: Any) -> Any:
        """Sum over the entries of the code, each normal; the prior is N(0, 1)."""
        mean, log_variance = _mean_and_log_variance(inputs)
        terms = mean**2 + keras.ops.exp(log_variance) - 1 - log_variance
        return keras.ops.sum(terms, axis=-1, keepdims=True) / 2
