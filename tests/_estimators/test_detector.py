import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    Autoencoder,
    AutoencoderDetector,
    RecurrentAutoencoder,
    SlidingWindow,
    VariationalAutoencoder,
)

pytestmark = pytest.mark.short_fits

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 2)) @ RNG.normal(size=(2, 4))
X += 0.1 * RNG.normal(size=X.shape)
TINY = {"epochs": 2, "random_state": 0}
WINDOWED = RecurrentAutoencoder(1, cell="rnn", units=2, **TINY)


def detector(autoencoder=None, **parameters):
    return AutoencoderDetector(autoencoder or Autoencoder(1, **TINY), **parameters)


# --------------------------------------------------------------------------------------
# As IsolationForest
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("contamination", [0.01, 0.1, 0.25, 0.5])
def test_offset_is_the_percentile_of_the_scores(contamination):
    ours = detector(contamination=contamination).fit(X)
    forest = IsolationForest(contamination=contamination, random_state=0).fit(X)
    for model in (ours, forest):
        scores = model.score_samples(X)
        assert_allclose(model.offset_, np.percentile(scores, 100 * contamination))
        assert_allclose(model.decision_function(X), scores - model.offset_)
        assert_array_equal(
            model.predict(X), np.where(model.decision_function(X) < 0, -1, 1)
        )
    flagged = [(model.predict(X) == -1).sum() for model in (ours, forest)]
    assert flagged == [200 * contamination] * 2
    assert ours.predict(X).dtype == forest.predict(X).dtype


@pytest.mark.untrained
def test_fit_predict_is_fit_and_predict():
    assert_array_equal(detector().fit_predict(X), detector().fit(X).predict(X))


@pytest.mark.untrained
def test_scores_are_those_of_the_autoencoder():
    alone = Autoencoder(1, **TINY).fit(X)
    assert_array_equal(detector().fit(X).score_samples(X), alone.score_samples(X))


@pytest.mark.parametrize("contamination", [0.0, 0.6, -0.1, "auto"])
def test_contamination_is_at_most_a_half(contamination):
    with pytest.raises(ValueError, match="contamination"):
        detector(contamination=contamination).fit(X)


def test_nothing_is_judged_before_fit():
    for method in ("predict", "score_samples", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(detector(), method)(X)


# --------------------------------------------------------------------------------------
# The autoencoder inside
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
def test_the_given_autoencoder_is_not_touched():
    given = Autoencoder(1, **TINY)
    before = dict(vars(given))
    model = detector(given).fit(X)
    assert vars(given) == before
    assert model.autoencoder is given
    assert model.autoencoder_ is not given
    fitted = Autoencoder(1, **TINY).fit(2 * X)
    scores = fitted.score_samples(X)
    detector(fitted).fit(X)
    assert_array_equal(fitted.score_samples(X), scores)


@pytest.mark.untrained
def test_parameters_of_the_autoencoder_are_reached_from_outside():
    model = clone(detector()).set_params(autoencoder__n_components=3).fit(X)
    assert model.autoencoder_.transform(X).shape == (200, 3)


@pytest.mark.untrained
def test_default_is_an_autoencoder_with_a_seed():
    first, second = (AutoencoderDetector().fit(X[:40]) for _ in range(2))
    assert isinstance(first.autoencoder_, Autoencoder)
    assert_array_equal(first.score_samples(X), second.score_samples(X))


def test_what_has_no_scores_is_refused():
    class NoEstimator:
        fit = score_samples = print

    for autoencoder in (StandardScaler(), NoEstimator()):
        with pytest.raises(ValueError, match="'autoencoder' parameter"):
            AutoencoderDetector(autoencoder).fit(X)


@pytest.mark.untrained
@pytest.mark.parametrize(
    "autoencoder",
    [
        VariationalAutoencoder(1, **TINY),
        make_pipeline(StandardScaler(), Autoencoder(1, **TINY)),
    ],
    ids=["variational", "pipeline"],
)
def test_any_autoencoder_will_do(autoencoder):
    predicted = detector(autoencoder).fit_predict(X)
    assert (predicted == -1).sum() == 20


@pytest.mark.untrained
def test_columns_are_those_of_fit():
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = detector().fit(frame)
    assert model.n_features_in_ == 4
    assert list(model.feature_names_in_) == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("dcba")])
    assert not hasattr(model.fit(X), "feature_names_in_")


