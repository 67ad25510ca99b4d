import subprocess
import sys

import numpy as np
import pytest

from skrnn._engine.scikeras import check_activation, compile_arguments, make_callbacks
from skrnn._engine.tensorflow import keras


def run_in_fresh_interpreter(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def compiled(loss="mse", optimizer="sgd", learning_rate=0.5, metrics=None):
    return compile_arguments(loss, optimizer, learning_rate, metrics)


# --------------------------------------------------------------------------------------
# Optimizers, losses, metrics
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["nadam", "Nadam", keras.optimizers.Nadam])
def test_optimizer_by_name_or_class_gets_the_learning_rate(optimizer):
    made = compiled(optimizer=optimizer)["optimizer"]
    assert isinstance(made, keras.optimizers.Nadam)
    assert float(made.learning_rate) == 0.5


def test_optimizer_given_as_instance_is_copied_with_all_its_settings():
    given = keras.optimizers.Adam(0.25, beta_1=0.75, clipnorm=2.0)
    made = compiled(optimizer=given)["optimizer"]
    assert made is not given
    assert made.get_config() == given.get_config()


def test_every_call_makes_a_new_optimizer():
    first, second = (compiled()["optimizer"] for _ in range(2))
    assert first is not second


@pytest.mark.parametrize(
    "loss",
    [
        "huber",
        "Huber",
        keras.losses.Huber,
        keras.losses.Huber(),
        keras.losses.huber,
    ],
)
def test_loss_may_be_a_name_a_class_an_instance_or_a_function(loss):
    made = keras.losses.get(compiled(loss=loss)["loss"])
    assert float(keras.ops.mean(made(np.zeros((1, 1)), np.full((1, 1), 3.0)))) == 2.5


def test_names_of_metrics_are_the_names_in_the_history_of_keras():
    metrics = ["mae", "RootMeanSquaredError", keras.metrics.MeanSquaredError(name="m")]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(**compiled(metrics=metrics))
    one = np.ones((1, 1))
    logs = model.evaluate(one, one, verbose=0, return_dict=True)
    assert set(logs) == {"loss", "mae", "RootMeanSquaredError", "m"}


def test_a_single_metric_needs_no_list():
    assert len(compiled(metrics="mae")["metrics"]) == 1


@pytest.mark.parametrize(
    ("parameter", "value", "known"),
    [
        ("loss", "meen", "huber, .*mean_absolute_error, "),
        ("optimizer", "adamant", "adam, .*rmsprop, .*sgd"),
        ("optimizer", "LossScaleOptimizer", "adam, "),  # It needs another one.
        ("metrics", ["mae", "meen"], "mean_absolute_error, "),
        ("metrics", "meen", "mean_absolute_error, "),
    ],
)
def test_unknown_name_is_refused_with_the_known_ones(parameter, value, known):
    named = value[-1] if isinstance(value, list) else value
    message = f"{parameter} must be one of .*{known}.*Got '{named}' instead"
    with pytest.raises(ValueError, match=message):
        compiled(**{parameter: value})


@pytest.mark.parametrize("parameter", ["loss", "optimizer"])
def test_names_offered_for_an_unknown_one_are_all_understood(parameter):
    with pytest.raises(ValueError, match="must be one of") as refused:
        compiled(**{parameter: "unknown"})
    offered = str(refused.value).partition("one of ")[2].partition(". Got")[0]
    for name in offered.split(", "):
        assert compiled(**{parameter: name})[parameter] is not None


@pytest.mark.parametrize("activation", ["tanh", "swish", keras.activations.mish])
def test_activations_of_keras_pass(activation):
    check_activation("activation", activation)


def test_unknown_activation_is_refused_with_the_known_ones():
    message = "activation must be one of .*relu, .*tanh.* Got 'than' instead"
    with pytest.raises(ValueError, match=message):
        check_activation("activation", "than")


# --------------------------------------------------------------------------------------
# Callbacks
# --------------------------------------------------------------------------------------

STOP = keras.callbacks.TerminateOnNaN


@pytest.mark.parametrize(
    ("callbacks", "n_made"),
    [(None, 0), (STOP, 1), (STOP(), 1), ([STOP, STOP()], 2), ((STOP(),), 1), ([], 0)],
)
def test_callbacks_may_be_one_or_several_classes_or_instances(callbacks, n_made):
    made = make_callbacks(callbacks)
    assert [type(callback) for callback in made] == [STOP] * n_made


