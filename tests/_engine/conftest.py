import pytest

from skrnn._engine import training
from skrnn._engine.loops import keras_fit
from tests.support.as_written import keras_as_written


@pytest.fixture
def compiled_only(monkeypatch):
    """Fail instead of falling back to Keras's own loop."""

    def refuse(*args):
        raise AssertionError("fell back to Keras's loop")

    monkeypatch.setattr(training, "keras_fit", refuse)


@pytest.fixture
def eager_keras_loop(monkeypatch):
    """Let Keras's own loop run step by step, since to trace it takes longer."""

    def fit_eagerly(program, *args):
        with keras_as_written(program.model):
            return keras_fit(program, *args)

    monkeypatch.setattr(training, "keras_fit", fit_eagerly)
