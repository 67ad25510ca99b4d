"""Signals wait while TensorFlow is at work, and nobody's handler gets lost."""

import signal
import threading

import pytest

from skrnn import AutoregressiveForecaster
from skrnn._engine.tensorflow import keras
from skrnn._process.signals import signals_wait
from tests.support.networks import X, Y, network
from tests.support.untrained import untrained


@pytest.fixture
def seen():
    """Numbers of the signals that a handler has seen; SIGHUP and SIGTERM have one."""
    numbers = []
    old = {
        number: signal.signal(number, lambda number, frame: numbers.append(number))
        for number in (signal.SIGHUP, signal.SIGTERM)
    }
    yield numbers
    for number, handler in old.items():
        signal.signal(number, handler)


def handlers():
    return [signal.getsignal(number) for number in signal.valid_signals()]


def test_a_signal_waits_and_its_handler_is_called_once(seen):
    before = handlers()
    with signals_wait():
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
        assert seen == []
    assert seen == [signal.SIGHUP]
    assert handlers() == before


def test_an_interrupt_comes_out_of_the_function_when_its_work_is_done():
    before, done = handlers(), []

    @signals_wait()
    def work():
        signal.raise_signal(signal.SIGINT)
        done.append("work")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["work"]
    assert handlers() == before


@signals_wait()
def work_that_fails(number):
    signal.raise_signal(number)
    raise ZeroDivisionError


def test_an_error_of_the_work_comes_out_unless_an_interrupt_has_waited(seen):
    with pytest.raises(ZeroDivisionError):
        work_that_fails(signal.SIGHUP)
    assert seen == [signal.SIGHUP]
    with pytest.raises(KeyboardInterrupt) as caught:
        work_that_fails(signal.SIGINT)
    assert isinstance(caught.value.__context__, ZeroDivisionError)


@pytest.mark.parametrize("first", [0, 1, 2])
def test_every_handler_is_called_and_the_interrupt_comes_out(first, seen):
    def too_late(number, frame):
        seen.append(number)
        raise TimeoutError

    numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
    signal.signal(signal.SIGHUP, too_late)
    before = handlers()

    @signals_wait()
    def work():
        for number in numbers[first:] + numbers[:first]:
            signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert sorted(seen) == [signal.SIGHUP, signal.SIGTERM]
    assert handlers() == before


def test_the_third_interrupt_waits_no_longer():
    done = []

    @signals_wait()
    def work():
        for n in range(5):
            done.append(n)
            signal.raise_signal(signal.SIGINT)

    before = handlers()
    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [0, 1, 2]
    assert handlers() == before


class StopError(Exception):
    pass


def test_all_handlers_come_back_wherever_a_signal_arrives():
    armed, stopped = [], 0

    def stop(number, frame):
        if armed:
            armed.clear()
            raise StopError

    @signals_wait()
    def work():
        return sum(range(100))

    old = signal.signal(signal.SIGALRM, stop)
    before = handlers()
    signal.setitimer(signal.ITIMER_REAL, 1e-3, 3.7e-4)
    try:
        while stopped < 1000:
            armed.append(True)
            try:
                while True:
                    work()
            except StopError:
                stopped += 1
            assert handlers() == before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def test_signals_wait_for_the_outermost_work(seen):
    with signals_wait():
        with signals_wait():
            signal.raise_signal(signal.SIGHUP)
        assert seen == []
    assert seen == [signal.SIGHUP]


def test_signals_can_be_let_through_in_between(seen):
    with signals_wait() as held:
        held.release()
        signal.raise_signal(signal.SIGHUP)
        assert seen == [signal.SIGHUP]
        held.hold()
        signal.raise_signal(signal.SIGTERM)
        assert seen == [signal.SIGHUP]
        held.release()
        assert seen == [signal.SIGHUP, signal.SIGTERM]
    assert len(seen) == 2


def test_a_stand_in_that_was_left_behind_loses_no_signal(seen):
    with signals_wait() as held:
        pass
    signal.signal(signal.SIGHUP, held)
    signal.raise_signal(signal.SIGHUP)
    assert seen == [signal.SIGHUP]


def test_what_no_function_handles_is_left_alone(seen):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with signals_wait():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_that_the_work_installs_stays(seen):
    with signals_wait():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_another_thread_changes_no_handler(seen):
    before, inside = handlers(), []

    @signals_wait()
    def work():
        inside.extend(handlers())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == before


class InterruptedOnce:
    """A loss that is interrupted where everything is caught, as by TensorFlow."""

    n_calls = 0

    def __call__(self, y_true, y_pred):
        self.n_calls += 1
        if self.n_calls == 1:
            try:
                signal.raise_signal(signal.SIGINT)
            except:  # noqa: E722
                raise TypeError("Cannot find maximum value.")  # noqa: B904
        return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)


def test_an_interrupt_while_an_epoch_is_compiled_is_not_taken_for_an_error():
    estimator = network(loss=InterruptedOnce())
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "weights_")


class InterruptsInBatch(keras.callbacks.Callback):
    """Interrupts, so that Keras's own loop trains, and counts on."""

    n_calls = 0

    def on_train_batch_end(self, batch, logs=None):
        self.n_calls += 1
        signal.raise_signal(signal.SIGINT)
        self.n_calls += 1


def test_an_interrupt_in_a_callback_of_keras_own_loop_comes_at_once():
    callback = InterruptsInBatch()
    with pytest.raises(KeyboardInterrupt):
        network(callbacks=lambda: callback).fit(X, Y)
    assert callback.n_calls == 1


def test_an_interrupt_while_keras_traces_its_own_loop_waits_for_a_callback():
    callback = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *args: None)
    estimator = network(loss=InterruptedOnce(), callbacks=callback)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "weights_")


@pytest.mark.parametrize("callbacks", [None, keras.callbacks.LambdaCallback])
def test_fit_predict_and_forecast_give_the_handlers_back(callbacks):
    before = handlers()
    model = network(callbacks=callbacks).fit(X, Y)
    model.predict(X)
    model.to_keras()
    with untrained():
        forecaster = AutoregressiveForecaster(model, window=4).fit(None, X[:, 0, 0])
    forecaster.forecast(3)
    assert handlers() == before
