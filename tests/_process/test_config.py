import os
import subprocess
import sys

import pytest

import skrnn
from skrnn._engine import tensorflow
from skrnn._process import config


def test_settings_are_changed_one_by_one_and_read_as_a_copy():
    before = skrnn.get_config()
    try:
        skrnn.set_config(program_cache_size=3)
        assert skrnn.get_config() == {**before, "program_cache_size": 3}
        skrnn.set_config()
        skrnn.get_config()["program_cache_size"] = 4
        assert skrnn.get_config()["program_cache_size"] == 3
    finally:
        skrnn.set_config(**before)


@pytest.mark.parametrize("size", [-1, 2.5, "many", True])
def test_sizes_of_the_cache_are_checked(size):
    with pytest.raises(ValueError, match="program_cache_size must be an integer"):
        skrnn.set_config(program_cache_size=size)


@pytest.fixture
def restored(monkeypatch):
    """Let settings, and the variable that workers inherit, be as before."""
    monkeypatch.setattr(config, "_CONFIG", dict(config._CONFIG))
    for variable in config.VARIABLES.values():
        monkeypatch.setenv(variable, "")
    skrnn_modules = {k: v for k, v in sys.modules.items() if k != "tensorflow"}
    monkeypatch.setattr(sys, "modules", skrnn_modules)


def test_processes_that_start_later_inherit_the_folder_of_compiled_networks(
    restored, tmp_path
):
    skrnn.set_config(compilation_cache=tmp_path / "new")
    assert skrnn.get_config()["compilation_cache"] == str(tmp_path / "new")
    assert os.environ["SKRNN_COMPILATION_CACHE"] == str(tmp_path / "new")
    skrnn.set_config(compilation_cache=False)
    assert skrnn.get_config()["compilation_cache"] is False
    assert os.environ["SKRNN_COMPILATION_CACHE"] == "false"


def test_the_folder_of_compiled_networks_cannot_change_after_tensorflow(
    restored, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    skrnn.set_config(compilation_cache=skrnn.get_config()["compilation_cache"])
    with pytest.raises(RuntimeError, match="before TensorFlow is imported"):
        skrnn.set_config(compilation_cache=tmp_path)


@pytest.mark.parametrize(
    ("name", "variable", "values"),
    [
        ("device", "SKRNN_DEVICE", ["cpu", "gpu", "auto"]),
        ("execution", "SKRNN_EXECUTION", ["xla", "graph", "auto"]),
        ("gpu_memory_growth", "TF_FORCE_GPU_ALLOW_GROWTH", [True, False]),
    ],
)
def test_processes_that_start_later_inherit_settings(restored, name, variable, values):
    for value in values:
        skrnn.set_config(**{name: value})
        assert skrnn.get_config()[name] == value
        assert os.environ[variable] == str(value).lower()
        code = f"import skrnn; print(skrnn.get_config()[{name!r}])"
        started = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert started.stdout == f"{value}\n"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("device", "tpu", "'auto', 'cpu', 'gpu'"),
        ("device", True, "'auto', 'cpu', 'gpu'"),
        ("execution", "cudnn", "'auto', 'xla', 'graph'"),
        ("gpu_memory_growth", "yes", "True or False"),
        ("gpu_memory_growth", 1, "True or False"),
    ],
)
def test_other_values_of_settings_are_refused(restored, name, value, allowed):
    with pytest.raises(ValueError, match=f"{name} must be .*{allowed}. Got {value!r}"):
        skrnn.set_config(**{name: value})


def test_a_variable_with_another_value_is_named():
    finished = subprocess.run(
        [sys.executable, "-c", "import skrnn; skrnn.get_config()"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SKRNN_DEVICE": "tpu"},
    )
    assert "SKRNN_DEVICE must be one of 'auto', 'cpu', 'gpu'" in finished.stderr


def test_growth_of_memory_cannot_change_after_tensorflow(restored, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    skrnn.set_config(gpu_memory_growth=skrnn.get_config()["gpu_memory_growth"])
    with pytest.raises(RuntimeError, match="TF_FORCE_GPU_ALLOW_GROWTH before Python"):
        skrnn.set_config(gpu_memory_growth=True)


@pytest.mark.parametrize("folder", [3, 1.5, b"folder", ["folder"]])
def test_what_is_no_folder_is_refused(restored, folder):
    with pytest.raises(ValueError, match="compilation_cache must be a folder"):
        skrnn.set_config(compilation_cache=folder)


def test_a_file_is_refused_as_folder_of_compiled_networks(restored, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="must be a folder"):
        skrnn.set_config(compilation_cache=tmp_path / "file")


@pytest.mark.parametrize(
    ("imported", "flags", "folder", "words"),
    [
        (True, "", "kept", "fit one before importing TensorFlow or Keras"),
        (False, "--tf_xla_persistent_cache_directory=a", "kept", "out of it"),
        (False, "", "file/below", "choose a folder of your own"),
    ],
)
def test_a_folder_that_cannot_be_used_is_warned_of_and_no_longer_set(
    restored, monkeypatch, tmp_path, imported, flags, folder, words
):
    (tmp_path / "file").touch()
    skrnn.set_config(compilation_cache=tmp_path / folder)
    monkeypatch.setattr(tensorflow, "_IMPORTED_BEFORE", imported)
    monkeypatch.setenv("TF_XLA_FLAGS", flags)
    with pytest.warns(UserWarning, match=f"compilation_cache, .*{words}"):
        assert tensorflow._open_program_folder() is None
    assert skrnn.get_config()["compilation_cache"] is False
    assert os.environ["SKRNN_COMPILATION_CACHE"] == str(tmp_path / folder)


def test_a_refused_setting_changes_nothing(restored, tmp_path):
    before = skrnn.get_config()
    with pytest.raises(ValueError, match="program_cache_size"):
        skrnn.set_config(compilation_cache=tmp_path, program_cache_size=-1)
    assert skrnn.get_config() == before
