import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from utilsforecast import losses

from skrnn import (
    AutoregressiveForecaster,
    SkippedSeriesWarning,
    backtest,
    error_by_step,
)
from tests.support.series import each_index, make_daily, refusal

CV = TimeSeriesSplit(3, test_size=4)


@pytest.fixture
def series():
    return make_daily()[1]


@pytest.fixture
def results(series):
    forecaster = AutoregressiveForecaster(Ridge(), window=3)
    return backtest(forecaster, None, series, CV)


def make_results(y_true, y_pred, **columns):
    """One forecast of rows that follow row 9."""
    n_rows = len(y_true)
    known = {"series": 0, "fold": 0, "step": np.arange(1, n_rows + 1)}
    rows = {"stamp": np.arange(10, 10 + n_rows), "y_true": y_true, "y_pred": y_pred}
    return pd.DataFrame({**known, **rows, **columns})


def beside_utilsforecast(results, y, season):
    """Errors by step from another package, to which each forecast is a series."""
    frame = results.assign(unique_id=results["fold"].astype(str), ds=results["stamp"])
    frame = frame.rename(columns={"y_true": "y"})
    known = []
    for name, fold in frame.groupby("unique_id"):
        train = y[y.index < fold["ds"].iloc[0]]
        known.append(pd.DataFrame({"unique_id": name, "ds": train.index, "y": train}))
    known = pd.concat(known, ignore_index=True)
    errors = {}
    for step, rows in frame.groupby("step"):
        rows = rows[["unique_id", "ds", "y", "y_pred"]]
        smape = losses.smape(rows, ["y_pred"])["y_pred"].mean()
        mase = losses.mase(rows, ["y_pred"], season, known)["y_pred"].mean()
        errors[step] = {"sMAPE": 200 * smape, "MASE": mase}  # Theirs is up to 1.
    return pd.DataFrame.from_dict(errors, orient="index")


@pytest.mark.parametrize("season", [1, 7])
def test_relative_errors_are_those_of_utilsforecast(results, series, season):
    errors = error_by_step(results, series, season=season)
    expected = beside_utilsforecast(results, series, season)
    for name in ("sMAPE", "MASE"):
        assert_allclose(errors[name], expected[name])


def test_errors_of_a_step_are_averaged_over_folds(results):
    errors = error_by_step(results)
    assert list(errors) == ["MAE", "RMSE", "sMAPE"]
    assert errors.index.tolist() == [1, 2, 3, 4]
    assert errors.index.name == "step"
    for step in errors.index:
        off = (results["y_true"] - results["y_pred"])[results["step"] == step]
        assert len(off) == 3
        assert_allclose(errors.loc[step, "MAE"], np.abs(off).mean())
        assert_allclose(errors.loc[step, "RMSE"], np.sqrt((off**2).mean()))


def test_percentage_error_is_200_for_another_sign_and_0_where_both_are_0():
    errors = error_by_step(make_results([0.0, 1.0, 0.0, 1.0], [0.0, -1.0, 2.0, 3.0]))
    assert errors["sMAPE"].tolist() == [0.0, 200.0, 200.0, 100.0]


def test_scaled_error_is_relative_to_the_steps_before_the_origin():
    # Before row 10 neighbours differ by 2, and rows a season of two ago by 4.
    y = np.r_[2.0 * np.arange(10), 50.0, -50.0]
    results = make_results([50.0, -50.0], [51.0, -44.0])
    assert error_by_step(results, y)["MASE"].tolist() == [0.5, 3.0]
    assert error_by_step(results, y, season=2)["MASE"].tolist() == [0.25, 1.5]


def test_rows_in_a_gap_of_cv_are_behind_the_origin():
    y = np.r_[2.0 * np.arange(10), 500.0, 50.0]
    results = make_results([50.0], [51.0], step=2, stamp=11)
    assert error_by_step(results, y)["MASE"].tolist() == [0.5]