def test_callbacks_may_come_from_functions():
    made = make_callbacks([STOP, lambda: STOP(), lambda: [STOP(), STOP()], STOP()])
    assert [type(callback) for callback in made] == [STOP] * 5


def test_an_instance_of_a_callback_is_copied_each_time():
    callback = STOP()
    made = [callback, *make_callbacks(callback), *make_callbacks([callback])]
    assert len({id(each) for each in made}) == 3


@pytest.mark.parametrize("callbacks", [print, [print], [3], {"a": 3}, lambda x: x])
def test_what_is_no_callback_is_refused(callbacks):
    with pytest.raises(TypeError, match="callbacks must be a Keras callback or a list"):
        make_callbacks(callbacks)


# --------------------------------------------------------------------------------------
# scikeras kept aside
# --------------------------------------------------------------------------------------

# Methods which scikeras replaces; `own` reads them as Keras defines them.
REMEMBER = """
import sys
import skrnn._engine.tensorflow
import keras
owners = [keras.Model, keras.losses.Loss, keras.metrics.Metric,
          keras.optimizers.Optimizer]
def methods():
    return [(owner.__reduce__, getattr(owner, "__deepcopy__", None),
             sorted(vars(owner))) for owner in owners]
own = methods()
"""


def test_methods_of_keras_stay_its_own_until_scikeras_is_imported():
    finished = run_in_fresh_interpreter(
        f"{REMEMBER}\nimport skrnn._engine.scikeras\nassert methods() == own\n"
        "assert not [name for name in sys.modules if name.startswith('scikeras')]\n"
        "from scikeras.wrappers import KerasRegressor\n"
        "assert KerasRegressor is not skrnn._engine.scikeras._wrappers.KerasRegressor\n"
        "assert [m[0] for m in methods()] != [m[0] for m in own]\n"
        "import pickle\n"
        "model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])\n"
        "assert pickle.loads(pickle.dumps(model)).count_params() == 2\n"
        "settings = {'loss': 'mse', 'verbose': 0, 'run_eagerly': True}\n"
        "KerasRegressor(model, **settings).fit([[1.0], [2.0]], [1.0, 2.0])"
    )
    assert finished.returncode == 0, finished.stderr


def test_scikeras_imported_earlier_is_used_and_left_patched():
    finished = run_in_fresh_interpreter(
        f"{REMEMBER}\nimport scikeras.wrappers\npatched = methods()\n"
        "import skrnn._engine.scikeras\n"
        "assert methods() == patched != own\n"
        "assert skrnn._engine.scikeras._wrappers is scikeras.wrappers"
    )
    assert finished.returncode == 0, finished.stderr


class NoSetting:
    pass


@pytest.mark.parametrize("value", [int, NoSetting, NoSetting(), print, len])
def test_an_activation_that_gives_no_array_of_the_same_shape_is_refused(value):
    with pytest.raises(ValueError, match=r"^activation must be a name of"):
        check_activation("activation", value)


@pytest.mark.parametrize(
    "value", [np.negative, keras.ops.tanh, keras.layers.LeakyReLU(), "tanh"]
)
def test_functions_and_layers_are_activations(value):
    check_activation("activation", value)


@pytest.mark.parametrize("is_built", [False, True])
def test_a_layer_with_weights_of_its_own_is_no_activation(is_built):
    layer = keras.layers.PReLU()
    if is_built:
        layer.build((None, 3))
    with pytest.raises(ValueError, match="must have no weights of its own"):
        check_activation("dense_activation", layer)
    # Left without a shape, so that it can be used elsewhere.
    assert layer.built == is_built


@pytest.mark.parametrize("is_built", [False, True])
def test_a_function_that_calls_a_layer_with_weights_is_no_activation(is_built):
    layer = keras.layers.PReLU()
    if is_built:
        layer(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="must have no weights of its own"):
        check_activation("activation", lambda x: layer(x))
    check_activation("activation", lambda x: keras.layers.LeakyReLU()(x))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("loss", NoSetting),
        ("loss", NoSetting()),
        ("loss", int),
        ("optimizer", NoSetting),
        ("optimizer", NoSetting()),
        ("optimizer", print),
        ("metrics", [None]),
        ("metrics", [5]),
        ("metrics", ["mae", ["mae"]]),
    ],
)
def test_a_setting_of_another_kind_is_refused_by_name(setting, value):
    settings = {"loss": "mse", "optimizer": "adam", "learning_rate": 0.1}
    settings |= {"metrics": None, setting: value}
    with pytest.raises(ValueError, match=f"^{setting} must"):
        compile_arguments(**settings)
