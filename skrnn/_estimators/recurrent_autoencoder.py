"""Autoencoder of windows."""

from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils.validation import check_is_fitted

from skrnn._checks.sklearn import Interval, StrOptions
from skrnn._networks.autoencoders import WindowAutoencoderNetwork
from skrnn._networks.layer import places_of_recurrent
from skrnn._serialization.names import set_module
from skrnn._windows.checks import check_windows

from .base_autoencoder import BaseAutoencoder
from .copy_errors import mean_by_step
from .network_checks import check_widths

__all__ = ["RecurrentAutoencoder"]


@set_module("skrnn")
class RecurrentAutoencoder(BaseAutoencoder):
    """Learn short codes of windows by copying them, as an ordinary transformer.

    The encoder reads a window step by step into one code; the decoder, which gets the
    code at every step, unrolls it into the window again. Behind a `SlidingWindow` in a
    Pipeline every row of a series gets a code and a score.

    Parameters
    ----------
    n_components : int, default=8
        Length of the code.
    cell : {"lstm", "gru", "rnn"}, default="lstm"
        Kind of the recurrent layers.
    units : int or tuple of int, default=32
        Width of the recurrent layer that reads, or of each of several layers on top of
        one another; those that unroll come in reverse.
    activation : str or callable, default="tanh"
        Activation of the recurrent layers, a name of Keras's or a function.
    code_activation : str or callable, default="linear"
        Activation of the code. The copy is linear, or a sigmoid where `loss` needs it.
    noise : float, default=0.0
        Standard deviation of normal noise that is added to the inputs while training,
        on their standardized scale: the network learns to remove it.
    input_dropout : float in [0, 1), default=0.0
        Fraction of the inputs that are set to zero, in training only; the others grow
        so that the expected sum stays.
    sparsity : float, default=0.0
        Weight of the sum of the absolute entries of a code, beside the mean error of a
        window.
    dropout : float in [0, 1), default=0.0
        Fraction of the inputs of each recurrent layer that is dropped, in training
        only.
    recurrent_dropout : float in [0, 1), default=0.0
        Fraction of the recurrent state that is dropped, in training only.
    l2 : float, default=0.0
        Strength of the penalty on the squares of all kernels.
    standardize : bool, default=True
        Whether each feature is scaled to zero mean and unit variance with the
        statistics of the training windows. Reconstructions are in the units of X either
        way.
    loss : str, callable, class or keras.losses.Loss, default="mse"
        Loss of a copied value, 0 for an exact copy; that of a window is the mean over
        its observed values. A binary crossentropy copies X, which must lie between 0
        and 1, by a sigmoid, and does not scale it. Losses of other probabilities, or of
        positive numbers, are refused.
    incomplete : {"skip", "mask"}, default="skip"
        How training treats windows that begin with missing steps: "skip" leaves them
        out, "mask" trains on the steps that they have.
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
        Number of passes over the training samples. "auto" makes as many as come
        closest to ``500 * log2(n_samples)`` updates of the weights, at least one, so
        that few samples are seen often enough, and the time of a fit grows slowly with
        their number.
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
        Size of the last axis of X: the features of each step, or the columns of a
        table, which are the steps of one feature.
    n_steps_in_ : int
        Number of steps of a window.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X was a frame.
    encoder_, decoder_ : keras.Model
        Plain Keras models in the units of X, built when asked for.
    weights_ : list of ndarray
        Weights in the order of `keras.Model.weights`, the encoder's first.
    scaling_ : Scaling
        Means and scales of the features.
    callbacks_ : list of keras.callbacks.Callback
        Callbacks that the last training was watched by, if there were any. They are
        not stored with the estimator.
    history_ : dict of list of float
        Loss, metrics and their counterparts on validation windows (``val_...``), for
        each epoch, on the scale of training; with `sparsity` also its terms,
        ``reconstruction_loss`` and ``sparsity_loss``.
    loss_curve_ : list of float
        Training loss of each epoch.
    n_iter_ : int
        Number of epochs trained.
    n_updates_ : int
        Number of updates of the weights in these epochs.
    batch_size_ : int
        Number of samples for one update in the last training.
    n_windows_fit_ : int
        Number of windows that the last training took, without those that `incomplete`
        leaves out, that have no weight or that are validated on.

    See Also
    --------
    Autoencoder : Codes of rows.
    LSTMRegressor : Starts from the encoder of one with ``pretrained``.
    AutoencoderDetector : Outliers by the error of their copies.

    Notes
    -----
    Steps of which nothing is observed (all features NaN) are skipped by the encoder. In
    a step that is partly observed the mean stands for what is missing (0 without
    `standardize`). Neither counts in the error; copies have all steps.

    References
    ----------
    N. Srivastava, E. Mansimov and R. Salakhutdinov, "Unsupervised learning of video
    representations using LSTMs", International Conference on Machine Learning, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RecurrentAutoencoder, make_windows
    >>> X, _ = make_windows(np.sin(np.arange(120) / 3), window=12)
    >>> autoencoder = RecurrentAutoencoder(2, cell="gru", epochs=2, random_state=0)
    >>> autoencoder.fit_transform(X).shape
    (108, 2)
    >>> autoencoder.reconstruct(X).shape
    (108, 12, 1)
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "cell": [StrOptions({"lstm", "gru", "rnn"})],
        "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "incomplete": [StrOptions({"skip", "mask"})],
    }

    def __init__(
        self,
        n_components=8,
        *,
        cell="lstm",
        units=32,
        activation="tanh",
        code_activation="linear",
        noise=0.0,
        input_dropout=0.0,
        sparsity=0.0,
        dropout=0.0,
        recurrent_dropout=0.0,
        l2=0.0,
        standardize=True,
        loss="mse",
        incomplete="skip",
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
        self.cell = cell
        self.units = units
        self.activation = activation
        self.code_activation = code_activation
        self.noise = noise
        self.input_dropout = input_dropout
        self.sparsity = sparsity
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.l2 = l2
        self.standardize = standardize
        self.loss = loss
        self.incomplete = incomplete
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

    @property
    def n_steps_in_(self):
        """Steps of a window."""
        check_is_fitted(self)
        return self._window_shape_in[0]

    def score_rows(self, X):
        """Return minus the error of the last row of each window, over all that hold it.

        Neighbouring windows behind a `SlidingWindow` share their rows, and the copies
        of one row differ. The score of a row is the mean over the windows of X that
        hold it: as many as a window has steps, fewer for the last rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_steps, n_features)
            Windows as in `fit`. Those that share no rows, such as copies, have the
            score of their own last step.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Minus the mean squared difference of the observed values of a row from their
            copies, in the unit of `score_samples`; NaN for a row without any.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            As in `score_samples`.
        """
        scores = self._compare(X, mean_by_step)
        windows, _ = self._check(X, reset=False)
        return windows.average_overlaps(scores)

    def recurrent_weights(self):
        """Return the weights of the encoder's recurrent layers.

        Returns
        -------
        weights : list of ndarray
            Kernel, recurrent kernel and bias of each layer.
        """
        places = places_of_recurrent(self._network.encoder_layers)
        return [self.weights_[place] for place in places]

    def _check(self, X, *, reset):
        return check_windows(self, X, reset=reset)

    def _check_clean(self, clean):
        return check_windows(self, clean, reset=True)[0]

    def _present(self, windows):
        return windows[:, :, 0] if self._n_axes == 2 else windows

    def _describe_network(self, windows, n_outputs):
        return WindowAutoencoderNetwork(
            cell=self.cell,
            n_steps=windows.n_steps,
            n_features=windows.n_features,
            n_components=int(self.n_components),
            units=check_widths("units", self.units),
            activation=self.activation,
            code_activation=self.code_activation,
            noise=float(self.noise),
            input_dropout=float(self.input_dropout),
            sparsity=float(self.sparsity),
            dropout=float(self.dropout),
            recurrent_dropout=float(self.recurrent_dropout),
            l2=float(self.l2),
            output_activation=self._outputs_for_loss().activation,
        )