@each_index
def test_origin_is_found_on_each_index(index):
    y = pd.Series(np.r_[2.0 * np.arange(50), 500.0, np.zeros(9)], index)
    cv = [(np.arange(50), np.arange(52, 55))]  # Behind the jump in the gap of two rows.
    results = backtest(AutoregressiveForecaster(Ridge()), None, y, cv)
    assert results["step"].tolist() == [3, 4, 5]
    errors = error_by_step(results, y)
    assert_allclose(errors["MASE"], errors["MAE"] / 2)


def test_series_may_have_names_of_several_levels():
    y = pd.Series(2.0 * np.arange(11), pd.RangeIndex(11))
    y = pd.concat({("load", "north"): y, ("load", "south"): 10 * y})
    results = make_results([0.0, 0.0], [1.0, 10.0], step=1, stamp=10)
    results["series"] = [("load", "north"), ("load", "south")]
    assert error_by_step(results, y)["MASE"].tolist() == [0.5]


def test_stamps_that_a_hole_leaves_out_are_steps_too():
    index = pd.Index([*range(10), 13, 14])
    y = pd.Series(np.r_[2.0 * np.arange(10), 500.0, 50.0], index)
    results = make_results([50.0], [51.0], step=5, stamp=14)
    assert error_by_step(results, y)["MASE"].tolist() == [0.5]


def test_each_series_is_scaled_by_its_own_past():
    random = np.random.default_rng(3)
    index = pd.MultiIndex.from_product([["a", "b"], range(30)])
    y = pd.Series(random.normal(size=60).cumsum(), index)
    parts = []
    for name in ("a", "b"):
        part = backtest(AutoregressiveForecaster(Ridge()), None, y[name], CV)
        parts.append(part.assign(series=name))
    errors = error_by_step(pd.concat(parts), y)
    alone = [error_by_step(p.assign(series=0), y[p["series"].iloc[0]]) for p in parts]
    assert_allclose(errors["MASE"], (alone[0]["MASE"] + alone[1]["MASE"]) / 2)
    wide = y.unstack(0)
    pd.testing.assert_frame_equal(error_by_step(pd.concat(parts), wide), errors)
    # Units do not matter to what is relative.
    y = y * np.repeat([1.0, 1000.0], 30)
    parts[1].loc[:, ["y_true", "y_pred"]] *= 1000.0
    again = error_by_step(pd.concat(parts), y)
    assert_allclose(again[["sMAPE", "MASE"]], errors[["sMAPE", "MASE"]])


def test_each_target_is_scaled_by_its_own_past():
    y = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"])
    results = backtest(AutoregressiveForecaster(Ridge()), None, y, CV)
    scaled = y.assign(b=100 * y["b"])
    times = np.where(results["target"] == "b", 100, 1)
    of_scaled = results.assign(
        y_true=times * results["y_true"], y_pred=times * results["y_pred"]
    )
    assert_allclose(
        error_by_step(of_scaled, scaled)["MASE"], error_by_step(results, y)["MASE"]
    )


def test_errors_of_chosen_rows_need_nothing_of_the_others(results, series):
    errors = error_by_step(results[results["step"] == 3], series)
    fold = results["fold"] == 1
    assert_allclose(errors.loc[3], error_by_step(results, series).loc[3])
    assert len(error_by_step(results[fold], series)) == 4


def test_intervals_are_judged_by_coverage_and_width():
    bands = {"lower": [0.0, 1.0], "upper": [2.0, 4.0]}
    results = make_results([2.0, 0.0], [1.0, 2.0], step=1, **bands)
    errors = error_by_step(results)
    assert list(errors) == ["MAE", "RMSE", "sMAPE", "coverage", "mean_width"]
    assert errors.loc[1, ["coverage", "mean_width"]].tolist() == [0.5, 2.5]


