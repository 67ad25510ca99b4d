"""Short fits without a compiler, which takes far longer than they do.

What is compiled equals Keras: the tests of the engine show it for each kind of network.
Most tests of estimators claim something else, and need a new network each.
"""

from skrnn._engine import prediction, training
from skrnn._engine.placement import Placement

# Updates of the weights up to which a fit is faster as it is written.
MOST_UPDATES = 6


class AsWritten(Placement):
    """Computes a function step by step, and never as another one has compiled it."""

    def compile(self, function, *inputs):
        return function

    def __eq__(self, other):
        return type(other) is AsWritten and super().__eq__(other)

    def __hash__(self):
        return hash((AsWritten, *self))


def compile_nothing_short(monkeypatch):
    """Let neither short fits nor predictions of few windows be compiled."""
    monkeypatch.setattr(training, "_fit", _fit_as_written(training._fit))
    choose = prediction.choose_placement
    monkeypatch.setattr(prediction, "choose_placement", _choose_as_written(choose))


def _fit_as_written(fit):
    def fit_by_number_of_updates(program, samples, validation, course, *others):
        n_updates = course.epochs * -(-len(samples) // course.batch_size)
        kind = AsWritten if n_updates <= MOST_UPDATES else Placement
        if type(program._placement) is not kind:
            program.retrace()
            program._placement = kind(*program._placement)
        return fit(program, samples, validation, course, *others)

    return fit_by_number_of_updates


def _choose_as_written(choose):
    def choose_by_batch_size(network, batch_size, **settings):
        placement = choose(network, batch_size, **settings)
        few = batch_size <= prediction.SMALL_BATCH
        return AsWritten(*placement) if few else placement

    return choose_by_batch_size
