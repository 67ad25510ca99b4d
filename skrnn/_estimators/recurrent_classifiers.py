"""Recurrent classifiers: one family that differs in the cell."""

from __future__ import annotations

from skrnn._serialization.names import set_module

from .base import with_sections
from .base_classifier import BaseRecurrentClassifier
from .recurrent_regressors import SECTIONS

__all__ = ["GRUClassifier", "LSTMClassifier", "RNNClassifier"]

_SHARED = {
    "shared": SECTIONS,
    "outputs": """
standardize : bool, default=True
    Whether inputs are scaled to zero mean and unit variance with the statistics of the
    training windows.
loss : {"crossentropy", "focal_crossentropy", "mse"}, callable, class or \
keras.losses.Loss, default="crossentropy"
    Loss. The names are Keras's binary or categorical crossentropy, by the number of
    classes, its focal form, which looks less at windows that are easy, and the squared
    error of the probabilities, the Brier score. Anything else compares targets of 0 and
    1 with probabilities, both of shape (n_samples, n_classes), or, of two classes,
    (n_samples, 1) for the second one.
class_weight : dict, "balanced" or None, default=None
    Weights of the classes by label, 1 for those that are not named; they are
    multiplied with those of the samples, in the validation loss as well. "balanced"
    lets all classes weigh alike, however often they occur in `fit`.
""",
    "learned": """
classes_ : ndarray of shape (n_classes,)
    Labels, in the order of the columns of `predict_proba`.
""",
    "windows": """
Windows have shape (n_samples, n_steps, n_features), as `SlidingWindow` makes them,
oldest step first; NaN is a missing value. A step with nothing observed is skipped;
holes in a partly observed step are filled with the training mean of the feature.
Windows that begin with missing steps are predicted but not trained on. Labels are
numbers, bool or text, of two classes or more.
""",
}


@set_module("skrnn")
@with_sections(**_SHARED)
class RNNClassifier(BaseRecurrentClassifier):
    """Classify windows with a simple (Elman) recurrent network.

    {windows}

    {shared}

    See Also
    --------
    LSTMClassifier : Gated cells that remember for longer.
    RNNRegressor : The same network for numbers, with the equations of its cell.
    SlidingWindow : Makes the windows in a Pipeline.

    Notes
    -----
    From the last state h a network computes ``z = h W + b``. Of two classes it is one
    number, and the probability of the second is ``1 / (1 + exp(-z))``, as in a logistic
    regression; of K classes the k-th has ``exp(z_k) / sum_j exp(z_j)``. Two classes are
    so the case K = 2 with the first z fixed at 0.

    References
    ----------
    J. L. Elman (1990). Finding structure in time. Cognitive Science 14, 179-211.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNClassifier, make_windows
    >>> X, rise = make_windows(np.sin(np.arange(200) / 5), window=4)
    >>> y = np.where(rise > X[:, -1, 0], "up", "down")
    >>> model = RNNClassifier(8, epochs=40, learning_rate=0.01, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True
    >>> print(model.classes_)
    ['down' 'up']
    """

    _cell = "rnn"


@set_module("skrnn")
@with_sections(**_SHARED)
class LSTMClassifier(BaseRecurrentClassifier):
    """Classify windows with a long short-term memory network.

    {windows}

    {shared}

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


@set_module("skrnn")
@with_sections(**_SHARED)
class GRUClassifier(BaseRecurrentClassifier):
    """Classify windows with a network of gated recurrent units.

    {windows}

    {shared}

    See Also
    --------
    LSTMClassifier : With a memory apart from the state.
    GRURegressor : The same network for numbers, with the equations of its cell.
    SlidingWindow : Makes the windows in a Pipeline.

    References
    ----------
    K. Cho et al. (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP 2014, 1724-1734.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import GRUClassifier, make_windows
    >>> X, rise = make_windows(np.sin(np.arange(200) / 5), window=4)
    >>> y = np.where(rise > X[:, -1, 0], "up", "down")
    >>> model = GRUClassifier(8, epochs=40, learning_rate=0.01, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True
    >>> model.predict_proba(X[:5]).shape
    (5, 2)
    """

    _cell = "gru"
