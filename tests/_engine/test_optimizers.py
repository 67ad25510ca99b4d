import copy
import re
import threading
from functools import partial

import numpy as np
import pytest

from skrnn._engine.optimizers import (
    adapt_optimizer,
    copy_optimizer,
    explain_loss,
    make_optimizer,
    settings_key,
    traced_settings,
)
from skrnn._engine.tensorflow import keras

optimizers = keras.optimizers
KERAS = [
    getattr(optimizers, name)
    for name in dir(optimizers)
    if isinstance(getattr(optimizers, name), type)
    and issubclass(getattr(optimizers, name), optimizers.Optimizer)
    and name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")
]


class Scaled(optimizers.SGD):
    """Has attributes that Keras does not know, one of which it needs."""

    def __init__(self, factor, **settings):
        super().__init__(**settings)
        self.factor = factor
        self.lock = threading.Lock()
        self.seen = {"list": [1, 2], "array": np.arange(3)}
        self.extra = self.add_variable((2,), "ones", name="extra")

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient * self.factor, variable, learning_rate)


class Around(optimizers.SGD):
    """Holds another optimizer twice."""

    def __init__(self, inner, **settings):
        super().__init__(**settings)
        self.inner = inner
        self.holder = Holder(inner)


class Holder:
    def __init__(self, inner):
        self.inner = inner


class Constant(optimizers.schedules.LearningRateSchedule):
    def __init__(self, rate=0.5):
        self.rate = rate

    def __call__(self, step):
        return self.rate


@keras.saving.register_keras_serializable("tests")
class Forgetful(Constant):
    def get_config(self):
        return {}


@keras.saving.register_keras_serializable("tests")
class Factor(optimizers.SGD):
    """Has an attribute that its configuration leaves out."""

    def __init__(self, factor=1.0, **settings):
        super().__init__(**settings)
        self.factor = factor


def excluding():
    optimizer = optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def train_once(optimizer):
    """Update a kernel and a bias of ones by gradients of two."""
    kernel, bias = (
        keras.Variable(np.ones(2, dtype=np.float32), name=name)
        for name in ("kernel", "bias")
    )
    optimizer.build([kernel, bias])
    optimizer.apply([keras.ops.full((2,), 2.0)] * 2, [kernel, bias])
    return np.concatenate([kernel.numpy(), bias.numpy()])


@pytest.mark.parametrize("kind", KERAS)
def test_copies_of_keras_optimizers_have_their_configuration(kind):
    given = kind(0.25, clipnorm=2.0, use_ema=True)
    copied = copy_optimizer(given)
    assert copied.get_config() == given.get_config()
    assert settings_key(copied) == settings_key(given) is not None
    copied.clipnorm = 1.0
    assert settings_key(copied) != settings_key(given)


def test_copies_have_what_no_configuration_tells():
    given = Scaled(3.0, learning_rate=0.125)
    copied = copy_optimizer(given)
    assert copied.seen["list"] == [1, 2]
    assert copied.seen["list"] is not given.seen
    assert copied.lock is given.lock  # It cannot be copied.
    assert copied.extra is not given.extra
    np.testing.assert_array_equal(copied.extra.numpy(), np.ones(2))
    # 1 - 0.125 * 3 * 2
    np.testing.assert_array_equal(train_once(copied), np.full(4, 0.25))
    assert not given.built


def test_copies_exclude_the_same_variables_from_weight_decay():
    expected, got = train_once(excluding()), train_once(copy_optimizer(excluding()))
    np.testing.assert_array_equal(got, expected)
    assert got[0] < got[2]


def test_a_copy_of_an_optimizer_that_was_used_starts_afresh():
    given = excluding()
    first = train_once(given)
    copied = copy_optimizer(given)
    assert int(copied.iterations) == 0
    assert not copied.built
    np.testing.assert_array_equal(train_once(copied), first)


def test_optimizers_inside_of_others_are_copied_once_and_whole():
    given = Around(excluding())
    copied = copy_optimizer(given)
    assert copied.inner is copied.holder.inner is not given.inner
    np.testing.assert_array_equal(train_once(copied.inner), train_once(excluding()))


