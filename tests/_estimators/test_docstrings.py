"""Each class spells out its parameters and attributes; here they are held alike."""

import re
from collections import defaultdict
from inspect import cleandoc, signature

import pytest

from skrnn import (
    Autoencoder,
    GRUClassifier,
    GRURegressor,
    LSTMClassifier,
    LSTMRegressor,
    RecurrentAutoencoder,
    RNNClassifier,
    RNNRegressor,
    VariationalAutoencoder,
)

REGRESSORS = [RNNRegressor, LSTMRegressor, GRURegressor]
CLASSIFIERS = [RNNClassifier, LSTMClassifier, GRUClassifier]
RECURRENT = [*REGRESSORS, *CLASSIFIERS]
ROWS = [Autoencoder, VariationalAutoencoder]
AUTOENCODERS = [*ROWS, RecurrentAutoencoder]

# What classes describe in words of their own, and why.
OF_TARGETS = {
    "loss": "it compares targets of another kind",
    "scaling_": "the targets of classes are not scaled",
    "standardize": "the targets of classes are not scaled",
}
OF_CODES = {
    "encoder_, decoder_": "the code of a variational autoencoder has a spread",
    "history_": "the loss has other terms",
    "noise": "only without a spread of the codes is it what makes them robust",
    "standardize": "new rows have units too",
    "weights_": "a variational autoencoder learns a variance too",
}
OF_WINDOWS = {
    "epochs": "an update of a recurrent network costs more",
    "history_": "it counts rows or windows",
    "loss": "values of a window may be missing",
    "n_components": "the code of a window is longer",
    "n_features_in_": "a window has one axis more than a row",
    "noise": "denoising is explained once, at rows",
    "scaling_": "a row has columns, a window features",
    "sparsity": "it counts rows or windows",
    "standardize": "a row has columns, a window features",
    "activation": "layers are Dense or recurrent",
}
OF_COPIES = {
    **OF_TARGETS,
    "activation": "nothing is said of gates, and some layers are Dense",
    "epochs": "what copies through a narrow code does not learn noise by heart",
    "history_": "the loss has terms",
    "metrics": "copies are compared step by step",
    "l2": "recurrent kernels are named where they surprise",
    "units": "the layers of a decoder come in reverse",
    "weights_": "the encoder's come first",
}


def entries(cls):
    """Type and description of each parameter and attribute in a docstring."""
    sections = cleandoc(cls.__doc__).split("See Also\n")[0]
    found = re.findall(r"^([\w, ]+?) : (.*(?:\n    .*)+)", sections, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


@pytest.mark.parametrize(
    ("classes", "exceptions"),
    [
        (REGRESSORS, {}),
        (CLASSIFIERS, {}),
        (RECURRENT, OF_TARGETS),
        (ROWS, OF_CODES),
        (AUTOENCODERS, OF_CODES | OF_WINDOWS),
        ([*RECURRENT, RecurrentAutoencoder], OF_COPIES),
    ],
    ids=["regressors", "classifiers", "recurrent", "rows", "autoencoders", "windows"],
)
def test_what_classes_share_reads_alike_in_all(classes, exceptions):
    texts = defaultdict(set)
    for cls in classes:
        for name, text in entries(cls).items():
            texts[name].add(text)
    assert {name for name, found in texts.items() if len(found) > 1} == set(exceptions)


@pytest.mark.parametrize("cls", [*RECURRENT, *AUTOENCODERS])
def test_parameters_stand_in_the_order_and_with_the_defaults_of_the_signature(cls):
    described = [
        (name, text.split("default=")[1].split()[0])
        for name, text in entries(cls).items()
        if "default=" in text
    ]
    signed = [
        (name, repr(parameter.default).replace("'", '"').replace("0.001", "1e-3"))
        for name, parameter in signature(cls).parameters.items()
    ]
    assert described == signed
