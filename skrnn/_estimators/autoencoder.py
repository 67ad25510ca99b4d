"""Autoencoder of rows."""

from __future__ import annotations

from numbers import Integral

from skrnn._checks.sklearn import Interval
from skrnn._checks.tables import check_table
from skrnn._serialization.names import set_module
from skrnn._windows.windows import windows_of

from .base import widths, with_sections
from .base_autoencoder import BaseAutoencoder

__all__ = ["Autoencoder", "BaseRowAutoencoder"]


class BaseRowAutoencoder(BaseAutoencoder):
    """Base of the autoencoders that copy rows."""

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
        if getattr(X, "ndim", 2) == 3:
            raise ValueError(
                "X must have the axes (n_samples, n_features) for "
                f"{type(self).__name__}. Found array with dim 3 instead; pass windows "
                "to RecurrentAutoencoder, or reshape them to X.reshape(len(X), -1)."
            )
        rows = check_table(self, X, reset=reset, allow_nan=False)
        return windows_of(rows[:, None, :]), rows.shape[1]

    def _present(self, windows):
        return windows[:, 0, :]

    def _describe_network(self, windows):
        return {
            "n_steps": 1,
            "n_features": windows.n_features,
            "n_components": int(self.n_components),
            "hidden": widths(self, "hidden_layer_sizes"),
            "activation": self.activation,
            "noise": float(self.noise),
            "input_dropout": float(self.input_dropout),
            "l2": float(self.l2),
        }

    def _make_network(self, description):
        from skrnn._engine import training

        return training.RowAutoencoding(**description)


@set_module("skrnn")
@with_sections()
class Autoencoder(BaseRowAutoencoder):
    """Learns short codes of rows by copying them, as an ordinary transformer.

    An encoder of Dense layers turns a row into a code, and a decoder that mirrors it
    turns the code into the row again. What the copy loses tells how unusual a row is.
    With linear activations and no hidden layer the codes span the same subspace as the
    first principal components (Baldi and Hornik 1989); hidden layers bend it.

    Parameters
    ----------
    n_components : int, default=2
        Length of the code.
    hidden_layer_sizes : int or tuple of int, default=()
        Widths of the Dense layers ahead of the code; behind it they come in reverse.
    activation : str or callable, default="relu"
        Activation of the hidden layers, a name of Keras's or a function.
    code_activation : str or callable, default="linear"
        Activation of the code. The copy is linear.
    noise : float, default=0.0
        Standard deviation of normal noise that is added to the inputs while training,
        on their standardized scale: the network learns to remove it (a denoising
        autoencoder, Vincent et al. 2010).
    input_dropout : float in [0, 1), default=0.0
        Share of the inputs that are set to zero while training; the others grow so
        that their sum is expected to stay.
    sparsity : float, default=0.0
        Weight of the sum of the absolute entries of a code, beside the mean error of a
        row: few entries are then far from zero.
    tied : bool, default=False
        Whether the decoder uses the transposed kernels of the encoder, and only biases
        of its own.
    l2 : float, default=0.0
        Strength of the penalty on the squares of all kernels.
    standardize : bool, default=True
        Whether each column is scaled to zero mean and unit variance with the
        statistics of the training rows, so that all count alike. Reconstructions are
        in the units of X either way.
    loss : str, callable, class or keras.losses.Loss, default="mse"
        Loss of a copied value; the mean over the row counts.
    {training}

    Attributes
    ----------
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X was a frame.
    encoder_, decoder_ : keras.Model
        Plain Keras models in the units of X, built when asked for.
    weights_ : list of ndarray
        Weights in the order of `keras.Model.weights`, the encoder's first.
    scaling_ : Scaling
        Means and scales of the columns.
    history_ : dict of list of float
        Loss, metrics and their counterparts on validation rows (``val_...``), for each
        epoch, on the scale of training; with `sparsity` also its terms,
        ``reconstruction_loss`` and ``sparsity_loss``.
    loss_curve_ : list of float
        Training loss of each epoch.
    n_iter_ : int
        Epochs trained.

    See Also
    --------
    VariationalAutoencoder : Codes that follow a known distribution.
    RecurrentAutoencoder : Codes of windows.
    AutoencoderDetector : Outliers by the error of their copies.

    Notes
    -----
    With the encoder f, the decoder g, the scaled row x, spoilt to x' by noise and
    dropout, and m columns, the loss of a row is

    ``sum((x - g(f(x')))**2) / m + sparsity * sum(abs(f(x'))) + l2 * sum(kernels**2)``.

    References
    ----------
    P. Baldi and K. Hornik, "Neural networks and principal component analysis: Learning
    from examples without local minima", Neural Networks 2, 53-58, 1989.

    P. Vincent et al., "Stacked denoising autoencoders", Journal of Machine Learning
    Research 11, 3371-3408, 2010.

    Examples
    --------
    Points on a plane in space need two numbers each:

    >>> import numpy as np
    >>> from skrnn import Autoencoder
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 2)) @ [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]
    >>> autoencoder = Autoencoder(2, learning_rate=0.01, random_state=0).fit(X)
    >>> autoencoder.transform(X).shape
    (200, 2)
    >>> bool(np.abs(X - autoencoder.reconstruct(X)).max() < 0.1)
    True

    A point beside the plane is copied worst:

    >>> scores = autoencoder.score_samples(np.vstack([X, [2.0, 2.0, -2.0]]))
    >>> int(scores.argmin())
    200
    """

    def __init__(
        self,
        n_components=2,
        *,
        hidden_layer_sizes=(),
        activation="relu",
        code_activation="linear",
        noise=0.0,
        input_dropout=0.0,
        sparsity=0.0,
        tied=False,
        l2=0.0,
        standardize=True,
        loss="mse",
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
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.noise = noise
        self.input_dropout = input_dropout
        self.sparsity = sparsity
        self.tied = tied
        self.l2 = l2
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
        self.callbacks = callbacks
        self.metrics = metrics
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _describe_network(self, windows):
        return super()._describe_network(windows) | {
            "code_activation": self.code_activation,
            "sparsity": float(self.sparsity),
            "tied": bool(self.tied),
        }
