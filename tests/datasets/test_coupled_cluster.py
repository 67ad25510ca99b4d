"""Tests of the shipped series."""

import hashlib
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from skrnn.datasets import load_coupled_cluster

# The ends of the lecture's training part and of its extrapolated part.
CORNERS = [-0.03077640549, -0.8702784034, -0.9649652536, -1.70653767]


def test_coupled_cluster_is_a_bunch_of_writable_float64_arrays():
    energies = load_coupled_cluster()
    assert isinstance(energies, Bunch)
    assert energies.data.shape == (20, 1)
    assert energies.target.shape == (20,)
    assert energies.data.dtype == energies.target.dtype == np.float64
    assert energies.data.flags.writeable
    assert energies.target.flags.writeable
    assert energies.frame is None


def test_coupled_cluster_holds_the_published_energies_in_order():
    X, y = load_coupled_cluster(return_X_y=True)
    np.testing.assert_array_equal(X.ravel(), np.arange(2, 41, 2))
    assert np.all(np.diff(y) < 0)
    np.testing.assert_array_equal(y[[0, 11, 12, 19]], CORNERS)


def test_as_frame_names_the_columns_and_keeps_the_numbers():
    energies, arrays = load_coupled_cluster(as_frame=True), load_coupled_cluster()
    assert list(energies.data.columns) == energies.feature_names
    assert [energies.target.name] == energies.target_names
    expected = pd.concat([energies.data, energies.target], axis=1)
    pd.testing.assert_frame_equal(energies.frame, expected)
    np.testing.assert_array_equal(energies.data, arrays.data)
    np.testing.assert_array_equal(energies.target, arrays.target)


def test_as_frame_works_by_position():
    pd.testing.assert_frame_equal(
        load_coupled_cluster(True).frame, load_coupled_cluster(as_frame=True).frame
    )


@pytest.mark.parametrize("as_frame", [False, True])
def test_returned_pair_is_the_data_and_target_of_the_bunch(as_frame):
    energies = load_coupled_cluster(as_frame)
    X, y = load_coupled_cluster(as_frame, return_X_y=True)
    assert type(X) is type(energies.data)
    assert type(y) is type(energies.target)
    np.testing.assert_array_equal(X, energies.data)
    np.testing.assert_array_equal(y, energies.target)


def test_description_names_columns_and_source():
    description = load_coupled_cluster().DESCR
    for word in ("n_particle_hole", "ccd_corr_energy", "Hjorth-Jensen", "Oslo"):
        assert word in description


def test_shipped_file_is_the_published_one():
    energies = load_coupled_cluster()
    file = resources.files(energies.data_module) / energies.filename
    # Git and editors may change the line ends, CRLF as published.
    content = file.read_bytes().replace(b"\r\n", b"\n")
    assert hashlib.sha256(content).hexdigest() == (
        "70653996f4ef5f42073180c26932c35ea0462c338c0eb32a65f45c4d2d9aa5c9"
    )


def test_changing_a_loaded_series_leaves_the_next_load_alone():
    load_coupled_cluster().target[:] = 0.0
    assert load_coupled_cluster().target[0] == CORNERS[0]
