import os
import sys

import pytest

import skrnn
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
    monkeypatch.setenv("SKRNN_COMPILATION_CACHE", "0")
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
    assert os.environ["SKRNN_COMPILATION_CACHE"] == "0"


def test_the_folder_of_compiled_networks_cannot_change_after_tensorflow(
    restored, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    skrnn.set_config(compilation_cache=skrnn.get_config()["compilation_cache"])
    with pytest.raises(RuntimeError, match="before TensorFlow is imported"):
        skrnn.set_config(compilation_cache=tmp_path)


@pytest.mark.parametrize("folder", [3, 1.5, b"folder", ["folder"]])
def test_what_is_no_folder_is_refused(restored, folder):
    with pytest.raises(ValueError, match="compilation_cache must be a folder"):
        skrnn.set_config(compilation_cache=folder)


def test_a_file_is_refused_as_folder_of_compiled_networks(restored, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="must be a folder"):
        skrnn.set_config(compilation_cache=tmp_path / "file")


def test_a_refused_setting_changes_nothing(restored, tmp_path):
    before = skrnn.get_config()
    with pytest.raises(ValueError, match="program_cache_size"):
        skrnn.set_config(compilation_cache=tmp_path, program_cache_size=-1)
    assert skrnn.get_config() == before