@pytest.mark.untrained
def test_failed_fit_leaves_the_detector_as_it_was():
    model = detector().fit(X)
    scores = model.score_samples(X)
    holed = X.copy()
    holed[3, 1] = np.nan
    with pytest.raises(ValueError, match="NaN in column 1"):
        model.fit(holed)
    assert_array_equal(model.score_samples(X), scores)


# --------------------------------------------------------------------------------------
# Series
# --------------------------------------------------------------------------------------

SERIES = pd.DataFrame(
    {"wave": np.sin(np.arange(60) / 2)},
    index=pd.date_range("2026-01-01", periods=60, freq="h"),
)


@pytest.mark.untrained
@pytest.mark.parametrize("outside", [True, False], ids=["outside", "inside"])
def test_every_row_of_a_series_gets_a_score(outside):
    if outside:
        model = make_pipeline(SlidingWindow(6), detector(WINDOWED))
    else:
        model = detector(make_pipeline(SlidingWindow(6), WINDOWED))
    model.fit(SERIES)
    scores = model.score_samples(SERIES)
    assert scores.shape == model.predict(SERIES).shape == (60,)
    windows = SlidingWindow(6).fit_transform(SERIES)
    alone = clone(WINDOWED).fit(windows)
    assert_allclose(scores, alone.score_samples(windows), rtol=1e-5)
    assert (model.predict(SERIES) == -1).sum() == 6