def test_missing_observations_are_left_out(series):
    results = make_results([1.0, np.nan, 3.0], [2.0, 0.0, 5.0], step=[1, 1, 2])
    assert error_by_step(results)["MAE"].tolist() == [1.0, 2.0]
    gone = make_results([1.0, np.nan], [2.0, 0.0])
    assert error_by_step(gone).index.tolist() == [1]


def test_missing_observations_before_the_origin_are_left_out():
    y = np.r_[2.0 * np.arange(10), 50.0]
    y[4] = np.nan
    assert error_by_step(make_results([50.0], [51.0]), y)["MASE"].tolist() == [0.5]


def test_scaled_error_of_a_series_that_never_moved_is_infinite():
    results = make_results([1.0, 1.0], [2.0, 1.0])
    errors = error_by_step(results, np.ones(12))["MASE"]
    assert errors[1] == np.inf
    assert np.isnan(errors[2])


def test_results_are_left_as_they_were(results, series):
    before = results.copy()
    error_by_step(results, series)
    pd.testing.assert_frame_equal(results, before)


def test_table_of_other_columns_is_refused(results):
    with refusal("none named fold, y_pred; pass the frame that backtest returns"):
        error_by_step(results.drop(columns=["fold", "y_pred"]))


def test_another_series_than_the_one_backtested_is_refused(results, series):
    with refusal("none that equals .*2024"):
        error_by_step(results, series.to_numpy())
    with refusal("none named 'load'; pass"):
        error_by_step(results, series.rename("other"))


def test_season_longer_than_the_past_is_refused(results, series):
    with refusal("48 of 'load'. Got 60"):
        error_by_step(results, series, season=60)


def test_forecasts_without_a_season_before_them_have_no_scaled_error(results, series):
    later = results[results["fold"] > 0]
    expected = error_by_step(later, series, season=48)["MASE"]
    with pytest.warns(SkippedSeriesWarning, match="MASE leaves out .*'load'"):
        found = error_by_step(results, series, season=48)["MASE"]
    pd.testing.assert_series_equal(found, expected)


@pytest.mark.parametrize("season", [0, -1, 1.5])
def test_season_must_be_a_number_of_rows(results, series, season):
    with refusal("season", (ValueError, TypeError)):
        error_by_step(results, series, season=season)


def test_pinball_loss_equals_that_of_utilsforecast():
    random = np.random.RandomState(0)
    levels = [0.05, 0.4, 0.5, 0.9]
    columns = {f"q{level:g}": random.normal(size=6) for level in levels}
    results = make_results(random.normal(size=6), random.normal(size=6), **columns)
    results["step"] = [1, 2] * 3
    frame = results.assign(unique_id=results["step"], y=results["y_true"])
    theirs = losses.mqloss(
        frame, {"model": list(columns)}, np.array(levels), target_col="y"
    )
    ours = error_by_step(results)
    assert_allclose(ours["pinball"], theirs["model"])


def test_crps_of_many_levels_is_that_of_an_ensemble():
    # Members of an ensemble are its quantiles at (i - 0.5) / m.
    random = np.random.RandomState(0)
    members, y = np.sort(random.normal(size=20)), 0.3
    pairs = np.abs(members[:, None] - members).mean() / 2
    expected = np.abs(members - y).mean() - pairs
    levels = (np.arange(20) + 0.5) / 20
    columns = {
        f"q{level:g}": [value] for level, value in zip(levels, members, strict=True)
    }
    ours = error_by_step(make_results([y], [0.0], **columns))
    assert_allclose(ours["CRPS"], expected)


def test_crps_of_the_median_alone_is_the_absolute_error():
    ours = error_by_step(make_results([1.0, 5.0], [3.0, 3.0], **{"q0.5": [3.0, 3.0]}))
    assert_allclose(ours["CRPS"], ours["MAE"])


def test_other_columns_are_no_quantiles():
    ours = error_by_step(make_results([1.0], [3.0], quarter=1, q="a", **{"q7": [2.0]}))
    assert "pinball" not in ours
