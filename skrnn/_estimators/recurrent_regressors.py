"""Recurrent regressors: one family that differs in the cell."""

from __future__ import annotations

from skrnn._serialization.names import set_module

from .base import with_sections
from .base_recurrent import BaseRecurrentRegressor

__all__ = ["SECTIONS", "GRURegressor", "LSTMRegressor", "RNNRegressor"]

# What the docstrings of regressors and classifiers have in common.
SECTIONS = """
Parameters
----------
units : int or tuple of int, default=32
    Width of the recurrent layer, or of each of several layers on top of one another.
dense_before : int or tuple of int, default=()
    Widths of Dense layers, or of a single one, that every step, or every segment of
    steps, passes ahead of the recurrent ones.
dense_after : int or tuple of int, default=()
    Widths of Dense layers, or of a single one, between the last recurrent layer and
    the output.
activation : str or callable, default="tanh"
    Activation of the recurrent layers, a name of Keras's or a function. The gates of
    LSTM and GRU cells keep their sigmoid.
dense_activation : str or callable, default="relu"
    Activation of the Dense layers, but not of the output.
bidirectional : bool, default=False
    Whether each recurrent layer also reads the window backwards, in as many units
    again.
dropout : float in [0, 1), default=0.0
    Share of the inputs of each recurrent layer that is dropped, while training only.
recurrent_dropout : float in [0, 1), default=0.0
    Share of the recurrent state that is dropped, while training only.
l2 : float, default=0.0
    Strength of the penalty on the squares of all kernels, the recurrent ones among
    them, but not on biases. It is part of the loss that `history_` shows.
segment : int, default=1
    Time steps folded into one recurrent step; must divide the number of steps. Each
    segment passes the layers of `dense_before` or, if there are none, one Dense layer
    of the width of the first recurrent one, with `dense_activation`. Missing steps of a
    segment count as zeros on the scale of training; a segment with nothing observed is
    skipped.
stateful : bool, default=False
    Whether the state after a batch is where the next batch starts: sample i of a batch
    continues sample i of the batch before. Every epoch and every prediction starts at
    zero, samples keep their order whatever `shuffle` says, and a last short batch is
    filled up with samples of no weight.
{outputs}
incomplete : {"skip", "mask"}, default="skip"
    What to do in training with windows that begin with missing steps: leave them out,
    or train on the steps they have.
pretrained : RecurrentAutoencoder, default=None
    A fitted autoencoder of the same cell, units, activation and features, on other
    windows perhaps: `fit` starts from the weights of its encoder's recurrent layers,
    and scales inputs as it does. A clone keeps it as it is; in a grid of parameters
    wrap it into `sklearn.frozen.FrozenEstimator`.
freeze_pretrained : bool, default=False
    Whether training keeps the pretrained weights and changes only the layers behind.
predict_backend : {"auto", "numpy", "tensorflow"}, default="auto"
    What predicts. "auto" takes NumPy for small inputs, some milliseconds of work, and a
    compiled program of TensorFlow's for others; predictions of the two differ by
    rounding, some 1e-7 of their scale. "numpy" takes NumPy for inputs of any size, so
    that TensorFlow is never imported; for many windows it is up to fifty times as slow.
{training}

Attributes
----------
n_features_in_ : int
    The last axis of X: the features of each step, or the columns of a table, which are
    the steps of one feature.
n_steps_in_ : int
    Steps of a window.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the columns, if X was a frame.
{learned}
weights_ : list of ndarray
    Weights in the order of `keras.Model.weights`.
scaling_ : Scaling
    Means and scales of inputs and targets; those of classes are 0 and 1.
history_ : dict of list of float
    Loss, metrics and their counterparts on validation windows (``val_...``), for each
    epoch, in the scale of training.
loss_curve_ : list of float
    Training loss of each epoch.
n_iter_ : int
    Epochs trained.
"""

