import pytest

from skrnn._engine import training
from skrnn._engine.loops import keras_fit


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
        set_eager(program.model, True)
        try:
            return keras_fit(program, *args)
        finally:
            set_eager(program.model, False)  # Other tests may be lent the program.

    monkeypatch.setattr(training, "keras_fit", fit_eagerly)


def set_eager(model, eager):
    model.run_eagerly = eager
    model.train_function = model.test_function = None
