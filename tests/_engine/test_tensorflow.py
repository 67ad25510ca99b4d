import os
import subprocess
import sys

import pytest

from skrnn._engine import tensorflow

# test_recurrent_regressors.py tests that training in a fresh process prints nothing.


def run_in_fresh_interpreter(code, **variables):
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, **variables},
    )


def test_what_others_write_while_importing_is_shown():
    finished = run_in_fresh_interpreter(
        "import os, sys\n"
        "class Finder:\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name == 'keras': os.write(2, b'E0000 a real error\\n')\n"
        "        if name == 'tensorflow': raise ImportError('broken library')\n"
        "sys.meta_path.insert(0, Finder)\n"
        "import skrnn._engine.tensorflow"
    )
    assert finished.returncode == 1
    assert finished.stderr.startswith("E0000 a real error\nTraceback")
    assert "ImportError: broken library" in finished.stderr


@pytest.mark.parametrize(
    ("device", "before", "hidden"),
    [("cpu", False, True), ("auto", False, False), ("cpu", True, False)],
)
def test_gpus_are_hidden_from_a_tensorflow_of_ours_that_keeps_to_the_cpu(
    device, before, hidden, monkeypatch
):
    calls = []
    monkeypatch.setattr(tensorflow, "get_config", lambda: {"device": device})
    monkeypatch.setattr(tensorflow, "_IMPORTED_BEFORE", before)
    monkeypatch.setattr(
        tensorflow.tf.config, "set_visible_devices", lambda *call: calls.append(call)
    )
    tensorflow._hide_gpus()
    assert calls == [([], "GPU")] * hidden


def test_process_without_stderr_can_import_and_keeps_its_environment():
    finished = run_in_fresh_interpreter(
        "import os, sys; os.close(2); sys.stderr = None\n"
        "before = dict(os.environ)\n"
        "import skrnn._engine.tensorflow; print('imported')\n"
        "new = {k for k in os.environ if os.environ[k] != before.get(k)}\n"
        "assert 'TF_CPP_MIN_LOG_LEVEL' not in new, new"
    )
    assert (finished.returncode, finished.stdout) == (0, "imported\n")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_is_refused_by_name(backend):
    finished = run_in_fresh_interpreter(
        "import sys, types\n"
        "keras = sys.modules['keras'] = types.ModuleType('keras')\n"
        "sys.modules['tensorflow'] = tf = types.ModuleType('tensorflow')\n"
        "tf.function = lambda f, **_: lambda *_: None\n"
        "tf.constant, tf.transpose = print, print\n"
        "names = 'python', 'python.eager', 'python.eager.context', "
        "'python.eager.execute'\n"
        "for name in names:\n"
        "    module = sys.modules[f'tensorflow.{name}'] = types.ModuleType(name)\n"
        "    module.context = module.execute = None\n"
        f"keras.backend = types.SimpleNamespace(backend=lambda: '{backend}')\n"
        "import skrnn._engine.tensorflow"
    )
    assert (
        f"TensorFlow backend, but KERAS_BACKEND or keras.json chooses '{backend}'"
        in (finished.stderr)
    )


def test_an_interrupt_while_tensorflow_is_imported_spoils_nothing():
    finished = run_in_fresh_interpreter(
        "import signal, sys\n"
        "import numpy as np\n"
        "from skrnn import RNNRegressor\n"
        "X, y = np.zeros((9, 4)), np.arange(9.0)\n"
        "model = RNNRegressor(units=2, epochs=1)\n"
        "class Imports:\n"
        "    def find_spec(self, name, *args):\n"
        "        if name == 'tensorflow.python.data':\n"
        "            sys.meta_path.remove(self)\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Imports())\n"
        "try:\n"
        "    model.fit(X, y)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', hasattr(model, 'weights_'))\n"
        "model.fit(X, y)\n"
        "print('fitted', len(model.weights_))\n"
    )
    assert finished.stdout.split("\n")[:2] == ["interrupted False", "fitted 5"]
