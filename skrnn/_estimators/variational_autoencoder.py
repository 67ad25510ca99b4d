"""Variational autoencoder of rows."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skrnn._checks.sklearn import Interval
from skrnn._networks.variances import bound_code, bound_noise
from skrnn._scaling.moments import Moments
from skrnn._serialization.names import set_module

from .base_row_autoencoder import BaseRowAutoencoder

__all__ = ["VariationalAutoencoder"]


@set_module("skrnn")
class VariationalAutoencoder(BaseRowAutoencoder):
    """Learn codes of rows that follow a known distribution, and draw new rows.

    The encoder gives each row a normal distribution over codes, its mean and its
    spread; the decoder gives each code a normal distribution over rows. Training
    maximises a lower bound on the likelihood of the rows (Kingma and Welling 2014), in
    which the codes are held near a standard normal distribution. So new codes can be
    drawn from that, and decoded. With a linear decoder it is probabilistic principal
    component analysis.

    Parameters
    ----------
    n_components : int, default=2
        Length of the code.
    hidden_layer_sizes : int or tuple of int, default=()
        Widths of the Dense layers ahead of the code; behind it they come in reverse.
    activation : str or callable, default="relu"
        Activation of the hidden layers, a name of Keras's or a function.
    beta : float, default=1.0
        Weight of the divergence of the codes from their prior. 1 is the bound itself;
        more makes codes that are simpler and say less (Higgins et al. 2017).
    noise : float, default=0.0
        Standard deviation of normal noise that is added to the inputs while training,
        on their standardized scale.
    input_dropout : float in [0, 1), default=0.0
        Fraction of the inputs that are set to zero, in training only; the others grow
        so that the expected sum stays.
    l2 : float, default=0.0
        Strength of the penalty on the squares of all kernels.
    standardize : bool, default=True
        Whether each column is scaled to zero mean and unit variance with the
        statistics of the training rows, so that all count alike. Reconstructions and
        new rows are in the units of X either way.
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
    noise_variance_ : float
        Learned variance of the rows around their copies, on the scale of training.
    encoder_, decoder_ : keras.Model
        Plain Keras models in the units of X, built when asked for; the code is its
        mean.
    weights_ : list of ndarray
        Weights in the order of `keras.Model.weights`, the encoder's first, the
        logarithm of `noise_variance_`, before it is bounded, last.
    scaling_ : Scaling
        Means and scales of the columns.
    callbacks_ : list of keras.callbacks.Callback
        Callbacks that the last training was watched by, if there were any. They are
        not stored with the estimator.
    history_ : dict of list of float
        Loss, its terms ``reconstruction_loss`` and ``kl_loss`` (not yet weighted by
        `beta`), all in nats for each row, metrics, and their counterparts on
        validation rows (``val_...``), for each epoch.
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
    Autoencoder : Without a distribution.
    sklearn.decomposition.PCA : Its linear form, in closed form.

    Notes
    -----
    With the scaled row x of m columns, the mean a and the variance v of its code, a
    code z drawn from them, the decoder g and the noise variance s, the loss of a row is

    ``reconstruction = (sum((x - g(z))**2) / s + m * log(2 * pi * s)) / 2``,

    ``kl = sum(a**2 + v - 1 - log(v)) / 2``,

    ``loss = reconstruction + beta * kl``.

    log(v) is ``40 / pi * arctan(pi * u / 40)`` of the output u of the encoder, and so
    at most 20 in size. s is learned with the weights: a fixed one would set the balance
    of the two terms by hand, and the codes of weak features would vanish (Lucas et al.
    2019). The code is drawn in validation too.

    References
    ----------
    D. P. Kingma and M. Welling, "Auto-encoding variational Bayes", International
    Conference on Learning Representations, 2014.

    J. Lucas, G. Tucker, R. Grosse and M. Norouzi, "Don't blame the ELBO! A linear VAE
    perspective on posterior collapse", Advances in Neural Information Processing
    Systems 32, 2019.

    I. Higgins et al., "beta-VAE: Learning basic visual concepts with a constrained
    variational framework", International Conference on Learning Representations, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import VariationalAutoencoder
    >>> rng = np.random.default_rng(0)
    >>> X = 5 + rng.standard_normal((300, 1)) @ [[1.0, 2.0]]
    >>> vae = VariationalAutoencoder(1, learning_rate=0.01, random_state=0).fit(X)
    >>> new = vae.sample(1000, random_state=0)
    >>> new.shape
    (1000, 2)
    >>> np.allclose(new.mean(axis=0), 5, atol=0.3)
    True
    """

    _parameter_constraints = {
        **BaseRowAutoencoder._parameter_constraints,
        "beta": [Interval(Real, 0, None, closed="left")],
    }

    _private_fields = {
        **BaseRowAutoencoder._private_fields,
        "of_clean": "_of_clean",  # Moments of what was copied, if not of X.
    }

    def __init__(
        self,
        n_components=2,
        *,
        hidden_layer_sizes=(),
        activation="relu",
        beta=1.0,
        noise=0.0,
        input_dropout=0.0,
        l2=0.0,
        standardize=True,
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
        self.beta = beta
        self.noise = noise
        self.input_dropout = input_dropout
        self.l2 = l2
        self.standardize = standardize
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

    def transform(self, X, return_std=False):
        """Encode X by the means of the codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        return_std : bool, default=False
            Whether to return the standard deviation of the codes too.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components)
            Mean code of each row; a frame where `set_output` asks for one.
        std : ndarray of shape (n_samples, n_components)
            Standard deviations, only with ``return_std=True``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError, TypeError
            If X has other columns than in `fit`, or holds missing or infinite values
            or dates.
        """
        mean, log_variance = np.split(self._encode(X), 2, axis=1)
        if not return_std:
            return mean
        return mean, np.exp(bound_code(log_variance) / 2)

    def sample(self, n_samples=1, random_state=None, *, add_noise=True):
        """Draw new rows.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.
        random_state : int, RandomState instance or None, default=None
            Determines the draw.
        add_noise : bool, default=True
            Whether rows spread around what their codes stand for, with the variance
            `noise_variance_`, as the training rows do. Without it they are smoother,
            and vary less.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            New rows, in the units of the data. Columns that were constant in `fit` (in
            `clean`, if that was passed) stay at their constant.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If `n_samples` is not an integer of at least 1.
        """
        check_is_fitted(self)
        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(
                f"n_samples must be an integer of at least 1. Got {n_samples!r} "
                "instead."
            )
        random_state = check_random_state(random_state)
        shape = (n_samples, self._network.n_components)
        rows = self._present(self._decode(random_state.standard_normal(shape)))
        if add_noise:
            drawn = random_state.standard_normal(rows.shape)
            rows += np.sqrt(self.noise_variance_) * self.scaling_.x_scale * drawn
        copied = vars(self).get("_of_clean") or self._statistics.x
        mean, spread = copied.mean_and_scale()
        return np.where(spread > 0, rows, mean)

    @property
    def noise_variance_(self):
        """Learned variance of the rows around their copies, on the scale of training.

        It is at least ``exp(-14)``, about 8e-7; that of exact copies would be 0.
        """
        return float(np.exp(bound_noise(np.float64(self.weights_[-1]))))

    @property
    def _loss(self):
        return "mse"  # Not used: the network computes its likelihood itself.

    @property
    def _predicting_weights(self):
        return self.weights_[:-1]  # The last one is the noise, no part of a copy.

    def _read(self, X, sample_weight, clean, *, reset):
        data = super()._read(X, sample_weight, clean, reset=reset)
        before = None if reset else vars(self).get("_of_clean")
        if clean is None and before is None:
            return replace(data, facts={**data.facts, "_of_clean": None})
        copied = data.clean or data.windows
        moments = Moments.of(copied.rows.astype(np.float64), data.weights)
        if not reset:
            moments = (before or self._statistics.x).merge(moments)
        return replace(data, facts={**data.facts, "_of_clean": moments})

    def _starting_weights(self, network, samples, pretrained):
        # At first a copy is no better than the mean row. A variance far from that of
        # its errors would take as many epochs to learn as all the other weights.
        rows = (samples.clean or samples.windows).gather(samples.chosen)[:, 0]
        weights = samples.weights[samples.chosen]
        _, spread = Moments.of(rows.astype(np.float64), weights).mean_and_scale()
        variance = max(float((spread**2).mean()), 1e-6)
        return {-1: np.float32(np.log(variance))}

    def _describe_network(self, windows, n_outputs):
        return replace(
            super()._describe_network(windows, n_outputs), beta=float(self.beta)
        )