def waves(n_samples, seed):
    """Noisy waves of any phase, 1 % of them of twice the frequency."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, size=(n_samples, 1))
    odd = np.zeros(n_samples, dtype=bool)
    odd[rng.choice(n_samples, n_samples // 100, replace=False)] = True
    period = np.where(odd, 5, 10)[:, None]
    steps = np.sin(2 * np.pi * np.arange(20) / period + phase)
    return (steps + 0.05 * rng.normal(size=steps.shape))[:, :, None], odd


@pytest.mark.slow
def test_odd_waves_are_found():
    settings = {"epochs": 20, "batch_size": 64, "learning_rate": 0.02}
    autoencoder = RecurrentAutoencoder(
        2, cell="gru", units=8, random_state=0, **settings
    )
    windows, odd = waves(1000, seed=0)
    model = detector(autoencoder, contamination=0.01).fit(windows)
    new, new_odd = waves(1000, seed=1)
    assert roc_auc_score(odd, -model.score_samples(windows)) > 0.99
    assert roc_auc_score(new_odd, -model.score_samples(new)) > 0.99
    # Which of them lie below the threshold is a matter of rounding, which differs
    # between processors; that ten do is not.
    found = model.predict(windows) == -1
    assert found.sum() == 10
    assert found[odd].mean() > 0.5


# --------------------------------------------------------------------------------------
# Where the threshold comes from
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("held_out", [0.0, 0.3])
def test_frozen_autoencoder_learns_the_threshold_of_other_rows(held_out):
    fitted = Autoencoder(1, **TINY).fit(X[:100])
    weights = [weight.copy() for weight in fitted.weights_]
    model = detector(FrozenEstimator(fitted), held_out=held_out).fit(X[100:])
    scores = fitted.score_samples(X[100:])
    assert_allclose(model.offset_, np.percentile(scores, 10))
    for before, after in zip(weights, fitted.weights_, strict=True):
        assert_array_equal(before, after)
    restored = pickle.loads(pickle.dumps(clone(model).fit(X[100:])))
    assert_array_equal(restored.predict(X), model.predict(X))


@pytest.mark.untrained
def test_frozen_autoencoder_that_is_not_fitted_is_refused():
    with pytest.raises(NotFittedError):
        detector(FrozenEstimator(Autoencoder(1))).fit(X)


@pytest.mark.untrained
@pytest.mark.parametrize("as_container", [np.asarray, pd.DataFrame])
def test_held_out_rows_are_the_last_and_not_trained_on(as_container):
    rows = as_container(X)
    model = detector(held_out=0.25).fit(rows)
    alone = Autoencoder(1, **TINY).fit(rows[:150])
    assert_array_equal(model.score_samples(rows), alone.score_samples(rows))
    expected = np.percentile(alone.score_samples(rows[150:]), 10)
    assert_allclose(model.offset_, expected)


@pytest.mark.untrained
def test_held_out_rows_of_a_series_start_with_whole_windows():
    inside = make_pipeline(SlidingWindow(6), WINDOWED)
    model = detector(inside, held_out=0.5).fit(SERIES)
    alone = clone(inside).fit(SERIES[:30])
    expected = np.percentile(alone.score_samples(SERIES[30:]), 10)
    assert_allclose(model.offset_, expected)
    assert not np.isnan(inside[0].fit(SERIES[:30]).transform(SERIES[30:])).any()


# --------------------------------------------------------------------------------------
# What is odd, and where
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
def test_scores_of_values_average_to_those_of_samples():
    model = detector().fit(X)
    values = model.score_features(X)
    copies, scale = model.autoencoder_.reconstruct(X), X.std(axis=0)
    assert_allclose(values, -(((X - copies) / scale) ** 2), rtol=1e-3, atol=1e-6)
    assert_allclose(values.mean(axis=1), model.score_samples(X))


@pytest.mark.untrained
@pytest.mark.parametrize("outside", [True, False], ids=["outside", "inside"])
def test_scores_of_values_name_the_step_of_a_window(outside):
    windows = SlidingWindow(6).fit(SERIES)
    model = detector(WINDOWED if outside else make_pipeline(windows, WINDOWED))
    given = windows.fit_transform(SERIES) if outside else SERIES
    values = model.fit(given).score_features(given)
    assert values.shape == (60, 6, 1)
    assert_array_equal(np.isnan(values), np.isnan(windows.fit_transform(SERIES)))
    assert_allclose(np.nanmean(values, axis=(1, 2)), model.score_samples(given))


@pytest.mark.untrained
def test_sample_without_a_value_is_neither_normal_nor_an_outlier():
    windows = SlidingWindow(4).fit_transform(SERIES).copy()
    windows[[20, 40]] = np.nan
    model = detector(WINDOWED).fit(windows)
    assert_array_equal(np.flatnonzero(np.isnan(model.score_samples(windows))), [20, 40])
    assert_array_equal(np.flatnonzero(model.predict(windows) == 0), [20, 40])
    assert (model.predict(windows) == -1).sum() == 6  # A tenth of 58, rounded up.
    known = model.score_samples(windows)[~np.isnan(windows).all(axis=(1, 2))]
    assert_allclose(model.autoencoder_.score(windows), known.mean())


@pytest.mark.untrained
def test_threshold_of_nothing_observed_is_refused():
    windows = np.ones((20, 4, 1))
    windows[10:] = np.nan
    with pytest.raises(ValueError, match=r"threshold needs .* Got none among 10;"):
        detector(WINDOWED, held_out=0.5).fit(windows)


@pytest.mark.untrained
@pytest.mark.parametrize("outside", [True, False], ids=["outside", "inside"])
def test_averaged_scores_are_means_over_the_windows_that_hold_a_row(outside):
    windows = SlidingWindow(4)
    rows = SERIES.copy()
    rows.iloc[[25, 41]] = np.nan
    if outside:
        model = make_pipeline(windows, detector(WINDOWED, average_windows=True))
        by_value = make_pipeline(windows, detector(WINDOWED)).fit(rows)
        values = by_value[-1].score_features(by_value[0].transform(rows))[:, :, 0]
    else:
        inside = make_pipeline(windows, WINDOWED)
        model = detector(inside, average_windows=True)
        values = detector(inside).fit(rows).score_features(rows)[:, :, 0]
    expected = [
        np.mean([values[i + ahead, 3 - ahead] for ahead in range(min(4, 60 - i))])
        for i in range(60)
    ]
    model = pickle.loads(pickle.dumps(model.fit(rows)))
    assert_allclose(model.score_samples(rows), expected, rtol=1e-5)
    assert_array_equal(np.flatnonzero(model.predict(rows) == 0), [25, 41])


def test_rows_are_not_averaged_over_windows():
    with pytest.raises(ValueError, match="Got Autoencoder; set average_windows=False"):
        detector(average_windows=True).fit(X)
