"""Short fits without a compiler, which takes far longer than they do.

What is compiled equals Keras: the tests of the engine show it for each kind of network.
Most tests of estimators claim something else, and need a new network each.
"""

from contextlib import contextmanager

from skrnn._engine import training
from skrnn._engine.placement import Placement

# Updates of the weights up to which a fit is faster as it is written.
MOST_UPDATES = 6


class AsWritten(Placement):
    """Computes a function step by step."""

    def compile(self, function, *inputs):
        return function


def compile_no_short_fit(monkeypatch):
    """Let fits of a few updates be computed as they are written.

    Predictions stay compiled: as they are written, their last bits depend on the place
    of a window in its batch.
    """
    fit = training._fit

    def fit_by_number_of_updates(program, samples, validation, course, *others):
        args = (program, samples, validation, course, *others)
        if course.epochs * -(-len(samples) // course.batch_size) > MOST_UPDATES:
            return fit(*args)
        # What is compiled stays with the program, which other tests may be lent.
        compiled = program._placement, program._epochs
        program._placement, program._epochs = AsWritten(*program._placement), {}
        with keras_as_written(program.model):
            try:
                return fit(*args)
            finally:
                program._placement, program._epochs = compiled

    monkeypatch.setattr(training, "_fit", fit_by_number_of_updates)


@contextmanager
def keras_as_written(model):
    """Let Keras's own loop run step by step; other tests may be lent the model."""
    model.run_eagerly, model.train_function, model.test_function = True, None, None
    try:
        yield
    finally:
        model.run_eagerly, model.train_function, model.test_function = False, None, None
