from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit

from skrnn import AutoregressiveForecaster, GRURegressor, backtest, error_by_step
from tests.support.series import make_daily, no_columns, refusal

WIDTH = 2.0


class Drift(RegressorMixin, BaseEstimator):
    """Continue each series by the mean step of its training rows.

    A forecaster whose every number can be computed by hand, with all that a backtest
    asks of one: `update` moves the last known row on and keeps the mean step.
    """

    fits = 0

    def __init__(self, columns="targets", calibration=0):
        self.columns = columns
        self.calibration = calibration

    def fit(self, X, y):
        Drift.fits += 1
        self.slope_, self.last_ = {}, {}
        for name, rows in parts(y):
            self.slope_[name] = (rows[-1] - rows[0]) / (len(rows) - 1)
        return self.update(X, y)

    def update(self, X, y):
        self.last_.update({name: rows[-1] for name, rows in parts(y)})
        return self

    def predict(self, X):
        y = [None] * len(X)
        for name, places in parts(pd.Series(range(len(X)), getattr(X, "index", None))):
            for step, place in enumerate(places, start=1):
                y[place] = self.last_[name] + step * self.slope_[name]
        return np.array(y)

    def predict_interval(self, X, coverage=0.9):
        y = self.predict(X)
        return np.stack([y - WIDTH * coverage, y + WIDTH * coverage], axis=-1)


def parts(y):
    """Each series of y with its rows; one named None without a MultiIndex."""
    if isinstance(getattr(y, "index", None), pd.MultiIndex):
        names = y.index.droplevel(-1)
        return [(name, y[names == name].to_numpy()) for name in names.unique()]
    return [(None, np.asarray(y))]


make_forecaster = partial(AutoregressiveForecaster, Ridge(), window=3)
FORECASTERS = [Drift(), AutoregressiveForecaster(Ridge(), window=3)]
each_forecaster = pytest.mark.parametrize("forecaster", FORECASTERS)
each_refit = pytest.mark.parametrize("refit", [True, False])
CV = TimeSeriesSplit(3, test_size=4)


@pytest.fixture
def daily():
    return make_daily()


def make_long(n_stamps=24, names=("north", "south")):
    """Two series on the same days, laid below one another."""
    stamps = pd.date_range("2024-01-01", periods=n_stamps, freq="D")
    index = pd.MultiIndex.from_product([names, stamps], names=["place", "day"])
    values = np.random.default_rng(2).normal(size=len(index)).cumsum()
    return pd.Series(values, index, name="load")


def fold_of(results, fold):
    return results[results["fold"] == fold]


# --------------------------------------------------------------------------------------
# What is predicted


@each_forecaster
@pytest.mark.parametrize("container", ["frame", "array", "only index"])
def test_results_are_those_of_a_loop_over_the_folds(daily, forecaster, container):
    X, y = daily
    if container == "array":
        X, y = X.to_numpy(), y.to_numpy()
    X = X[[]] if container == "only index" else X
    results = backtest(forecaster, X, y, CV)
    for fold, (train, test) in enumerate(CV.split(X)):
        rows = fold_of(results, fold)
        a, b = slice(0, len(train)), slice(test[0], test[-1] + 1)
        fitted = clone(forecaster).fit(X[a], y[a])
        assert_array_equal(rows["y_pred"], fitted.predict(X[b]))
        assert_array_equal(rows["y_true"], y[b])
        assert_array_equal(rows["step"], [1, 2, 3, 4])
        assert_array_equal(rows["stamp"], test if container == "array" else y.index[b])


def test_without_refit_one_forecaster_goes_on_by_update(daily):
    X, y = daily
    results = backtest(make_forecaster(), X, y, CV, refit=False)
    known = make_forecaster().fit(X[:48], y[:48])
    for fold, origin in enumerate([48, 52, 56]):
        if fold > 0:
            known.update(X[origin - 4 : origin], y[origin - 4 : origin])
        expected = known.predict(X[origin : origin + 4])
        assert_allclose(fold_of(results, fold)["y_pred"], expected, rtol=1e-12)


