"""Interrupts, failing callbacks and a full disk: nothing is lost.

After each of them the estimator is as it was or wholly fitted, the cache of programs
holds nothing half trained, and the next fit gives the bits of a fresh process.
"""

import itertools
import os
import random
import signal
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import SGDRegressor

import skrnn
from skrnn import AutoregressiveForecaster, get_config
from skrnn._engine.programs import PROGRAMS
from skrnn._engine.tensorflow import keras
from tests.support.networks import X, Y, assert_same_weights, network

pytestmark = pytest.mark.slow

SOURCES = os.path.dirname(skrnn.__file__)

# Holds signals, so that no interrupt comes into the middle of it.
SAFE = "signals.py"


@pytest.fixture(autouse=True)
def no_handler_is_lost():
    before = [signal.getsignal(number) for number in signal.valid_signals()]
    yield
    assert before == [signal.getsignal(number) for number in signal.valid_signals()]


def lines_of(call):
    """Each line of skrnn that a call runs, in their order, as (file, line)."""
    seen = []

    def local(frame, event, arg):
        if event == "line":
            seen.append((frame.f_code.co_filename, frame.f_lineno))
        return local

    with_trace(local, call)
    return seen


def with_trace(local, call):
    def trace(frame, event, arg):
        file = frame.f_code.co_filename
        return local if file.startswith(SOURCES) and not file.endswith(SAFE) else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return call()
    finally:
        sys.settrace(before)


def interrupt_at(place, call):
    """Run a call, and raise KeyboardInterrupt ahead of its line number `place`."""
    count = itertools.count()

    def local(frame, event, arg):
        if event == "line" and next(count) == place:
            raise KeyboardInterrupt
        return local

    try:
        with_trace(local, call)
    except KeyboardInterrupt:
        return True
    return False


def is_same(state, other):
    return state.keys() == other.keys() and all(
        state[name] is value for name, value in other.items()
    )


def assert_usable(estimator, before, complete):
    """The estimator is as it was, or has everything that a whole fit gives."""
    state = vars(estimator)
    assert is_same(state, before) or state.keys() == complete
    assert len(PROGRAMS) <= get_config()["program_cache_size"]


