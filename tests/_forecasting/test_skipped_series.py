import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import (
    AutoregressiveForecaster,
    SkippedSeriesWarning,
    backtest,
    error_by_step,
)
from tests.support.series import no_columns, refusal

DAYS = pd.date_range("2024-01-01", periods=60, freq="D")
WAVE = pd.Series(np.sin(np.arange(60) / 3) + np.arange(60) / 50, DAYS)

as_form = pytest.mark.parametrize("wide", [False, True], ids=["long", "wide"])


def ridge(wide, **params):
    columns = "series" if wide else "targets"
    return AutoregressiveForecaster(Ridge(), window=3, columns=columns, **params)


def panel(wide, **series):
    """Series by name, side by side or one below the other."""
    return pd.DataFrame(series) if wide else pd.concat(series)


def only(match):
    """Expect a single warning, about skipped series."""
    return pytest.warns(SkippedSeriesWarning, match=match)


def one_by_one(table, wide):
    """Columns of a long or a wide table by series."""
    return table if wide else table.unstack(level=0)


@as_form
def test_series_that_cannot_start_leave_the_others_as_they_are(wide):
    y = {"a": WAVE[:50], "b": 2 * WAVE[10:50]}
    alone = ridge(wide).fit(None, panel(wide, **y)).forecast(4)
    y |= {"young": WAVE[48:50], "not begun": WAVE[:50] * np.nan}
    with only("left out 2 of 4 series.* 'young', 'not begun' of training"):
        forecaster = ridge(wide).fit(None, panel(wide, **y))
    left_out = forecaster.skipped_series_
    assert list(left_out.index) == ["young", "not begun"]
    assert left_out["training"].all()
    assert left_out["forecasts"].all()
    assert not left_out["calibration"].any()
    with only("The forecast leaves out 'young', 'not begun'"):
        forecast = one_by_one(forecaster.forecast(4), wide)
    assert_allclose(forecast[["a", "b"]], one_by_one(alone, wide))
    if wide:
        assert forecast[["young", "not begun"]].isna().all(axis=None)
    else:
        assert set(forecast) == {"a", "b"}
    assert pickle.loads(pickle.dumps(forecaster)).skipped_series_.equals(left_out)


def test_the_warning_comes_once():
    y = panel(False, a=WAVE, young=WAVE[58:], other=WAVE[59:])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        forecaster = ridge(False, calibration=10).fit(None, y)
    assert [each.category for each in caught] == [SkippedSeriesWarning]
    assert forecaster.skipped_series_["calibration"].all()


def test_a_series_too_short_to_learn_from_is_forecast():
    y = panel(False, a=WAVE, short=WAVE[-3:])
    with only("'short' of training"):
        forecaster = ridge(False).fit(None, y)
    assert forecaster.skipped_series_.loc["short"].to_list() == [True, False, False]
    assert len(forecaster.forecast(2)) == 4


def test_series_of_a_single_forecaster_are_none():
    assert ridge(False).fit(None, WAVE).skipped_series_ is None


def test_all_series_too_short_is_refused_by_name():
    y = panel(False, a=pd.concat([WAVE[:40], WAVE[42:44]]), b=WAVE[:2])
    with refusal("starts from the last 3 rows. Got 2 of series 'a' .*fill the hole"):
        ridge(False).fit(None, y)
    with refusal("y must have a value. Got NaN in each row"):
        ridge(True).fit(None, panel(True, a=WAVE * np.nan, b=WAVE * np.nan))


def test_series_that_is_asked_for_and_cannot_start_is_refused_by_name():
    y = panel(False, a=WAVE[:50], young=WAVE[48:50])
    with only("'young'"):
        forecaster = ridge(False).fit(None, y)
    rows = pd.MultiIndex.from_product([["a", "young"], DAYS[50:52]])
    with refusal("Got 2 of series 'young' up to 2024-02-19.*leave the series out of X"):
        forecaster.predict(no_columns(rows))
    assert len(forecaster.predict(no_columns(rows[:2]))) == 2
    history = pd.concat({"young": WAVE[47:50]})
    assert len(forecaster.predict(no_columns(rows[2:]), history=history)) == 2


