import pytest

from skrnn._engine import training


@pytest.fixture
def compiled_only(monkeypatch):
    """Fail instead of falling back to Keras's own loop."""

    def refuse(*args):
        raise AssertionError("fell back to Keras's loop")

    monkeypatch.setattr(training, "keras_fit", refuse)