def places_to_interrupt(lines, n_inside):
    """First visits of all lines outside of the engine, and a sample of those in it.

    Where a program is on loan it is lost, and compiled again for the next fit.
    """
    first = {line: place for place, line in reversed(list(enumerate(lines)))}
    files = [os.path.relpath(file, SOURCES) for file, _ in lines]
    begin = [os.path.dirname(file) for file in files].index("_engine")
    last = len(files) - files[::-1].index(os.path.join("_engine", "programs.py"))
    places = sorted(first.values())
    inside = [place for place in places if begin <= place < last]
    outside = [place for place in places if not begin <= place < last]
    return outside + inside[:: max(1, len(inside) // n_inside)]


def interrupt_everywhere(make, call, n_inside):
    """Interrupt a call at many lines; give the number of interrupts."""
    whole = make()
    call(whole)
    lines = lines_of(lambda: call(make()))
    interrupted = 0
    for place in places_to_interrupt(lines, n_inside):
        estimator = make()
        before = {**vars(estimator)}
        interrupted += interrupt_at(place, lambda each=estimator: call(each))
        assert_usable(estimator, before, vars(whole).keys())
    return interrupted


@pytest.fixture(scope="module")
def fresh():
    """Weights from a fresh process, and what it says of a full disk."""
    script = [sys.executable, "-m", "tests.support.fresh_process"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def assert_as_in_a_fresh_process(fresh):
    assert fresh["weights"] == bits(network().fit(X, Y))


def bits(estimator):
    return b"".join(weight.tobytes() for weight in estimator.weights_).hex()


def test_an_interrupt_at_any_line_of_fit_loses_nothing(fresh):
    n = interrupt_everywhere(network, lambda each: each.fit(X, Y), n_inside=5)
    print(f"fit: {n} interrupts")
    assert n > 100
    assert_as_in_a_fresh_process(fresh)


def test_an_interrupt_at_any_line_of_a_refit_keeps_what_was_fitted(fresh):
    fitted = network().fit(X, Y)
    expected, other = fitted.predict(X), (X[:, :3], Y)
    before, shared = {**vars(fitted)}, {**vars(fitted)}
    lines = lines_of(lambda: network().fit(X, Y).fit(*other))
    half = len(lines) // 2
    places = [half + i for i in range(0, half, max(1, half // 9))]
    for place in places:
        estimator = network()
        vars(estimator).update(shared)
        interrupt_at(place - half, lambda each=estimator: each.fit(*other))
        assert is_same(vars(estimator), before) or estimator.n_steps_in_ == 3
    np.testing.assert_array_equal(fitted.predict(X), expected)
    assert_as_in_a_fresh_process(fresh)


def test_an_interrupt_at_any_line_of_partial_fit_loses_nothing():
    fitted = network().partial_fit(X, Y)
    expected = network().partial_fit(X, Y).partial_fit(X, Y)

    def make():
        estimator = network()
        vars(estimator).update(vars(fitted))
        return estimator

    n = interrupt_everywhere(make, lambda each: each.partial_fit(X, Y), n_inside=5)
    assert n > 100
    assert_same_weights(fitted.partial_fit(X, Y), expected)


def test_an_interrupt_at_any_line_of_predict_changes_nothing():
    fitted = network().fit(X, Y)
    expected = fitted.predict(X)
    n = interrupt_everywhere(lambda: fitted, lambda each: each.predict(X), n_inside=5)
    assert n > 50
    np.testing.assert_array_equal(fitted.predict(X), expected)


def test_an_interrupt_at_any_line_of_a_forecaster_loses_nothing():
    y = np.sin(np.arange(30.0))

    def make(fitted=True):
        forecaster = AutoregressiveForecaster(SGDRegressor(random_state=0), window=2)
        return forecaster.fit(None, y) if fitted else forecaster

    interrupted = 0
    calls = {
        "fit": lambda each: each.fit(None, y),
        "partial_fit": lambda each: each.partial_fit(None, y[:4]),
        "update": lambda each: each.update(None, y[:4]),
    }
    for name, call in calls.items():
        whole = make()
        call(whole)
        first = {}
        lines = lines_of(lambda call=call: call(make()))[len(lines_of(make)) :]
        for place, line in enumerate(lines):
            first.setdefault(line, place)
        for place in first.values():
            forecaster = make(fitted=name != "fit")
            before = {**vars(forecaster)}
            interrupted += interrupt_at(place, lambda f=forecaster, c=call: c(f))
            if not is_same(vars(forecaster), before):
                np.testing.assert_array_equal(forecaster.forecast(3), whole.forecast(3))
    print(f"forecaster: {interrupted} interrupts")
    assert interrupted > 400


class Explode(keras.callbacks.Callback):
    """Raises in one of its hooks."""

    def __init__(self, hook, exception):
        super().__init__()
        setattr(self, hook, self.explode)
        self.exception = exception

    def explode(self, *args, **kwargs):
        raise self.exception


class ExplodeInBatch(Explode):
    """Has a hook of batches, so that Keras's own loop trains."""

    def on_train_batch_end(self, batch, logs=None):
        pass


FULL = OSError(28, "No space left")
EXPLOSIONS = [
    ("set_params", FULL),
    ("on_train_begin", KeyboardInterrupt),
    ("on_epoch_begin", FULL),
    ("on_epoch_end", KeyboardInterrupt),
    ("on_epoch_end", FULL),
    ("on_train_end", KeyboardInterrupt),
    ("on_train_batch_begin", FULL),
    ("on_train_batch_end", KeyboardInterrupt),
]


@pytest.mark.parametrize(("hook", "exception"), EXPLOSIONS)
def test_an_exception_of_a_callback_comes_through_and_loses_nothing(
    hook, exception, fresh
):
    kind = ExplodeInBatch if "batch" in hook else Explode
    callback, n_kept = kind(hook, exception), len(PROGRAMS)
    estimator = network(callbacks=lambda: callback)  # Shared, and not copied.
    expected = exception if isinstance(exception, type) else type(exception)
    before = {**vars(estimator)}
    for method in ("fit", "partial_fit"):
        with pytest.raises(expected):
            getattr(estimator, method)(X, Y)
        assert is_same(vars(estimator), before)
        assert callback.model is None
    assert len(PROGRAMS) == n_kept
    assert_as_in_a_fresh_process(fresh)


# Python drops what a signal raises while it runs a finalizer; then the fit goes on.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_signals_at_random_moments_leave_all_usable(fresh):
    def interrupt(number, frame):
        raise KeyboardInterrupt

    moments, n_raised = random.Random(0), 0
    whole = bits(network(epochs=300).fit(X, Y))
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(5):
            estimator = network(epochs=300)
            signal.setitimer(signal.ITIMER_REAL, moments.uniform(0.001, 0.1))
            try:
                estimator.fit(X, Y)
            except KeyboardInterrupt:
                n_raised += 1
                assert not hasattr(estimator, "weights_")
            else:
                assert bits(estimator) == whole
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert n_raised > 1
    assert len(PROGRAMS) <= get_config()["program_cache_size"]
    assert_as_in_a_fresh_process(fresh)


def test_a_full_disk_is_an_error_of_the_system_and_nothing_is_lost(fresh):
    assert fresh["full disk"] == "OSError, not fitted, fitted afterwards: True"


def test_an_interrupt_while_a_network_is_compiled_costs_only_that():
    expected = network().fit(X, Y)
    PROGRAMS.clear()
    lines = lines_of(lambda: network().fit(X, Y))
    for part in (0.2, 0.5, 0.9):
        PROGRAMS.clear()
        estimator = network()
        assert interrupt_at(int(part * len(lines)), lambda e=estimator: e.fit(X, Y))
        assert not hasattr(estimator, "weights_")
    assert_same_weights(network().fit(X, Y), expected)
