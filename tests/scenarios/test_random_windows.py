"""Windows on random indexes and containers, beside a walk back tick by tick."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from tests.support.naive import windows_by_walking

pytest.importorskip("hypothesis")

from hypothesis import assume, given
from hypothesis import strategies as st

from skrnn import SlidingWindow, make_windows
from skrnn._windows.windows import Windows, windows_of
from tests.support.strategies import CLOCKS, FEWER, ticks, tried_often, walks

CONTAINERS = {
    "array": lambda rows: rows,
    "Fortran": np.asfortranarray,
    "every other row": lambda rows: np.repeat(rows, 2, axis=0)[::2],
    "backwards in memory": lambda rows: rows[::-1].copy()[::-1],
    "lists": lambda rows: rows.tolist(),
    "big-endian": lambda rows: rows.astype(rows.dtype.newbyteorder(">")),
    "objects": lambda rows: rows.astype(object),
    "frame": pd.DataFrame,
    "nullable frame": lambda rows: pd.DataFrame(rows).astype("Float64"),
}


@st.composite
def series(draw, n_series):
    """Ticks, rows and names of series, the last of them with two names."""
    names = [("a", 1), ("a", 2), ("b", 1)][:n_series]
    return {
        name: draw(ticks(draw(st.integers(4, 14)), holes=draw(st.booleans())))
        for name in names
    }


@st.composite
def cuts(draw, ticks):
    """Split the rows of each series into those for `fit` and those that follow."""
    return {name: draw(st.integers(3, len(each))) for name, each in ticks.items()}


def frame_of(ticks, clock, rows, several):
    indexes = {name: CLOCKS[clock](each) for name, each in ticks.items()}
    if not several:
        return pd.DataFrame(rows, indexes["a", 1])
    parts = [
        pd.MultiIndex.from_arrays([[n[0]] * len(i), [n[1]] * len(i), i])
        for n, i in indexes.items()
    ]
    return pd.DataFrame(rows, parts[0].append(parts[1:]))


def shuffled(frame, seed):
    """Mix the rows of series, each of which stays in order."""
    random = np.random.default_rng(seed)
    names = frame.index.droplevel(-1).to_flat_index()
    turns = pd.Series(random.permutation(len(frame)), range(len(frame)))
    turns = turns.groupby(np.asarray(names.factorize()[0])).transform(np.sort)
    return frame.iloc[np.argsort(turns.to_numpy())]


def places(frame, place_of):
    return dict(zip(map(place_of.get, frame.index), frame.to_numpy(), strict=True))


def shows_its_tick(places):
    """Return whether single ticks are common: half as common as the commonest gap."""
    keys = sorted(places)
    gaps = [b[1] - a[1] for a, b in pairwise(keys) if a[0] == b[0]]
    counts = Counter(gaps)
    return 2 * counts[1] >= max(counts.values(), default=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::skrnn.ColdStartWarning")
@tried_often(400, 100)
def test_windows_of_random_indexes_equal_a_walk_back(data):
    n_series = data.draw(st.sampled_from([1, 1, 2, 3]))
    clock = data.draw(st.sampled_from(list(CLOCKS)))
    tick = data.draw(series(n_series))
    n_rows, n_columns = sum(map(len, tick.values())), data.draw(st.integers(1, 3))
    dtype = data.draw(st.sampled_from([np.float64, np.float32]))
    rows = data.draw(walks(n_rows, n_columns, dtype))
    frame = frame_of(tick, clock, rows, n_series > 1)
    keys = [(name, int(t)) for name, each in tick.items() for t in each]
    place_of = dict(zip(frame.index, keys, strict=True))
    cut = data.draw(cuts(tick))
    early = np.concatenate([np.arange(len(t)) < cut[name] for name, t in tick.items()])
    if n_series > 1 and data.draw(st.booleans()):
        order = shuffled(frame.assign(early=early), data.draw(st.integers(0, 99)))
        frame, early = order.drop(columns="early"), order["early"].to_numpy()
    train, test = frame[early], frame[~early]
    window, gap, dilation = (
        data.draw(st.integers(*b)) for b in [(1, 4), (0, 3), (1, 3)]
    )
    if gap + (window - 1) * dilation >= len(train):
        with pytest.raises(ValueError, match="window must fit into the rows"):
            SlidingWindow(window, gap=gap, dilation=dilation).fit(train)
        return
    windows = SlidingWindow(window, gap=gap, dilation=dilation)
    past, settings = places(train, place_of), (window, gap, dilation)
    assume(shows_its_tick(past))
    got = windows.fit_transform(train)
    assert got.dtype == dtype
    assert_array_equal(got, windows_by_walking(past, {}, *settings))
    assert_array_equal(windows.transform(train), got)
    if gap == 0:
        assert_array_equal(windows.inverse_transform(got), train.to_numpy())
    if len(test):
        warm = windows_by_walking(places(test, place_of), past, *settings)
        assert_array_equal(windows.transform(test), warm)
        cold = windows_by_walking(places(test, place_of), {}, *settings)
        assert_array_equal(windows.set_params(context=None).transform(test), cold)


@FEWER
@given(st.data())
def test_windows_do_not_depend_on_the_container(data):
    n_rows, n_columns = data.draw(st.integers(4, 20)), data.draw(st.integers(1, 3))
    rows = data.draw(walks(n_rows, n_columns))
    window, gap, dilation = (
        data.draw(st.integers(*b)) for b in [(1, 3), (0, 2), (1, 2)]
    )
    if gap + (window - 1) * dilation >= n_rows:
        return
    container = CONTAINERS[data.draw(st.sampled_from(list(CONTAINERS)))](rows)
    flat = SlidingWindow(window, gap=gap, dilation=dilation, flatten=True)
    got = flat.fit_transform(container)
    by_row = {((), t): row for t, row in enumerate(rows)}
    expected = windows_by_walking(by_row, {}, window, gap, dilation)
    assert_array_equal(got, expected.reshape(n_rows, -1))


@FEWER
@given(st.data())
def test_tables_of_windows_equal_a_loop(data):
    n_rows, n_columns = data.draw(st.integers(1, 25)), data.draw(st.integers(0, 3))
    rows = np.random.default_rng(n_rows).normal(size=(n_rows, max(n_columns, 1)))
    values = rows[:, 0] if n_columns == 0 else rows
    names = ("window", "horizon", "gap", "stride")
    bounds = [(1, 6), (1, 4), (0, 4), (1, 5)]
    draw = {n: data.draw(st.integers(*b)) for n, b in zip(names, bounds, strict=True)}
    window, horizon, gap, stride = draw.values()
    pairs = []
    for first in range(0, n_rows, stride):
        behind = first + window - 1 + gap
        if behind + horizon <= n_rows:
            pairs.append((values[first : first + window], values[behind:][:horizon]))
    if not pairs:
        with pytest.raises(ValueError, match="window must fit into the series"):
            make_windows(values, **draw)
        return
    X, y = make_windows(values, **draw)
    assert X.shape[1:] == (window, rows.shape[1])
    assert_array_equal(X.reshape(len(X), -1), [np.ravel(seen) for seen, _ in pairs])
    assert_array_equal(y.reshape(len(y), -1), [np.ravel(ahead) for _, ahead in pairs])


@FEWER
@given(st.data())
def test_views_of_any_strides_are_read_as_the_same_windows(data):
    shape = tuple(data.draw(st.integers(1, 6)) for _ in range(3))
    strides = tuple(data.draw(st.integers(-6, 6)) for _ in range(3))
    reach = [
        abs(stride) * (size - 1) for stride, size in zip(strides, shape, strict=True)
    ]
    memory = np.random.default_rng(sum(reach)).normal(size=1 + sum(reach))
    backwards = [r for r, stride in zip(reach, strides, strict=True) if stride < 0]
    view = np.lib.stride_tricks.as_strided(
        memory[sum(backwards) :], shape, [8 * stride for stride in strides]
    )
    windows = windows_of(view)
    assert_array_equal(windows.gather(), view)
    assert np.shares_memory(windows.rows, memory) or windows.rows.size <= view.size
    weight = np.random.default_rng(0).uniform(1, 2, size=len(windows))
    counted = np.zeros(len(windows.rows))
    for start, each in zip(windows.starts, weight, strict=True):
        np.add.at(counted, start + windows.offsets, each)
    np.testing.assert_allclose(windows.count_uses(weight), counted, atol=1e-9)


@FEWER
@given(st.data())
def test_questions_about_windows_have_the_answers_of_laid_out_ones(data):
    n_rows, n_steps, dilation = (data.draw(st.integers(1, n)) for n in (20, 4, 3))
    span = (n_steps - 1) * dilation + 1
    if span > n_rows:
        return
    rows = data.draw(walks(n_rows, 2))
    rows[rows > 12] = np.nan
    starts = data.draw(st.lists(st.integers(0, n_rows - span), min_size=1, max_size=9))
    windows = Windows(rows, np.array(starts, dtype=np.intp), n_steps, dilation)
    laid_out = np.array([rows[s : s + span : dilation] for s in starts])
    assert_array_equal(windows.materialise(), laid_out)
    assert windows.n_bytes == laid_out.nbytes
    assert windows.any_missing() == np.isnan(laid_out).any()
    begins = np.isnan(laid_out[:, 0]).all(axis=1)
    assert_array_equal(windows.begin_missing(), begins)
