import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skrnn import SlidingWindow
from tests.support.containers import CONTAINERS, dates, numbers, of_series
from tests.support.naive import rows_by_tick, windows_by_walking


@pytest.fixture(params=["array", *CONTAINERS])
def container(request):
    """Rows with their stamps as a frame, and as they are passed: X(frame)."""
    index, tick = CONTAINERS.get(request.param, CONTAINERS["default index"])
    values = np.random.default_rng(0).normal(size=(len(index), 2))
    frame = pd.DataFrame(values, index=index, columns=["temp", "wind"])
    array = request.param == "array"
    return SimpleNamespace(
        frame=frame,
        X=(lambda part: part.to_numpy()) if array else (lambda part: part),
        # An array has no stamps: its rows follow one another and no others.
        rows=lambda part: rows_by_tick(
            part.reset_index(drop=True) if array else part, tick
        ),
        past=lambda part: {} if array else rows_by_tick(part, tick),
    )


SHAPES = [
    {"window": 1},
    {"window": 3},
    {"window": 4, "gap": 1},
    {"window": 1, "gap": 3},
    {"window": 3, "gap": 2, "dilation": 2},
    {"window": 2, "dilation": 5},
]
each_shape = pytest.mark.parametrize(
    "shape", SHAPES, ids=lambda shape: "-".join(map(str, shape.values()))
)
SPLITTERS = [TimeSeriesSplit(2), KFold(3), KFold(3, shuffle=True, random_state=0)]


# --------------------------------------------------------------------------------------
# One row in, one window out
# --------------------------------------------------------------------------------------


@each_shape
def test_windows_of_training_rows_are_found_by_walking_back(container, shape):
    rows = container.rows(container.frame)
    got = SlidingWindow(**shape).fit_transform(container.X(container.frame))
    np.testing.assert_array_equal(got, windows_by_walking(rows, {}, **shape))


# The index has holes at the edges of folds.
@pytest.mark.filterwarnings("ignore::skrnn.ColdStartWarning")
@pytest.mark.parametrize(
    ("shape", "splitter"), list(zip(SHAPES, 2 * SPLITTERS, strict=True)), ids=str
)
def test_windows_of_test_rows_reach_back_into_runs_that_end_before(
    container, shape, splitter
):
    for train, test in splitter.split(container.frame):
        seen, new = container.frame.iloc[train], container.frame.iloc[test]
        got = SlidingWindow(**shape).fit(container.X(seen)).transform(container.X(new))
        expected = windows_by_walking(
            container.rows(new), container.past(seen), **shape
        )
        np.testing.assert_array_equal(got, expected)


def test_context_none_starts_every_run_cold(container):
    seen, new = container.frame.iloc[:16], container.frame.iloc[16:]
    transformer = SlidingWindow(3, context=None).fit(container.X(seen))
    expected = windows_by_walking(container.rows(new), {}, window=3)
    np.testing.assert_array_equal(transformer.transform(container.X(new)), expected)


@pytest.mark.parametrize("context", ["index", "always", None])
def test_fit_transform_is_fit_and_transform(container, context):
    X = container.X(container.frame)
    transformer = SlidingWindow(3, gap=1, dilation=2, context=context)
    np.testing.assert_array_equal(
        clone(transformer).fit_transform(X), transformer.fit(X).transform(X)
    )


def test_flat_form_is_the_same_windows_side_by_side(container):
    X = container.X(container.frame)
    windows = SlidingWindow(3, gap=1, dilation=2).fit_transform(X)
    flat = SlidingWindow(3, gap=1, dilation=2, flatten=True).fit_transform(X)
    np.testing.assert_array_equal(flat, windows.reshape(len(windows), -1))


