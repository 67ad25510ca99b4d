"""Signals wait while TensorFlow is at work, and nobody's handler gets lost."""

import signal
import threading

import numpy as np
import pytest
from networks import X, Y, assert_same_weights, network

from skrnn import AutoregressiveForecaster
from skrnn._signals import signals_wait
from skrnn._tensorflow import keras


@pytest.fixture
def seen():
    """Numbers of the signals that a handler has seen; SIGUSR1 and SIGUSR2 have one."""
    numbers = []
    old = {
        number: signal.signal(number, lambda number, frame: numbers.append(number))
        for number in (signal.SIGUSR1, signal.SIGUSR2)
    }
    yield numbers
    for number, handler in old.items():
        signal.signal(number, handler)


def handlers():
    return [signal.getsignal(number) for number in signal.valid_signals()]


def test_a_signal_waits_and_its_handler_is_called_once(seen):
    before = handlers()
    with signals_wait():
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
        assert seen == []
    assert seen == [signal.SIGUSR1]
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
        work_that_fails(signal.SIGUSR1)
    assert seen == [signal.SIGUSR1]
    with pytest.raises(KeyboardInterrupt) as caught:
        work_that_fails(signal.SIGINT)
    assert isinstance(caught.value.__context__, ZeroDivisionError)


def test_every_handler_is_called_though_another_one_raises(seen):
    before = handlers()

    @signals_wait()
    def work():
        for number in (signal.SIGUSR1, signal.SIGINT, signal.SIGUSR2):
            signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert sorted(seen) == [signal.SIGUSR1, signal.SIGUSR2]
    assert handlers() == before


def test_signals_wait_for_the_outermost_work(seen):
    with signals_wait():
        with signals_wait():
            signal.raise_signal(signal.SIGUSR1)
        assert seen == []
    assert seen == [signal.SIGUSR1]


def test_a_room_lets_signals_through_while_it_is_open(seen):
    with signals_wait() as room:
        room.open()
        signal.raise_signal(signal.SIGUSR1)
        assert seen == [signal.SIGUSR1]
        room.close()
        signal.raise_signal(signal.SIGUSR2)
        assert seen == [signal.SIGUSR1]
        room.open()
        assert seen == [signal.SIGUSR1, signal.SIGUSR2]
    assert len(seen) == 2


def test_a_room_that_was_never_left_properly_loses_no_signal(seen):
    with signals_wait() as room:
        pass
    signal.signal(signal.SIGUSR1, room)
    signal.raise_signal(signal.SIGUSR1)
    assert seen == [signal.SIGUSR1]


def test_what_no_function_handles_is_left_alone(seen):
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    with signals_wait():
        assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGUSR2) is signal.SIG_DFL


def test_a_handler_that_the_work_installs_stays(seen):
    with signals_wait():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN


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
        network(callbacks=callback).fit(X, Y)
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
    model = network(callbacks=callbacks, predict_backend="tensorflow").fit(X, Y)
    assert_same_weights(model, network(callbacks=callbacks).fit(X, Y))
    model.predict(X)
    model.to_keras()
    forecaster = AutoregressiveForecaster(model, window=4).fit(None, np.arange(20.0))
    forecaster.forecast(3)
    assert handlers() == before
