"""Autoencoder of rows."""

from __future__ import annotations

from dataclasses import replace

from skrnn._serialization.names import set_module

from .base_row_autoencoder import BaseRowAutoencoder

__all__ = ["Autoencoder"]


@set_module("skrnn")
class Autoencoder(BaseRowAutoencoder):
    """Learn short codes of rows by copying them, as an ordinary transformer.

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
        Activation of the code. The copy is linear, or a sigmoid where `loss` needs it.
    noise : float, default=0.0
        Standard deviation of normal noise that is added to the inputs while training,
        on their standardized scale: the network learns to remove it (a denoising
        autoencoder, Vincent et al. 2010).
    input_dropout : float in [0, 1), default=0.0
        Fraction of the inputs that are set to zero, in training only; the others grow
        so that the expected sum stays.
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
        Loss of a copied value; that of a row is the mean over its values. A binary
        crossentropy copies X, which must lie between 0 and 1, by a sigmoid, and does
        not scale it. Losses of other probabilities, or of positive numbers, are
        refused.
    optimizer : str, class, function or keras.optimizers.Optimizer, default="adam"
        Optimizer, or a function without arguments that returns one. An instance brings
        its own learning rate, and may clip gradients or follow a schedule; `fit` trains
        with a copy of it. Give a function where Keras's configuration leaves something
        out, such as variables excluded from weight decay: scikit-learn and pickle copy
        instances by it, and an estimator whose optimizer would lose something then
        raises.
    learning_rate : float, default=1e-3
        Learning rate of an optimizer that is given by name or class.
    learning_rate_decay : {"cosine", "linear"} or None, default=None
        How the learning rate falls, from update to update, to 0 at the end of the last
        of `epochs`: along half a cosine, or a straight line. It follows the updates
        made, so that a training that stops early has not reached 0. An optimizer that
        is an instance starts from its own rate. `history_` then has a
        ``learning_rate``, that of the last update of each epoch. None keeps the rate,
        as `partial_fit` always does.
    clipnorm : float, default=None
        Largest norm of the gradient of each array of weights; longer ones are scaled
        down to it. None clips nothing.
    epochs : int or "auto", default="auto"
        Number of passes over the training samples. "auto" makes 100, but of few samples
        as many as come closest to ``500 * log2(n_samples)`` updates of the weights, and
        of many at most eight times as many updates, at least one pass. So few samples
        are seen often enough, and the time of a fit grows slowly with their number.
    batch_size : int or "auto", default=32
        Number of samples for one update of the weights. If there are fewer, each update
        takes all of them. "auto" is the power of two at or below
        ``sqrt(n_samples) / 2``, between 16 and 512.
    validation_split : float in [0, 1), default=0.0
        Fraction of the samples to validate on: the last ones, taken before shuffling.
        Of rows of several series these are rows of the last series alone; `X_val` of
        `fit` takes others.
    early_stopping : bool, default=False
        Whether to stop when the validation loss (the training loss if there is no
        validation) has not improved for `patience` epochs, and to go back to the best
        weights.
    patience : int, default=10
        Number of epochs without improvement before `early_stopping` stops.
    shuffle : bool, default=True
        Whether each epoch takes the samples in another order.
    callbacks : keras.callbacks.Callback, function or list of them, default=None
        Keras callbacks: instances, classes, or functions without arguments that return
        them. `fit` trains with copies of instances, which are then in `callbacks_`.
        Their `model` is None after `fit`, because other fits reuse the network: copy
        what you need of it while it trains.
    metrics : list of str or keras.metrics.Metric, default=None
        What to record in `history_` besides the loss. Metrics compare rows, or the
        steps of windows, with their copies on the scale of training; a step of which a
        value is missing does not count. A callback that watches one of Keras's knows
        whether more of it is better; for your own function, set the callback's `mode`.
    warm_start : bool, default=False
        Whether `fit` starts from the weights of the last fit and keeps its scaling. The
        optimizer starts afresh.
    random_state : int, RandomState instance or None, default=None
        Determines starting weights, the order of samples, noise and dropout. Pass an
        int for the same numbers in every fit.
    verbose : int, default=0
        0 is silent, 1 shows one bar for the whole training with the time left (in a log
        file, a line for each epoch), 2 prints a line for each epoch.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X was a frame.
    encoder_, decoder_ : keras.Model
        Plain Keras models in the units of X, built when asked for.
    weights_ : list of ndarray
        Weights in the order of `keras.Model.weights`, the encoder's first.
    scaling_ : Scaling
        Means and scales of the columns.
    callbacks_ : list of keras.callbacks.Callback
        Callbacks that the last training was watched by, if there were any. They are
        not stored with the estimator.
    history_ : dict of list of float
        Loss, metrics and their counterparts on validation rows (``val_...``), for each
        epoch, on the scale of training; with `sparsity` also its terms,
        ``reconstruction_loss`` and ``sparsity_loss``.
    loss_curve_ : list of float
        Training loss of each epoch.
    n_iter_ : int
        Number of epochs trained.
    n_updates_ : int
        Number of updates of the weights in these epochs.
    batch_size_ : int
        Number of samples for one update in the last training.

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
        learning_rate_decay=None,
        clipnorm=None,
        epochs="auto",
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
        self.learning_rate_decay = learning_rate_decay
        self.clipnorm = clipnorm
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

    def _describe_network(self, windows, n_outputs):
        return replace(
            super()._describe_network(windows, n_outputs),
            code_activation=self.code_activation,
            sparsity=float(self.sparsity),
            tied=bool(self.tied),
        )