def test_rows_after_a_row_never_change_its_window(container):
    transformer = SlidingWindow(4, gap=1)
    before = transformer.fit_transform(container.X(container.frame))
    stamps = container.frame.index.get_level_values(-1)
    for stamp in stamps[:: len(stamps) // 4]:
        changed = container.frame.copy()
        changed[stamps > stamp] = 1e9
        after = transformer.fit_transform(container.X(changed))
        np.testing.assert_array_equal(after[stamps <= stamp], before[stamps <= stamp])


# The index has holes at the edges of folds.
@pytest.mark.filterwarnings("ignore::skrnn.ColdStartWarning")
def test_test_rows_never_change_the_window_of_a_training_row(container):
    for train, test in SPLITTERS[2].split(container.frame):
        seen = container.X(container.frame.iloc[train])
        transformer = SlidingWindow(3, context="always")
        before = transformer.fit_transform(seen).copy()
        transformer.transform(container.X(container.frame.iloc[test] * 1e9))
        np.testing.assert_array_equal(transformer.transform(seen), before)


def test_inverse_transform_gives_the_rows_back(container):
    X = container.X(container.frame)
    for flatten in (False, True):
        transformer = SlidingWindow(3, dilation=2, flatten=flatten)
        windows = transformer.fit_transform(X)
        back = transformer.inverse_transform(windows)
        np.testing.assert_array_equal(back, container.frame)
        assert not np.shares_memory(back, windows)


def test_inverse_transform_needs_windows_that_hold_their_row():
    transformer = SlidingWindow(2, gap=1)
    windows = transformer.fit_transform(numbers(5))
    with pytest.raises(ValueError, match=r"needs gap=0.*Got gap=1"):
        transformer.inverse_transform(windows)


def test_inverse_transform_refuses_other_shapes():
    transformer = SlidingWindow(2).fit(numbers(5))
    with pytest.raises(ValueError, match=r"2 steps and 1 features.*\(5, 3, 1\)"):
        transformer.inverse_transform(np.zeros((5, 3, 1)))


# --------------------------------------------------------------------------------------
# Memory
# --------------------------------------------------------------------------------------


def owner_of(array):
    return array if array.base is None else owner_of(array.base)


@pytest.mark.parametrize("X", [np.ones((1000, 3)), pd.DataFrame(np.ones((1000, 3)))])
def test_windows_of_one_run_are_a_view_on_one_padded_copy(X):
    windows = SlidingWindow(50, gap=2, dilation=3).fit_transform(X)
    rows = owner_of(windows)
    of_row = 3 * 8
    assert windows.shape == (1000, 50, 3)
    assert windows.strides == (of_row, 3 * of_row, 8)
    assert rows.nbytes == (1000 + 2 + 49 * 3) * of_row
    assert np.shares_memory(windows[0], windows[3])
    assert not np.shares_memory(windows, np.asarray(X))


def test_windows_cannot_be_written_to():
    # One element stands in many windows.
    windows = SlidingWindow(3).fit_transform(np.ones((5, 1)))
    with pytest.raises(ValueError, match="read-only"):
        windows[0] = 0


def test_what_fit_keeps_is_the_end_of_the_rows():
    few, many = (
        SlidingWindow(5).fit(
            numbers(n, index=pd.date_range("2000", periods=n, freq="h"))
        )
        for n in (100, 100_000)
    )
    assert len(pickle.dumps(many)) < len(pickle.dumps(few)) + 100


# --------------------------------------------------------------------------------------
# Types, names and containers of scikit-learn
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float32", "float32"),
        ("float64", "float64"),
        ("float16", "float64"),
        ("int8", "float64"),
        ("bool", "float64"),
        ("Int64", "float64"),
    ],
)
def test_dtype_stays_or_becomes_float64(dtype, expected):
    X = pd.DataFrame({"v": [0, 1, 1, 0]}).astype(dtype)
    transformer = SlidingWindow(2).fit(X[:2])
    assert transformer.transform(X[2:]).dtype == expected
    assert transformer.fit_transform(X).dtype == expected