def test_update_gets_the_rows_of_a_gap_as_well(daily):
    X, y = daily
    cv = [(np.arange(20), np.arange(25, 28)), (np.arange(40, 50), np.arange(50, 60))]
    results = backtest(make_forecaster(), X, y, cv, refit=False)
    known = make_forecaster().fit(X[:20], y[:20]).update(X[20:50], y[20:50])
    expected = known.predict(X[50:])
    assert_allclose(fold_of(results, 1)["y_pred"], expected, rtol=1e-12)


@pytest.mark.parametrize(("refit", "fits"), [(True, 3), (False, 1)])
def test_without_refit_only_one_fold_is_trained(daily, refit, fits):
    Drift.fits = 0
    backtest(Drift(), *daily, CV, refit=refit)
    assert Drift.fits == fits


@each_refit
def test_order_of_the_folds_changes_nothing_but_their_numbers(daily, refit):
    X, y = daily
    splits = list(CV.split(X))
    order = [2, 0, 1]
    mixed = backtest(
        make_forecaster(), X, y, [splits[i] for i in order], refit=refit
    ).replace({"fold": dict(enumerate(order))})
    in_order = backtest(make_forecaster(), X, y, splits, refit=refit)
    pd.testing.assert_frame_equal(
        mixed.sort_values(["fold", "step"], ignore_index=True), in_order
    )
    assert mixed["fold"].unique().tolist() == order


@each_refit
@pytest.mark.parametrize("fold", [0, 1, 2])
def test_values_after_the_origin_change_no_prediction(daily, refit, fold):
    X, y = daily
    origin = 48 + 4 * fold
    changed = y.where(np.arange(60) < origin, 1e6)
    forecaster = make_forecaster(calibration=20)
    settings = {"coverage": 0.5, "refit": refit}
    before = backtest(forecaster, X, y, CV, **settings)
    after = backtest(forecaster, X, changed, CV, **settings)
    predicted = ["step", "stamp", "y_pred", "lower", "upper"]
    pd.testing.assert_frame_equal(
        fold_of(after, fold)[predicted], fold_of(before, fold)[predicted]
    )
    assert (fold_of(after, fold)["y_true"] == 1e6).all()


@pytest.mark.parametrize("forecaster", [*FORECASTERS, Drift(calibration=3)])
def test_parallel_folds_give_the_same_results(daily, forecaster):
    X, y = daily
    serial = backtest(forecaster, X, y, CV)
    with joblib.parallel_config("threading"):  # Processes are in test_clusters.py.
        parallel = backtest(forecaster, X, y, CV, n_jobs=2)
    pd.testing.assert_frame_equal(parallel, serial)


@each_forecaster
def test_forecaster_is_left_as_it_was(daily, forecaster):
    X, y = daily
    fitted = clone(forecaster).fit(X[:20], y[:20])
    before = fitted.predict(X[20:30])
    results = backtest(fitted, X, y, CV)
    assert_array_equal(fitted.predict(X[20:30]), before)
    # What it has learned before is forgotten in the folds.
    pd.testing.assert_frame_equal(results, backtest(forecaster, X, y, CV))


def test_search_is_tuned_in_each_fold(daily):
    X, y = daily
    forecaster = AutoregressiveForecaster(Ridge(), window=3)
    search = GridSearchCV(forecaster, {"window": [2, 5]}, cv=TimeSeriesSplit(2))
    results = backtest(search, X, y, CV)
    best = search.fit(X[:48], y[:48]).best_estimator_
    assert_array_equal(fold_of(results, 0)["y_pred"], best.predict(X[48:52]))


# --------------------------------------------------------------------------------------
# The folds


def test_integer_cv_is_a_number_of_forecasts_in_time_order(daily):
    X, y = daily
    expected = backtest(make_forecaster(), X, y, TimeSeriesSplit(4))
    pd.testing.assert_frame_equal(backtest(make_forecaster(), X, y, 4), expected)


def test_folds_may_be_masks(daily):
    X, y = daily
    rows = np.arange(60)
    by_mask = backtest(make_forecaster(), X, y, [(rows < 50, rows >= 50)])
    by_number = backtest(make_forecaster(), X, y, [(rows[:50], rows[50:])])
    pd.testing.assert_frame_equal(by_mask, by_number)


