"""Long short-term memory regressor."""

from __future__ import annotations

from skrnn._serialization.names import set_module

from .base_regressor import BaseRecurrentRegressor

__all__ = ["LSTMRegressor"]


@set_module("skrnn")
class LSTMRegressor(BaseRecurrentRegressor):
    """Predict numbers from windows with a long short-term memory network.

    Windows have shape (n_samples, n_steps, n_features), as `SlidingWindow` makes them,
    oldest step first; NaN is a missing value. A step with nothing observed is skipped;
    holes in a partly observed step are filled with the training mean of the feature.
    All windows are predicted, but those that begin with missing steps are by default
    not trained on.

    Parameters
    ----------
    units : int or tuple of int, default=32
        Number of units of the recurrent layer, or of each of several stacked ones.
    dense_before : int or tuple of int, default=()
        Number of units of each Dense layer ahead of the recurrent ones. They are
        applied to every step, or to every segment of steps.
    dense_after : int or tuple of int, default=()
        Number of units of each Dense layer between the last recurrent layer and the
        output.
    activation : str or callable, default="tanh"
        Activation of the recurrent layers: a name that Keras knows, or a function. The
        gates of LSTM and GRU cells keep their sigmoid.
    dense_activation : str or callable, default="relu"
        Activation of the Dense layers, but not of the output.
    bidirectional : bool, default=False
        Whether each recurrent layer also reads the window backwards, with as many units
        again.
    dropout : float in [0, 1), default=0.0
        Fraction of the inputs of each recurrent layer that is dropped, in training
        only.
    recurrent_dropout : float in [0, 1), default=0.0
        Fraction of the recurrent state that is dropped, in training only.
    l2 : float, default=0.0
        Strength of the penalty on the squares of all kernels, recurrent ones included,
        but not on biases. The penalty is part of the loss in `history_`.
    segment : int, default=1
        Number of time steps that are joined into one recurrent step (SegRNN); must
        divide the number of steps. Each segment passes the layers of `dense_before` or,
        if there are none, one Dense layer as wide as the first recurrent layer, with
        `dense_activation`. In a segment, missing steps count as zeros on the scale of
        training; a segment with nothing observed is skipped.
    stateful : bool, default=False
        Whether each batch starts from the states that the batch before it ended with,
        so that sample i continues sample i of the batch before. Every epoch and every
        prediction starts at zero, samples keep their order whatever `shuffle` says, and
        a last short batch is filled up with samples of weight 0.
    return_sequences : bool, default=False
        Whether y has a label for every step of each window, and not for the window as a
        whole. Predictions then have one for every step, too: that of a step depends on
        it and the steps before it, or on all steps if `bidirectional`. Where a label is
        NaN or None the step has none; loss, metrics and `score` are those of the other
        steps of all windows. Needs `segment` to be 1.
    categories : dict or None, default=None
        Features that are categories, and the size of the embedding of each. A key is
        the place of a feature on the last axis of X, from 0 on, or a tuple of places
        that share one embedding, such as (3, 5) or "3,5", which skops can store; a
        value is an integer, or "auto" for the square root of the number of categories,
        at most 32. Such a feature holds codes, whole
        numbers from 0 on, as scikit-learn's OrdinalEncoder makes them. They are not
        scaled: at each step a vector that is learned takes the place of the code. NaN
        and -1 are missing codes, which have a vector of their own; codes that no
        training window holds get the mean of those learned when training ends, so that
        the validation loss of such windows is that of random vectors. A step with a
        code is observed, even if all else is missing. None takes all features for
        numbers. In a forecaster keys are names of columns, see
        `AutoregressiveForecaster`.
    decoder : {"dense", "parallel"}, default="dense"
        How the last state becomes the targets. "dense" leads it through `dense_after`
        to all of them. "parallel" is for a horizon, whose rows are the columns of y,
        nearest first. It cuts them into segments of `segment` targets; for each segment
        the last recurrent layer takes one further step from the last state, with a
        learned embedding of the segment's position as its input, and `dense_after` and
        the output layer, which all segments share, lead on to the targets. Needs
        `bidirectional` and `stateful` to be False.
    output_activation : {"auto", "linear", "softplus", "exponential", "sigmoid", \
            "softmax"}, default="auto"
        Activation of the outputs. With "softplus" and "exponential" predictions are
        above 0; targets must be at least 0, and `standardize` divides them by their
        root mean square, without a shift. With "sigmoid" they lie between 0 and 1, with
        "softmax" they are shares that sum to 1 over the targets, and neither is scaled.
        "auto" is "linear" but for Keras's losses that need others: "poisson" takes
        "softplus", "msle" takes "exponential" and leaves targets as they are, binary
        crossentropies take "sigmoid", "kl_divergence" and categorical ones "softmax".
    linear_path : bool, default=False
        Whether a linear map of the whole window is added to what the network predicts
        (the autoregressive part of LSTNet, Lai et al. 2018). In it missing steps count
        as zeros on the scale of training, and `categories` do not enter. It starts as
        the ridge regression of the targets on the training windows, whose penalty
        generalised cross-validation chooses, and the output layer of the network at
        zero; then both are trained together. With `early_stopping` and validation
        windows the starting weights count as an epoch before the first one, so that the
        fit is never worse than the ridge on these. Its memory grows with the square of
        the values of a window.
    quantiles : sequence of float, default=None
        Levels of quantiles to learn of each target: increasing, with 0.5 among them,
        such as (0.1, 0.5, 0.9). `predict` returns the median, `predict_quantiles` all
        of them. They are learned together by the pinball loss, and cannot cross:
        beside the median the network gives the distances from level to level. `loss`
        must be left at its default, and metrics compare the medians. With `linear_path`
        the linear map moves all levels by the same amount. None learns a single number.
    distribution : {"normal", "student_t", "poisson", "negative_binomial"} or None, \
            default=None
        Distribution whose parameters are learned of each target, by its likelihood.
        `predict` returns the mean, `predict_quantiles` every level,
        `predict_distribution` a distribution of SciPy's, and `sample_y` draws from it.
        Targets of the last two must be counts; the variance is the mean, or ``mean +
        dispersion * mean ** 2``, and `standardize` divides means by the root mean
        square of y. The loss in `history_` is minus the mean log likelihood: that of
        counts as they are, otherwise that of standardized targets. `loss` and
        `output_activation` must be left at their defaults, metrics compare the means,
        and `linear_path` suits the first two alone. Of several networks the
        distribution is the mixture. None learns a single number.
    standardize : bool, default=True
        Whether inputs and targets are scaled to zero mean and unit variance with the
        statistics of the training windows. Predictions are in the units of y either
        way. Targets are scaled otherwise for some outputs and losses, see
        `output_activation`; for "mape" they are only divided by their root mean square,
        and for "cosine_similarity" they stay as they are.
    loss : str, callable, class or keras.losses.Loss, default="mse"
        Loss, on standardized targets if `standardize` is set. Pass a loss with
        settings, such as the delta of Huber's, as a function: `keras.losses.Huber`
        forgets it when the estimator is cloned, as in a grid search. A target that is
        constant is predicted exactly, unless it varies in samples to validate on; but a
        function that does not compare it with its prediction, as where it only makes
        place for a variance, gets it unscaled, and the prediction is the output of the
        network.
    incomplete : {"skip", "mask"}, default="skip"
        How training treats windows that begin with missing steps: "skip" leaves them
        out, "mask" trains on the steps that they have.
    pretrained : RecurrentAutoencoder, default=None
        Fitted autoencoder of the same cell, units, activation and features; its windows
        may have another length. `fit` starts from the weights of its encoder's
        recurrent layers, and scales inputs as it does. A clone of the estimator shares
        it; in a grid of parameters, which are cloned, wrap it into
        `sklearn.frozen.FrozenEstimator`.
    freeze_pretrained : bool, default=False
        Whether training keeps the pretrained weights and changes only the layers behind
        them.
    predict_backend : {"auto", "numpy", "tensorflow"}, default="auto"
        What computes predictions. "auto" takes NumPy for small inputs, some
        milliseconds of work, and a compiled TensorFlow program for larger ones; the two
        differ by rounding, about 1e-7 of the scale of predictions. "numpy" takes NumPy
        for inputs of any size, so that TensorFlow is never imported; for many windows
        it is up to fifty times as slow.
    n_networks : int, default=1
        Number of networks, of which predictions are the mean. Each has starting
        weights, orders of samples and dropout of its own, stops early and keeps its
        best weights by itself, has copies of the callbacks, and shows its own progress.
        Time and memory grow with their number.
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
    epochs : int or "auto", default=100
        Number of passes over the training samples. "auto" makes as many as come
        closest to ``500 * log2(n_samples)`` updates of the weights, from 1 to 100, so
        that the time of a fit on many windows grows slowly with their number.
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
        What to record in `history_` besides the loss. A callback that watches one of
        Keras's knows whether more of it is better; for your own function, set the
        callback's `mode`.
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
    n_targets_ : int
        Number of targets.
    weights_ : list of ndarray
        Weights in the order of `keras.Model.weights`; with several networks each array
        has a first axis for them.
    estimators_ : list of estimator
        Each network as a fitted estimator with ``n_networks=1``. They have the history
        and, as their `random_state`, the seed of the network.
    seeds_ : list of int
        Seeds of several networks. A fit with ``n_networks=1`` and such a seed as its
        `random_state` trains the same network.
    scaling_ : Scaling
        Means and scales of inputs and targets.
    callbacks_ : list of keras.callbacks.Callback
        Callbacks that the last training was watched by, if there were any. They are
        not stored with the estimator.
    history_ : dict of list of float
        Loss, metrics and their counterparts on validation windows (``val_...``), for
        each epoch, on the scale of training; with several networks means over those
        that have reached the epoch.
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
    GRURegressor : One gate less, often as good.
    SlidingWindow : Makes the windows in a Pipeline.

    Notes
    -----
    With the sigmoid s, the activation f and, for each gate, kernels W and U and a bias
    b, a cell computes from the input x, the state h and the memory c

    ``i = s(x Wi + h Ui + bi)``, the input gate,
    ``o = s(x Wo + h Uo + bo)``, the output gate,
    ``r = s(x Wr + h Ur + br)``, the forget gate,
    ``c = r * c + i * f(x Wc + h Uc + bc)`` and ``h = o * f(c)``.

    Keras keeps the blocks of a kernel in the order input gate, forget gate, candidate,
    output gate. Time and memory for training grow in proportion to the number of
    windows times their steps. With ``epochs="auto"`` the updates are about
    ``500 * log2(n_samples)``, by `batch_size` windows each, unless one epoch takes more
    or 100 epochs take fewer.

    References
    ----------
    S. Hochreiter and J. Schmidhuber (1997). Long short-term memory. Neural Computation
    9, 1735-1780.

    F. A. Gers, J. Schmidhuber and F. Cummins (1999). Learning to forget: continual
    prediction with LSTM. ICANN 99, 850-855.

    G. Lai et al. (2018). Modeling long- and short-term temporal patterns with deep
    neural networks. SIGIR 2018, 95-104.

    S. Lin et al. (2023). SegRNN: Segment recurrent neural network for long-term time
    series forecasting. arXiv:2308.11200.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMRegressor, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), window=4)
    >>> model = LSTMRegressor(8, epochs=40, learning_rate=0.01, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True
    """

    _cell = "lstm"

    def __init__(
        self,
        units=32,
        *,
        dense_before=(),
        dense_after=(),
        activation="tanh",
        dense_activation="relu",
        bidirectional=False,
        dropout=0.0,
        recurrent_dropout=0.0,
        l2=0.0,
        segment=1,
        stateful=False,
        return_sequences=False,
        categories=None,
        decoder="dense",
        output_activation="auto",
        linear_path=False,
        quantiles=None,
        distribution=None,
        standardize=True,
        loss="mse",
        incomplete="skip",
        pretrained=None,
        freeze_pretrained=False,
        predict_backend="auto",
        n_networks=1,
        optimizer="adam",
        learning_rate=1e-3,
        learning_rate_decay=None,
        clipnorm=None,
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
        self.units = units
        self.dense_before = dense_before
        self.dense_after = dense_after
        self.activation = activation
        self.dense_activation = dense_activation
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.l2 = l2
        self.segment = segment
        self.stateful = stateful
        self.return_sequences = return_sequences
        self.categories = categories
        self.decoder = decoder
        self.output_activation = output_activation
        self.linear_path = linear_path
        self.quantiles = quantiles
        self.distribution = distribution
        self.standardize = standardize
        self.loss = loss
        self.incomplete = incomplete
        self.pretrained = pretrained
        self.freeze_pretrained = freeze_pretrained
        self.predict_backend = predict_backend
        self.n_networks = n_networks
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
