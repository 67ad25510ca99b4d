"""Fits that draw weights and train nothing, for claims that hold whatever was learned.

Compiling a network takes a second, and most tests of predictions, forecasts, files and
plots need a fitted estimator, but not a trained one.
"""

import re
from contextlib import contextmanager
from unittest.mock import patch

from skrnn._engine import training

# So far from what is drawn first that no weight stays 0, and outputs are not constant.
SPREAD = 0.1


@contextmanager
def untrained():
    """Let networks keep the weights that are drawn, spread so that none is 0."""
    with patch.object(training, "_fit", _spread_weights):
        yield


def _spread_weights(program, samples, validation, course, random_state, *others):
    model = program.model
    model.set_weights(
        [
            weight + random_state.normal(scale=SPREAD, size=weight.shape)
            for weight in model.get_weights()
        ]
    )
    losses = [1 / (1 + epoch) for epoch in range(course.epochs)]
    names = ["loss"] if validation is None else ["loss", "val_loss"]
    return {name: list(losses) for name in names}


# Checks of scikit-learn whose claim is about what was learned.
ABOUT_LEARNING = re.compile("train|class_weight|sample_weight_equivalence")


def run_check(estimator, check, *, everyday):
    """Run a check of scikit-learn; every day, train only where it is about learning."""
    if not everyday or ABOUT_LEARNING.search(check.func.__name__):
        check(estimator)
    else:
        with untrained():
            check(estimator)