@each_forecaster
@pytest.mark.parametrize("container", ["frame", "array"])
def test_rows_in_the_gap_of_cv_are_predicted_and_left_out(daily, forecaster, container):
    X, y = daily if container == "frame" else [part.to_numpy() for part in daily]
    results = backtest(forecaster, X, y, TimeSeriesSplit(2, test_size=4, gap=3))
    for fold, origin in enumerate([49, 53]):
        fitted = clone(forecaster).fit(X[:origin], y[:origin])
        expected = np.asarray(fitted.predict(X[origin : origin + 7]))[3:]
        assert_array_equal(fold_of(results, fold)["y_pred"], expected)
        assert fold_of(results, fold)["step"].tolist() == [4, 5, 6, 7]


def test_steps_count_the_stamps_that_a_hole_leaves_out(daily):
    X, y = daily
    kept = np.r_[:50, 53:60]
    cv = [(np.arange(48), np.arange(48, 54))]
    X = X[[]]  # Columns known in advance would have to be known for the hole.
    results = backtest(make_forecaster(), X.iloc[kept], y.iloc[kept], cv)
    assert results["step"].tolist() == [1, 2, 6, 7, 8, 9]


def test_months_are_one_step_each():
    index = pd.date_range("2020-01-31", periods=20, freq="ME")
    y = pd.Series(np.arange(20.0), index)
    results = backtest(AutoregressiveForecaster(Ridge(), window=3), None, y, 2)
    assert results["step"].tolist() == [1, 2, 3, 4, 5, 6] * 2
    assert_array_equal(results["stamp"], index[8:])


# --------------------------------------------------------------------------------------
# The shape of y


def test_columns_of_the_results_are_in_the_documented_order(daily):
    X, y = daily
    names = ["series", "fold", "step", "stamp", "y_true", "y_pred"]
    assert list(backtest(make_forecaster(), X, y, CV)) == names
    results = backtest(Drift(calibration=1), X, y, CV, coverage=0.5)
    assert list(results) == [*names, "lower", "upper"]
    assert_allclose(results["upper"] - results["lower"], 2 * WIDTH * 0.5)
    assert_allclose(results["upper"] + results["lower"], 2 * results["y_pred"])


@pytest.mark.parametrize(
    ("y", "name"),
    [(np.arange(30.0), 0), (pd.Series(np.arange(30.0)), 0), (list(range(30)), 0)],
)
def test_series_without_a_name_is_called_0(y, name):
    results = backtest(Drift(), None, y, 2)
    assert (results["series"] == name).all()
    assert_array_equal(results["stamp"], np.arange(10, 30))
    assert_allclose(results["y_pred"], results["y_true"])


@each_forecaster
def test_targets_of_one_series_are_named_in_a_column_of_their_own(forecaster):
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["a", "b"])
    results = backtest(forecaster, None, y, [(np.arange(20), np.arange(20, 25))])
    assert list(results)[:4] == ["series", "target", "fold", "step"]
    assert (results["series"] == 0).all()
    predicted = clone(forecaster).fit(None, y[:20]).predict(no_columns(y.index[20:25]))
    for i, target in enumerate("ab"):
        rows = results[results["target"] == target]
        assert_array_equal(rows["y_true"], y[target][20:25])
        assert_array_equal(rows["y_pred"], np.asarray(predicted)[:, i])


@pytest.mark.parametrize("calibration", [0, 12])
def test_columns_that_are_series_give_their_names(calibration):
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["a", "b"])
    forecaster = make_forecaster(columns="series", calibration=calibration)
    results = backtest(
        forecaster, None, y, TimeSeriesSplit(2, test_size=2), coverage=0.5
    )
    assert "target" not in results
    assert results["series"].tolist() == ["a", "a", "b", "b"] * 2
    assert ("lower" in results) == bool(calibration)
    if calibration:
        middle = (results["lower"] + results["upper"]) / 2
        assert_allclose(middle, results["y_pred"])