def test_missing_values_stay_missing():
    X = pd.DataFrame({"v": pd.array([1, None, 3], dtype="Int64")})
    got = SlidingWindow(2).fit_transform(X)[:, :, 0]
    np.testing.assert_array_equal(got, [[np.nan, 1], [1, np.nan], [np.nan, 3]])


@each_shape
def test_column_named_lag_is_the_column_shifted_by_that_lag(shape):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 2)), columns=["a", "b"])
    flat = SlidingWindow(**shape, flatten=True).set_output(transform="pandas")
    got = flat.fit_transform(X)
    lags = range(flat.gap, flat.gap + flat.window * flat.dilation, flat.dilation)
    names = [f"{name}_lag{lag}" for lag in reversed(lags) for name in ("a", "b")]
    expected = {name: X[name[0]].shift(int(name[5:])) for name in names}
    pd.testing.assert_frame_equal(got, pd.DataFrame(expected))


def test_columns_without_names_are_named_as_scikit_learn_does():
    transformer = SlidingWindow(2, flatten=True).fit(np.ones((3, 2)))
    assert list(transformer.get_feature_names_out()) == [
        "x0_lag1",
        "x1_lag1",
        "x0_lag0",
        "x1_lag0",
    ]
    assert transformer.get_feature_names_out(["a", "b"])[0] == "a_lag1"
    assert not hasattr(transformer, "feature_names_in_")


def test_windows_with_three_axes_have_the_names_of_the_features_of_a_step():
    transformer = SlidingWindow(2).set_output(transform="pandas").fit(numbers(3))
    assert list(transformer.get_feature_names_out()) == list(numbers(3))
    assert isinstance(transformer.transform(numbers(3)), np.ndarray)


@pytest.mark.parametrize("by_method", [True, False])
def test_pandas_output_is_a_frame_on_the_callers_index_or_an_array(
    container, by_method
):
    X, frame = container.X(container.frame), container.frame
    flat, deep = SlidingWindow(2, flatten=True), SlidingWindow(2)
    if by_method:
        flat, deep = (each.set_output(transform="pandas") for each in (flat, deep))
    with config_context(transform_output="default" if by_method else "pandas"):
        for got in (flat.fit_transform(X), flat.transform(X)):
            assert isinstance(got, pd.DataFrame)
            expected = frame.index if X is frame else pd.RangeIndex(len(frame))
            pd.testing.assert_index_equal(got.index, expected)
        windows = deep.fit_transform(X)
        assert isinstance(windows, np.ndarray)
        np.testing.assert_array_equal(windows, SlidingWindow(2).fit_transform(X))
        if X is frame:  # For a later step of a Pipeline, see RecurrentAutoencoder.
            pd.testing.assert_index_equal(windows.index, frame.index)


def test_default_output_comes_back_after_pandas_output():
    transformer = SlidingWindow(2, flatten=True).set_output(transform="pandas")
    assert isinstance(transformer.set_output().fit_transform(numbers(3)), pd.DataFrame)
    transformer.set_output(transform="default")
    assert isinstance(transformer.transform(numbers(3)), np.ndarray)


@pytest.mark.parametrize("flatten", [False, True])
def test_scaler_ahead_starts_warm_if_it_hands_the_index_on(flatten):
    X = numbers(30, index=dates("2024-01-01", "D"))
    pipeline = make_pipeline(StandardScaler(), SlidingWindow(3, flatten=flatten))
    cold = clone(pipeline).fit(X[:20]).transform(X[20:])
    warm = pipeline.set_output(transform="pandas").fit(X[:20]).transform(X[20:])
    scaled = (np.arange(18, 30) - X[:20]["v"].mean()) / X[:20]["v"].std(ddof=0)
    expected = np.lib.stride_tricks.sliding_window_view(scaled, 3)
    np.testing.assert_allclose(np.reshape(warm, (10, 3)), expected)
    np.testing.assert_array_equal(np.isnan(np.reshape(cold, (10, 3))[0]), [1, 1, 0])


