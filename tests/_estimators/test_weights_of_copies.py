import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import Autoencoder, AutoencoderDetector, VariationalAutoencoder
from tests.support.autoencoders import (
    ROWS,
    SETTINGS,
    WINDOWS,
    rows_autoencoder,
    windows_autoencoder,
)
from tests.support.networks import assert_same_weights

pytestmark = pytest.mark.short_fits

WEIGHTS = np.arange(22) % 4
REPEATED = np.repeat(np.arange(22), WEIGHTS)
# Adam would make much of rounding where a gradient is nearly 0.
WHOLE = {"batch_size": 100, "shuffle": False, "epochs": 5, "optimizer": "sgd"}

each = pytest.mark.parametrize(
    ("model", "X"),
    [
        (rows_autoencoder(sparsity=0.1), ROWS),
        (windows_autoencoder("rnn"), WINDOWS),
        (VariationalAutoencoder(2, beta=0.0, **SETTINGS), ROWS),
    ],
    ids=["rows", "windows", "variational"],
)


@each
def test_weights_are_repetitions_where_a_batch_holds_all(model, X):
    weighted, repeated = (sklearn.clone(model).set_params(**WHOLE) for _ in range(2))
    weighted.fit(X, sample_weight=WEIGHTS)
    repeated.fit(X[REPEATED])
    assert_allclose(weighted.scaling_.x_scale, repeated.scaling_.x_scale)
    if model.get_params().get("beta") is None:  # Else codes are drawn for each row.
        assert_same_weights(weighted, repeated, rtol=1e-4, atol=1e-6)
        assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-5)
    scores = weighted.score(X, sample_weight=WEIGHTS), weighted.score(X[REPEATED])
    assert_allclose(*scores, rtol=1e-5)


@each
def test_a_sample_without_weight_is_left_out(model, X):
    spoilt = X.copy()
    spoilt[::4] = 1e6
    weighted = sklearn.clone(model).fit(spoilt, sample_weight=np.arange(22) % 4 > 0)
    left_out = sklearn.clone(model).fit(X[np.arange(22) % 4 > 0])
    assert_same_weights(weighted, left_out)
    assert_array_equal(weighted.scaling_.x_mean, left_out.scaling_.x_mean)
    begun = sklearn.clone(model).partial_fit(spoilt, sample_weight=WEIGHTS > 0)
    assert_same_weights(begun, sklearn.clone(model).partial_fit(X[WEIGHTS > 0]))


def test_a_number_weighs_all_alike():
    alone = rows_autoencoder().fit(ROWS)
    assert_same_weights(rows_autoencoder().fit(ROWS, sample_weight=3.0), alone)
    alike = rows_autoencoder().fit(ROWS, sample_weight=np.full(22, 0.1))
    assert_same_weights(alike, alone, rtol=1e-5)


def test_weighted_linear_autoencoder_spans_the_components_of_repeated_rows():
    model = Autoencoder(
        2,
        standardize=False,
        batch_size=100,
        epochs=800,
        learning_rate=0.05,
        learning_rate_decay="cosine",
        random_state=0,
    )
    rows = ROWS - ROWS.mean(axis=0)
    model.fit(rows, sample_weight=WEIGHTS)
    pca = PCA(2).fit(rows[REPEATED])
    expected = pca.inverse_transform(pca.transform(rows))
    assert_allclose(model.reconstruct(rows), expected, atol=5e-3)


def test_weights_that_leave_one_sample_are_refused():
    with pytest.raises(ValueError, match="Only 1 of 22 samples has a weight above 0"):
        rows_autoencoder().fit(ROWS, sample_weight=np.arange(22) == 3)


@each
def test_weights_of_another_length_are_refused(model, X):
    with pytest.raises(ValueError, match="sample_weight"):
        sklearn.clone(model).fit(X, sample_weight=[1.0, 2.0])


# --------------------------------------------------------------------------------------
# Detectors
# --------------------------------------------------------------------------------------


def test_pipelines_and_detectors_pass_weights_on():
    inside = make_pipeline(StandardScaler(), rows_autoencoder())
    detector = AutoencoderDetector(inside).fit(ROWS, sample_weight=WEIGHTS)
    alone = make_pipeline(StandardScaler(), rows_autoencoder())
    alone.fit(ROWS, autoencoder__sample_weight=WEIGHTS)
    assert_array_equal(detector.score_samples(ROWS), alone.score_samples(ROWS))
    with sklearn.config_context(enable_metadata_routing=True):
        inside[0].set_fit_request(sample_weight=False)
        inside[1].set_fit_request(sample_weight=True)
        model = AutoencoderDetector(inside).set_fit_request(sample_weight=True)
        routed = make_pipeline(model).fit(ROWS, sample_weight=WEIGHTS)
    assert routed[-1].offset_ == detector.offset_


@pytest.mark.parametrize("contamination", [0.05, 0.2, 0.5])
def test_contamination_is_the_share_of_the_weights_below_the_threshold(contamination):
    frozen = FrozenEstimator(rows_autoencoder().fit(ROWS))
    detector = AutoencoderDetector(frozen, contamination=contamination)
    detector.fit(ROWS, sample_weight=WEIGHTS)
    scores = np.sort(frozen.score_samples(ROWS[REPEATED]))
    below = (scores < detector.offset_).mean()
    assert below <= contamination < (scores <= detector.offset_).mean() + 1e-12
    doubled = sklearn.clone(detector).fit(ROWS, sample_weight=2 * WEIGHTS)
    assert doubled.offset_ == detector.offset_


def test_equal_weights_leave_the_threshold():
    plain = AutoencoderDetector(rows_autoencoder()).fit(ROWS)
    weighted = AutoencoderDetector(rows_autoencoder()).fit(ROWS, sample_weight=2.0)
    assert weighted.offset_ == plain.offset_


def test_held_out_samples_keep_their_weights():
    weights = np.where(np.arange(22) < 16, 1, np.arange(22) % 2)
    detector = AutoencoderDetector(rows_autoencoder(), held_out=6 / 22)
    detector.fit(ROWS, sample_weight=weights)
    same = AutoencoderDetector(FrozenEstimator(rows_autoencoder().fit(ROWS[:16])))
    assert detector.offset_ == same.fit(ROWS[17::2]).offset_


def test_detectors_refuse_weights_that_the_autoencoder_does_not_take():
    class Plain(Autoencoder):
        def fit(self, X, y=None):
            return super().fit(X)

    with pytest.raises(ValueError, match="sample_weight needs an autoencoder"):
        AutoencoderDetector(Plain(**SETTINGS)).fit(ROWS, sample_weight=WEIGHTS)