@each_refit
@pytest.mark.parametrize("by_time", [False, True])
def test_series_below_one_another_are_split_by_their_stamps(refit, by_time):
    y = make_long()
    y = y.sort_index(level=[-1, 0]) if by_time else y
    results = backtest(Drift(), None, y, CV, refit=refit)
    assert len(results) == 3 * 4 * 2
    for name in ("north", "south"):
        alone = backtest(Drift(), None, y.xs(name), CV, refit=refit)
        rows = results[results["series"] == name].drop(columns="series")
        expected = alone.drop(columns="series")
        pd.testing.assert_frame_equal(rows.reset_index(drop=True), expected)


def test_several_levels_name_a_series_together():
    y = make_long(12)
    y = pd.concat({"load": y, "wind": -y}, names=["kind"])
    results = backtest(make_forecaster(), None, y, 2)
    names = [("load", "north"), ("load", "south"), ("wind", "north"), ("wind", "south")]
    assert results["series"].unique().tolist() == names


@each_refit
def test_series_that_begin_after_the_training_are_left_out(refit):
    y = make_long()
    late = y.index.get_level_values("day") >= "2024-01-15"  # Row 14; folds at 12 to 20.
    y = y[late | (y.index.get_level_values("place") == "north")]
    results = backtest(Drift(), None, y, CV, refit=refit)
    folds = results[results["series"] == "south"]["fold"].unique().tolist()
    assert folds == ([1, 2] if refit else [])


def test_test_rows_that_are_missing_stay_missing(daily):
    X, y = daily
    y.iloc[[57, 58]] = np.nan
    results = backtest(make_forecaster(), X, y, CV)
    assert results["y_true"].isna().sum() == 2
    assert results["y_pred"].notna().all()


# --------------------------------------------------------------------------------------
# What is refused


class Untrainable(Drift):
    def fit(self, X, y):
        raise AssertionError("nothing may be trained")


@each_refit
def test_test_rows_before_the_training_rows_are_refused(daily, refit):
    X, y = daily
    good = (np.arange(30), np.arange(30, 40))
    bad = (np.arange(10, 50), np.arange(5))
    with refusal(r"2024-01-01 .* in fold 1; use TimeSeriesSplit"):
        backtest(Untrainable(), X, y, [good, bad], refit=refit)
    with refusal(r"in fold 0; use TimeSeriesSplit"):
        backtest(Untrainable(), X, y, KFold(3), refit=refit)


def test_folds_without_rows_are_refused(daily):
    X, y = daily
    with refusal("10 and 0 in fold 0"):
        backtest(Untrainable(), X, y, [(np.arange(10), [])])


def test_folds_of_unknown_series_alone_are_refused():
    y = make_long()
    y = pd.concat(
        [y.xs("north", drop_level=False)[:12], y.xs("south", drop_level=False)[12:]]
    )
    with refusal("test rows of series that have training rows"):
        backtest(Untrainable(), None, y, 1 * [(np.arange(12), np.arange(12, 14))])


def test_going_on_needs_update(daily):
    X, y = daily
    with refusal("needs a forecaster that has update.* Got Ridge", TypeError):
        backtest(Ridge(), X, y, CV, refit=False)


@pytest.mark.parametrize("coverage", [0, 1, 1.5, -0.1])
def test_coverage_that_is_no_share_is_refused(daily, coverage):
    with refusal("coverage"):
        backtest(Untrainable(), *daily, CV, coverage=coverage)


def test_cv_that_gives_no_folds_is_refused(daily):
    with refusal("cross-validation object"):
        backtest(Untrainable(), *daily, "weekly")


def test_unsorted_stamps_are_refused(daily):
    X, y = daily
    with refusal("sort with"):
        backtest(Untrainable(), X[::-1], y[::-1], CV)


def test_stamps_off_the_common_spacing_are_refused():
    y = make_long(12)
    days = y.index.get_level_values("day") + pd.to_timedelta(
        12 * (y.index.get_level_values("place") == "south"), "h"
    )
    y.index = pd.MultiIndex.from_arrays([y.index.get_level_values("place"), days])
    with refusal("resample the series to a common step"):
        backtest(Untrainable(), None, y, 2)