def test_other_columns_than_in_fit_are_refused():
    X = pd.DataFrame(np.ones((4, 2)), columns=["a", "b"])
    transformer = SlidingWindow(2).fit(X)
    with pytest.raises(ValueError, match=r"feature names should match.*\n.*order"):
        transformer.transform(X[["b", "a"]])
    with pytest.raises(ValueError, match=r"feature names should match(.*\n)*- c"):
        transformer.transform(X.rename(columns={"a": "c"}))
    with (
        pytest.warns(UserWarning, match="X does not have valid feature names"),
        pytest.raises(ValueError, match="X has 3 features, but SlidingWindow is exp"),
    ):
        transformer.transform(np.ones((4, 3)))


@pytest.mark.parametrize("method", ["transform", "update"])
def test_columns_that_numbers_name_are_compared_as_well(method):
    X = pd.DataFrame(np.ones((4, 2)), columns=[7, 8])
    transformer = pickle.loads(pickle.dumps(SlidingWindow(2).fit(X)))
    later = X.set_axis(range(4, 8))
    for other in (later[[8, 7]], later.rename(columns={8: 9})):
        with pytest.raises(
            ValueError, match=r"must have the columns \[7, 8\] that fit"
        ):
            getattr(transformer, method)(other)
    getattr(transformer, method)(later)


# --------------------------------------------------------------------------------------
# Bad input
# --------------------------------------------------------------------------------------


def stamped(*stamps, dtype=None):
    return numbers(len(stamps), index=pd.Index(stamps, dtype=dtype))


