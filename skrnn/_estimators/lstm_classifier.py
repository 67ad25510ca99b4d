"""Long short-term memory classifier."""

from __future__ import annotations

from skrnn._serialization.names import set_module

from .base_classifier import BaseRecurrentClassifier

__all__ = ["LSTMClassifier"]


@set_module("skrnn")
class LSTMClassifier(BaseRecurrentClassifier):
    """Classify windows with a long short-term memory network.

    Windows have shape (n_samples, n_steps, n_features), as `SlidingWindow` makes them,
    oldest step first; NaN is a missing value. A step with nothing observed is skipped;
    holes in a partly observed step are filled with the training mean of the feature.
    All windows are predicted, but those that begin with missing steps are by default
    not trained on. Labels are numbers, bool or text, of two classes or more.

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
    standardize : bool, default=True
        Whether inputs are scaled to zero mean and unit variance with the statistics of
        the training windows.
    loss : {"crossentropy", "focal_crossentropy", "mse"}, callable, class or \
            keras.losses.Loss, default="crossentropy"
        Loss. The names are Keras's binary or categorical crossentropy, by the number of
        classes, its focal form, which gives less weight to windows that are easy, and
        the squared error of the probabilities, the Brier score. Anything else compares
        targets of 0 and 1 with probabilities, both of shape (n_samples, n_classes), or,
        of two classes, (n_samples, 1) for the second one.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes by label, 1 for those that are not named; they are
        multiplied with those of the samples, in the validation loss as well. "balanced"
        gives all classes the same total weight, however often they occur among the
        samples trained on.
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
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of the columns of `predict_proba`.
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
        Means and scales of inputs; those of classes are 0 and 1.
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
    GRUClassifier : One gate less, often as good.
    LSTMRegressor : The same network for numbers, with the equations of its cell.
    SlidingWindow : Makes the windows in a Pipeline.

    References
    ----------
    S. Hochreiter and J. Schmidhuber (1997). Long short-term memory. Neural Computation
    9, 1735-1780.

    F. A. Gers, J. Schmidhuber and F. Cummins (1999). Learning to forget: continual
    prediction with LSTM. ICANN 99, 850-855.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import LSTMClassifier, make_windows
    >>> X, rise = make_windows(np.sin(np.arange(200) / 5), window=4)
    >>> y = np.where(rise > X[:, -1, 0], "up", "down")
    >>> model = LSTMClassifier(8, epochs=40, learning_rate=0.01, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True
    >>> model.predict_proba(X[:5]).shape
    (5, 2)
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
        standardize=True,
        loss="crossentropy",
        class_weight=None,
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
        self.standardize = standardize
        self.loss = loss
        self.class_weight = class_weight
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