_SHARED = {
    "shared": SECTIONS,
    "outputs": """
decoder : {"dense", "parallel"}, default="dense"
    How the last state becomes the targets. "dense" leads it through `dense_after` to
    all of them. "parallel", for the rows of a horizon as the columns of y, nearest
    first, cuts them into segments of `segment` targets: for each of these the last
    recurrent layer takes one further step from the last state, with a learned embedding
    of the segment's position as its input, and `dense_after` and the output layer,
    which all segments share, lead on to its targets. Needs `bidirectional` and
    `stateful` to be False.
standardize : bool, default=True
    Whether inputs and targets are scaled to zero mean and unit variance with the
    statistics of the training windows. Predictions are in the units of y either way.
loss : str, callable, class or keras.losses.Loss, default="mse"
    Loss, on standardized targets if `standardize` is set. Pass a loss with settings,
    such as the delta of Huber's, as a function: `keras.losses.Huber` forgets it when
    the estimator is cloned, as in a grid search.
""",
    "learned": """
n_targets_ : int
    Targets.
""",
}


@set_module("skrnn")
@with_sections(**_SHARED)
class RNNRegressor(BaseRecurrentRegressor):
    """Predict from windows with a simple (Elman) recurrent network.

    Windows have shape (n_samples, n_steps, n_features), as `SlidingWindow` makes them,
    oldest step first; NaN is a missing value. A step with nothing observed is skipped;
    holes in a partly observed step are filled with the training mean of the feature.
    Windows that begin with missing steps are predicted but not trained on.

    {shared}

    See Also
    --------
    LSTMRegressor : Gated cells that remember for longer.
    SlidingWindow : Makes the windows in a Pipeline.

    Notes
    -----
    From the input x and the state h of the step before, a cell with activation f
    computes ``h = f(x W + h U + b)``. Gradients through many steps vanish or explode,
    so that it remembers some ten steps at best. Time and memory for training grow in
    proportion to the number of windows times their steps.

    References
    ----------
    J. L. Elman (1990). Finding structure in time. Cognitive Science 14, 179-211.

    S. Lin et al. (2023). SegRNN: Segment recurrent neural network for long-term time
    series forecasting. arXiv:2308.11200.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), window=4)
    >>> model = RNNRegressor(8, epochs=40, learning_rate=0.01, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True
    """

    _cell = "rnn"


@set_module("skrnn")
@with_sections(**_SHARED)
class LSTMRegressor(BaseRecurrentRegressor):
    """Predict from windows with a long short-term memory network.

    Windows have shape (n_samples, n_steps, n_features), as `SlidingWindow` makes them,
    oldest step first; NaN is a missing value. A step with nothing observed is skipped;
    holes in a partly observed step are filled with the training mean of the feature.
    Windows that begin with missing steps are predicted but not trained on.

    {shared}

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
    windows times their steps.

    References
    ----------
    S. Hochreiter and J. Schmidhuber (1997). Long short-term memory. Neural Computation
    9, 1735-1780.

    F. A. Gers, J. Schmidhuber and F. Cummins (1999). Learning to forget: continual
    prediction with LSTM. ICANN 99, 850-855.

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


@set_module("skrnn")
@with_sections(**_SHARED)
class GRURegressor(BaseRecurrentRegressor):
    """Predict from windows with a network of gated recurrent units.

    Windows have shape (n_samples, n_steps, n_features), as `SlidingWindow` makes them,
    oldest step first; NaN is a missing value. A step with nothing observed is skipped;
    holes in a partly observed step are filled with the training mean of the feature.
    Windows that begin with missing steps are predicted but not trained on.

    {shared}

    See Also
    --------
    LSTMRegressor : With a memory apart from the state.
    SlidingWindow : Makes the windows in a Pipeline.

    Notes
    -----
    With the sigmoid s, the activation f and, for each gate, kernels W and U and biases
    b and d, a cell computes from the input x and the state h

    ``z = s(x Wz + bz + h Uz + dz)``, the update gate,
    ``r = s(x Wr + br + h Ur + dr)``, the reset gate,
    ``g = f(x Wg + bg + r * (h Ug + dg))`` and ``h = z * h + (1 - z) * g``.

    Keras keeps the blocks of a kernel in the order update, reset, candidate, and
    applies the reset gate after the matrix product. Time and memory for training grow
    in proportion to the number of windows times their steps.

    References
    ----------
    K. Cho et al. (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP 2014, 1724-1734.

    S. Lin et al. (2023). SegRNN: Segment recurrent neural network for long-term time
    series forecasting. arXiv:2308.11200.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRURegressor, make_windows
    >>> X, y = make_windows(np.sin(np.arange(200) / 5), window=4)
    >>> model = GRURegressor(8, epochs=40, learning_rate=0.01, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True
    """

    _cell = "gru"