JAN = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
BAD_ROWS = {
    "unsorted": (stamped(0, 1, 5, 3, 4, 2), ValueError, "unsorted stamp 3 after 5"),
    "duplicated": (
        stamped(*JAN[[0, 1, 1, 2]]),
        ValueError,
        "duplicated stamp 2024-01-02 00:00:00 after",
    ),
    "backwards": (numbers(4)[::-1], ValueError, r"unsorted stamp 2 after 3; sort with"),
    "unsorted series": (
        numbers(5, index=of_series((["a"], [0, 1]), (["b"], [7, 8, 6]))),
        ValueError,
        "unsorted stamp 6 of series 'b' after 8",
    ),
    "duplicated in series ordered by time": (
        numbers(4, index=pd.MultiIndex.from_arrays([list("abbb"), [0, 0, 0, 1]])),
        ValueError,
        "duplicated stamp 0 of series 'b' after 0",
    ),
    "series with two names": (
        numbers(3, index=of_series((["a", 1], [2, 1, 3]))),
        ValueError,
        r"unsorted stamp 1 of series \('a', 1\) after 2",
    ),
    "series without a name": (
        numbers(3, index=of_series((["a"], [0, 1]), ([np.nan], [2]))),
        ValueError,
        "no name of a series at row 2",
    ),
    "missing stamp": (stamped(*JAN, pd.NaT), ValueError, "missing stamp at row 3"),
    "infinite stamp": (
        numbers(4, index=[0.0, 1.0, 2.0, np.inf]),
        ValueError,
        "infinite stamp at row 3",
    ),
    "complex stamps": (numbers(4, index=np.arange(4) * 1j), TypeError, "complex128"),
    "missing stamp of series ordered by time": (
        numbers(
            4,
            index=pd.MultiIndex.from_arrays([list("abab"), [*JAN[:2], pd.NaT, JAN[2]]]),
        ),
        ValueError,
        "missing stamp at row 2",
    ),
    "text as stamps": (
        stamped("x", "y", "z"),
        TypeError,
        "dates, periods or numbers.*to_datetime",
    ),
    "dates as objects": (
        stamped(*JAN.date),
        TypeError,
        r"dtype object.*pd\.to_datetime",
    ),
    "booleans as stamps": (stamped(False, True), TypeError, "Got dtype bool"),
    "too few rows": (
        numbers(1),
        ValueError,
        "window=2, gap=0, dilation=1, which span 2 rows, but X has 1 ",
    ),
    "one axis": (np.arange(4.0), ValueError, "Expected 2D array, got 1D array"),
    "series": (numbers(4)["v"], ValueError, r"use X.to_frame\(\)"),
    "three axes": (np.ones((4, 2, 1)), ValueError, "Found array with dim 3"),
    "no rows": (np.ones((0, 2)), ValueError, r"Found array with 0 sample\(s\)"),
    "no columns": (np.ones((4, 0)), ValueError, r"0 feature\(s\)"),
    "text": (
        pd.DataFrame({"v": [1.0, 2], "sky": ["clear", "dull"]}),
        ValueError,
        r"Column 'sky' of X has dtype .* cannot be used as numbers",
    ),
    "objects": (
        pd.DataFrame({"v": [1.0, 2], "o": [{}, []]}),
        TypeError,
        "Column 'o' of X has dtype object",
    ),
    "categories": (
        pd.DataFrame({"c": pd.Categorical(["x", "y"])}),
        ValueError,
        "Column 'c' of X has dtype category",
    ),
    "dates": (
        pd.DataFrame({"v": [1.0, 2], "day": JAN[:2]}),
        TypeError,
        "Column 'day' of X has dtype datetime64",
    ),
    "complex column": (
        pd.DataFrame({"v": [1.0, 2], "z": [1j, 2]}),
        ValueError,
        "Column 'z' of X has dtype complex128",
    ),
    "complex array": (np.array([[1j], [2]]), ValueError, "Complex data not supported"),
    "infinite column": (
        pd.DataFrame({"v": [1.0, 2], "w": [1, -np.inf]}),
        ValueError,
        "contains infinity .* in column 'w'",
    ),
    "infinite array": (
        np.array([[1.0, 2], [3, np.inf]]),
        ValueError,
        r"column 1 \(counted from 0\)",
    ),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_rows_are_refused_in_fit(name):
    X, error, message = BAD_ROWS[name]
    for method in ("fit", "fit_transform"):
        with pytest.raises(error, match=message):
            getattr(SlidingWindow(2), method)(X)


@pytest.mark.parametrize(
    ("fitted", "X", "message"),
    [
        (numbers(9), stamped(9, 11, 10), "unsorted stamp 10 after 11"),
        (numbers(9), stamped(9, np.inf, 12), "infinite stamp"),
        (numbers(9), stamped(*JAN), "dtype datetime64.*but those seen in fit.*int64"),
        (stamped(*JAN), numbers(3), "dtype int64, but those seen in fit.*datetime64"),
        (
            stamped(*JAN),
            stamped(*JAN.tz_localize("UTC")),
            "UTC.*give X an index of that kind",
        ),
        (
            stamped(*JAN.to_period("M").unique(), pd.Period("2024-02", "M")),
            stamped(*JAN.to_period("D")),
            r"period\[D\], but.*period\[M\]",
        ),
        (
            stamped(*JAN),
            stamped(JAN[2], JAN[2] + pd.Timedelta("6h")),
            "2024-01-03 06:00:00 after 2024-01-03 00:00:00, which is closer than",
        ),
        (
            stamped(0.0, 0.5, 1.0),
            stamped(1.5, 1.75),
            "1.75 after 1.5, which is closer than a step of 0.5, that of fit",
        ),
        (numbers(9), numbers(9).assign(v=np.inf), "contains infinity"),
    ],
)
def test_bad_rows_are_refused_in_transform(fitted, X, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(2).fit(fitted).transform(X)


@pytest.mark.parametrize(
    "parameters",
    [
        {"window": 0},
        {"window": 2.0},
        {"gap": -1},
        {"dilation": 0},
        {"flatten": "yes"},
        {"context": "never"},
    ],
)
def test_invalid_parameters_are_named(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"The '{name}' parameter of SlidingWindow"):
        SlidingWindow(**parameters).fit(numbers(20))


@pytest.mark.parametrize(
    "name", ["unsorted", "text", "infinite column", "too few rows"]
)
@pytest.mark.parametrize("fitted", [True, False])
def test_failed_fit_changes_nothing(fitted, name):
    X, error, _ = BAD_ROWS[name]
    transformer = SlidingWindow(2)
    if fitted:
        transformer.fit(numbers(4))
    before = dict(vars(transformer))
    with pytest.raises(error):
        transformer.fit(X)
    assert vars(transformer) == before


def test_refit_without_names_forgets_the_names():
    transformer = SlidingWindow(2).fit(numbers(4)).fit(np.ones((4, 3)))
    assert not hasattr(transformer, "feature_names_in_")
    assert transformer.n_features_in_ == 3


def test_transform_needs_fit():
    with pytest.raises(NotFittedError, match="SlidingWindow instance is not fitted"):
        SlidingWindow(2).transform(numbers(4))


# --------------------------------------------------------------------------------------
# An estimator like any other
# --------------------------------------------------------------------------------------


def test_pickled_transformer_starts_warm(container):
    parts = container.frame.iloc[:16], container.frame.iloc[16:]
    seen, new = map(container.X, parts)
    transformer = SlidingWindow(3, context="always").fit(seen)
    again = pickle.loads(pickle.dumps(transformer))
    np.testing.assert_array_equal(again.transform(new), transformer.transform(new))


@pytest.mark.parametrize(
    ("X", "step"),
    [
        (np.ones((4, 1)), None),
        (numbers(4), 1),
        (numbers(8)[::2], 2),
        (
            numbers(4, index=JAN.append(JAN[2:] + pd.Timedelta("2D"))),
            pd.DateOffset(days=1),
        ),
    ],
)
def test_step_is_the_distance_of_neighbouring_rows(X, step):
    assert SlidingWindow(2).fit(X).step_ == step


WHY_ROW_ORDER_MATTERS = {
    "check_methods_sample_order_invariance": "a window holds the rows before its own",
    "check_methods_subset_invariance": "a window holds the rows before its own",
}


@parametrize_with_checks(
    [SlidingWindow(2), SlidingWindow(3, gap=1, dilation=2, flatten=True)],
    expected_failed_checks=lambda estimator: WHY_ROW_ORDER_MATTERS,
)
def test_scikit_learn_finds_an_ordinary_transformer(estimator, check):
    check(estimator)


def test_narrow_integers_of_numpy_do_not_overflow():
    rows = np.arange(400.0)[:, None]
    narrow = {"gap": np.uint8(200), "dilation": np.uint8(3)}
    windows = SlidingWindow(np.uint8(40), **narrow).fit_transform(rows)
    expected = SlidingWindow(40, gap=200, dilation=3).fit_transform(rows)
    np.testing.assert_array_equal(windows, expected)


def test_windows_reach_over_days_that_a_calendar_leaves_out():
    offset = pd.offsets.CustomBusinessDay(holidays=["2024-01-10"])
    days = pd.DatetimeIndex(pd.date_range("2024-01-02", periods=12, freq=offset))
    X = pd.DataFrame({"v": np.arange(12.0)}, pd.DatetimeIndex(days.to_numpy()))
    windows = SlidingWindow(3, freq=offset).fit(X[:8])
    assert windows.step_ == offset
    expected = SlidingWindow(3, context="always").fit(X[:8].to_numpy())
    for part in (X[:8], X[8:]):
        assert_array_equal(windows.transform(part), expected.transform(part.to_numpy()))
    with pytest.raises(ValueError, match=r"2024-01-10.*that of fit"):
        windows.transform(X[8:].set_axis(pd.date_range("2024-01-07", periods=4)))