def test_different_indexes_of_x_and_y_are_refused(daily):
    X, y = daily
    with refusal("X and y must have the same index"):
        backtest(Untrainable(), X[:59], y[1:], CV)


def test_errors_of_the_forecaster_come_through(daily):
    X, y = daily
    with refusal("infinity"):
        backtest(FORECASTERS[1], X.assign(sky=np.inf), y, CV)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"forecaster": []}, "forecaster must be an estimator with fit"),
        ({"refit": "yes"}, "refit must be an instance of"),
        ({"cv": [1, 2]}, "cv must be a number of folds.* Got 1 instead"),
        ({"cv": b"text"}, "cv must be a number of folds"),
        ({"y": 3.0}, "y must be a table or an array.* Got float instead"),
        ({"X": {"a": [1]}}, "X must be a table or an array.* Got dict instead"),
    ],
)
def test_arguments_of_another_kind_are_refused_by_name(change, match):
    forecaster = AutoregressiveForecaster(LinearRegression(), window=2)
    settings = {"forecaster": forecaster, "X": None, "y": np.arange(12.0), "cv": 2}
    with pytest.raises(TypeError, match=match):
        backtest(**{**settings, **change})


def test_no_fold_is_refused():
    forecaster = AutoregressiveForecaster(LinearRegression(), window=2)
    with pytest.raises(ValueError, match="cv must give at least one fold"):
        backtest(forecaster, None, np.arange(12.0), [])


def test_steps_are_counted_on_the_calendar_of_the_forecaster():
    offset = pd.offsets.CustomBusinessDay(weekmask="Mon Wed Sat")
    days = pd.date_range("2024-01-01", periods=40, freq=offset)
    y = pd.Series(np.random.default_rng(0).normal(size=40), days.to_numpy())
    forecaster = AutoregressiveForecaster(Ridge(), window=3, freq=offset)
    cv = TimeSeriesSplit(3)
    results = backtest(forecaster, None, y, cv=cv)
    rows = backtest(forecaster.set_params(freq=None), None, y.to_numpy(), cv=cv)
    for name in ("step", "y_pred"):
        assert_allclose(results[name], rows[name])
    scaled = error_by_step(results, y)["MASE"]
    assert_allclose(scaled, error_by_step(rows, y.to_numpy())["MASE"])


@each_refit
def test_quantiles_are_those_of_the_forecaster(daily, refit):
    X, y = daily
    levels = [0.2, 0.5, 0.7]
    forecaster = make_forecaster(calibration=12)
    cv = TimeSeriesSplit(2, test_size=4)
    results = backtest(forecaster, X, y, cv, refit=refit, quantiles=levels)
    names = ["y_pred", "q0.2", "q0.5", "q0.7", "lower", "upper"]
    assert list(results)[-6:] == names
    (train, test), _ = cv.split(X)
    first = forecaster.fit(X.iloc[train], y.iloc[train])
    expected = first.predict_quantiles(X.iloc[test], levels)
    got = results[results["fold"] == 0][names[1:4]]
    assert_allclose(got, expected)
    assert {"pinball", "CRPS"} <= set(error_by_step(results))


def test_quantiles_need_a_forecaster_that_has_them(daily):
    with pytest.raises(TypeError, match="quantiles needs a forecaster that has"):
        backtest(Drift(), *daily, 2, quantiles=[0.5])
    with pytest.raises(ValueError, match="quantiles must be numbers above 0"):
        backtest(make_forecaster(), *daily, 2, quantiles=[1.5])


@pytest.mark.untrained
def test_quantiles_of_a_network_give_intervals_as_far_as_they_reach(daily):
    X, y = daily
    network = GRURegressor(2, epochs=1, quantiles=(0.1, 0.5, 0.9), random_state=0)
    forecaster = AutoregressiveForecaster(network, window=3, horizon=2)
    cv = TimeSeriesSplit(2, test_size=2)
    results = backtest(forecaster, X, y, cv, coverage=0.8)
    assert (results["lower"] <= results["y_pred"]).all()
    assert "lower" not in backtest(forecaster, X, y, cv, coverage=0.9)