def test_a_network_starts_from_no_series_that_is_too_short():
    class TakesMissing(Ridge):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.input_tags.allow_nan = True
            return tags

    forecaster = AutoregressiveForecaster(TakesMissing(), window=3)
    with only("'young' of training; 'young' of forecasts"):
        forecaster.fit(None, panel(False, a=WAVE, young=WAVE[58:]))


@as_form
def test_intervals_leave_out_what_forecasts_do(wide):
    y = panel(wide, a=WAVE[:50], b=2 * WAVE[:50], young=WAVE[48:50])
    with only("'young' of calibration"):
        forecaster = ridge(wide, calibration=20).fit(None, y)
    names = ["a", "b"]
    index = DAYS[50:52] if wide else pd.MultiIndex.from_product([names, DAYS[50:52]])
    if not wide:
        assert len(forecaster.predict_interval(no_columns(index), 0.8)) == 4
        return
    with only("The forecast leaves out 'young'"):
        band = forecaster.predict_interval(no_columns(index), 0.8)
    assert band["young"].isna().all(axis=None)
    assert band[names].notna().all(axis=None)


@as_form
@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("first", [40, 44])
def test_backtest_leaves_a_young_series_out_of_the_folds_it_cannot_start_in(
    wide, refit, first
):
    y = panel(wide, a=WAVE, b=2 * WAVE, late=WAVE[first:])
    # Folds begin behind the rows 14, 29 and 44.
    if first == 40 and not wide:
        results = backtest(ridge(wide), None, y, TimeSeriesSplit(3), refit=refit)
    else:
        folds = "0, 1$" if first == 40 else ("0, 1, 2" if wide else "2")
        with only(f"'late' of fold {folds.rstrip('$')}"):
            results = backtest(ridge(wide), None, y, TimeSeriesSplit(3), refit=refit)
    by_fold = results.groupby("fold")["series"].unique().map(set)
    expected = [{"a", "b"}] * 3
    if first == 40:
        expected[2] = {"a", "b", "late"}
    assert by_fold.to_list() == expected
    assert results["y_pred"].notna().all()
    alone = backtest(
        ridge(wide), None, panel(wide, a=WAVE, b=2 * WAVE), TimeSeriesSplit(3)
    )
    in_first = results[results["fold"] == 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(in_first, alone[alone["fold"] == 0], rtol=1e-9)


def test_backtest_with_an_ended_series_goes_on_without_it():
    y = panel(True, a=WAVE, ended=WAVE[:35])
    results = backtest(ridge(True), None, y, TimeSeriesSplit(3))
    observed = results.dropna(subset="y_true").groupby("fold")["series"].unique()
    assert observed.map(list).to_list() == [["a", "ended"], ["a", "ended"], ["a"]]


def test_backtest_of_a_search_and_of_intervals_leaves_out_a_young_series():
    y = panel(False, a=WAVE, b=2 * WAVE, late=WAVE[44:])
    search = GridSearchCV(
        ridge(False, calibration=5),
        {"estimator__alpha": [1.0]},
        cv=[(np.arange(20), np.arange(2))],
        scoring=lambda forecaster, X, y: 0.0,
    )
    folds = [(np.arange(n), np.arange(n, n + 3)) for n in (40, 46)]
    with only("'late' of fold 1"):
        results = backtest(search, no_columns(y.index), y, folds, coverage=0.5)
    assert set(results["series"]) == {"a", "b"}
    assert results["upper"].notna().sum() > 0


def test_backtest_without_any_series_left_is_refused():
    y = panel(False, a=WAVE[:20], b=WAVE[:20], young=WAVE[19:22])
    folds = [(np.arange(20), np.arange(20, 22))]
    with refusal("enough training rows to start from. Got none for 'young'"):
        backtest(ridge(False), None, y, folds)


@as_form
def test_mase_leaves_out_series_without_a_season(wide):
    y = panel(wide, a=WAVE, b=2 * WAVE, late=WAVE[40:])
    folds = [(np.arange(45), np.arange(45, 50))]
    results = backtest(ridge(wide), None, y, folds)
    known = error_by_step(results[results["series"] != "late"], y, season=7)
    with only("MASE leaves out forecasts of 'late'"):
        found = error_by_step(results, y, season=7)
    assert_allclose(found["MASE"], known["MASE"])
    assert (found["MAE"] != known["MAE"]).all()
    with refusal("season must be less than the rows"):
        error_by_step(results[results["series"] == "late"], y, season=7)