@pytest.mark.parametrize("rate", [Constant(0.75), lambda: 0.75])
def test_schedules_are_copied_without_being_registered(rate):
    np.testing.assert_array_equal(
        train_once(copy_optimizer(optimizers.SGD(rate))), np.full(4, -0.5)
    )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (excluding(), "a copy lacks .*_exclude_from_weight_decay_pattern"),
        (optimizers.SGD(Forgetful(0.75)), "a copy lacks learning_rate"),
        (optimizers.SGD(Constant()), "Keras cannot copy .NotImplementedError"),
        (Factor(3.0), "a copy lacks factor"),
        (Scaled(3.0), "Keras cannot copy"),
        (Around(optimizers.SGD(0.5)), "Keras cannot copy"),
    ],
)
def test_what_keras_loses_is_named(given, why):
    assert re.search(why, explain_loss(given))


@pytest.mark.parametrize(
    "given",
    [
        optimizers.AdamW(0.1),
        optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 10)),
        optimizers.SGD(Forgetful()),
        Factor(1.0),
        optimizers.LossScaleOptimizer(optimizers.Adam(0.1)),
    ],
)
def test_what_keras_copies_whole_is_no_loss(given):
    assert explain_loss(given) is None


def test_keys_tell_what_is_excluded_from_weight_decay():
    plain = optimizers.AdamW(0.1, weight_decay=0.5)
    assert settings_key(excluding()) == settings_key(excluding())
    assert settings_key(excluding()) != settings_key(plain)


@pytest.mark.parametrize(
    "given", [Scaled(3.0), optimizers.SGD(Constant()), optimizers.SGD(lambda: 0.5)]
)
def test_what_is_not_of_keras_has_no_key(given):
    assert settings_key(given) is None


def test_exclusions_of_an_optimizer_inside_of_another_are_found():
    given = optimizers.LossScaleOptimizer(excluding())
    assert explain_loss(given) == "of which a copy lacks inner_optimizer"


@pytest.mark.parametrize("function", [excluding, partial(optimizers.SGD, 0.5)])
def test_functions_make_an_optimizer_each_time(function):
    made = make_optimizer(function)
    assert isinstance(made, optimizers.Optimizer)
    assert make_optimizer(function) != made


@pytest.mark.parametrize("given", ["adam", optimizers.SGD, optimizers.SGD(0.5)])
def test_what_is_no_function_is_returned(given):
    assert make_optimizer(given) is given


@pytest.mark.parametrize(
    ("given", "got"),
    [
        (lambda: "adam", "which returned 'adam'"),
        (lambda: optimizers.SGD, "which returned <class"),
        (lambda: None, "which returned None"),
        (lambda rate: optimizers.SGD(rate), "Got <function"),
        (keras.losses.Huber, "Got <class"),
        (3, "Got 3"),
    ],
)
def test_what_makes_no_optimizer_is_refused(given, got):
    with pytest.raises(ValueError, match=f"optimizer must be a name of .*{got}"):
        make_optimizer(given)


def test_exclusions_of_variables_of_another_network_are_refused():
    given = optimizers.AdamW(0.1)
    given.exclude_from_weight_decay(var_list=[keras.Variable(1.0)])
    with pytest.raises(ValueError, match=r"exclude variables .* by their names"):
        adapt_optimizer(given, 0.5, None)


def test_learning_rates_of_optimizers_inside_of_others_do_not_fall():
    given = optimizers.LossScaleOptimizer(optimizers.SGD(0.5))
    with pytest.raises(ValueError, match="learning_rate_decay must be None"):
        adapt_optimizer(given, optimizers.schedules.CosineDecay(0.5, 3), None)
    with pytest.raises(ValueError, match="clipnorm must be None"):
        adapt_optimizer(given, 0.5, 1.0)


def test_traces_depend_on_settings_but_not_on_a_learning_rate_that_is_a_number():
    given, other = optimizers.Adam(0.5), optimizers.Adam(0.25)
    assert traced_settings(given) == traced_settings(other)
    other.beta_1 = 0.5
    assert traced_settings(given) != traced_settings(other)
    assert copy.deepcopy(given).beta_1 == 0.9
