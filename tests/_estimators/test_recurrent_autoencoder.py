import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import RecurrentAutoencoder, SlidingWindow
from tests.support.cells import run_layer

pytestmark = pytest.mark.short_fits

RNG = np.random.RandomState(0)
X = RNG.normal(size=(20, 5, 2)) * [3.0, 0.2] + [10.0, -1.0]


def gappy(X=X):
    """Windows with nothing observed at first, in between and at last, and holes."""
    X = X.copy()
    X[0, :2] = X[1, 2] = X[2, -1] = np.nan
    X[3, 1, 0] = X[4, 4, 1] = np.nan
    return X


def fitted(X=X, n_components=2, **parameters):
    settings = {
        "cell": "rnn", "units": 3, "epochs": 1, "learning_rate": 0.1, "random_state": 0,
    }  # fmt: skip
    return RecurrentAutoencoder(n_components, **{**settings, **parameters}).fit(X)


# --------------------------------------------------------------------------------------
# Codes and copies, by the equations of the cells
# --------------------------------------------------------------------------------------


def copy_by_hand(model, windows):
    """Encode and decode scaled windows in NumPy, with no more than the weights."""
    weights = iter([weight.astype(float) for weight in model.weights_])
    units = np.atleast_1d(model.units)
    observed = ~np.isnan(windows).all(axis=2)
    steps = np.nan_to_num(windows)
    for _ in units:
        steps, _ = run_layer(
            model.cell, steps, observed, [next(weights) for _ in range(3)]
        )
    codes = steps[:, -1] @ next(weights) + next(weights)
    steps = np.repeat(codes[:, None], windows.shape[1], axis=1)
    for _ in units:
        every = np.ones(steps.shape[:2], dtype=bool)
        steps, _ = run_layer(
            model.cell, steps, every, [next(weights) for _ in range(3)]
        )
    return codes, steps @ next(weights) + next(weights)


@pytest.mark.untrained
@pytest.mark.parametrize(
    ("cell", "units"), [("rnn", 3), ("lstm", 3), ("gru", (4, 3))], ids=str
)
def test_codes_and_copies_follow_from_the_equations(cell, units):
    model = fitted(cell=cell, units=units)
    mean, scale = X.mean(axis=(0, 1)), X.std(axis=(0, 1))
    # 0 is the mean, which stands for what is missing of a partly observed step.
    codes, copies = copy_by_hand(model, (gappy() - mean) / scale)
    assert_allclose(model.transform(gappy()), codes, rtol=1e-4, atol=1e-5)
    copied = (model.reconstruct(gappy()) - mean) / scale
    assert_allclose(copied, copies, rtol=1e-4, atol=1e-5)
    decoded = model.inverse_transform(codes)
    assert_allclose((decoded - mean) / scale, copies, rtol=1e-4, atol=1e-5)


@pytest.mark.untrained
def test_layers_that_unroll_are_those_that_read_in_reverse():
    model = fitted(cell="gru", units=(4, 3))
    kernels = [model.weights_[i].shape for i in (0, 3, 8, 11)]
    assert kernels == [(2, 3 * 4), (4, 3 * 3), (2, 3 * 3), (3, 3 * 4)]
    own = model.recurrent_weights()
    assert len(own) == 6
    for ours, weight in zip(own, model.weights_, strict=False):
        assert_array_equal(ours, weight)


# --------------------------------------------------------------------------------------
# What is missing
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_missing_steps_leave_the_code_of_the_others(cell):
    model = fitted(cell=cell)
    mean, scale = X.mean(axis=(0, 1)), X.std(axis=(0, 1))
    short = X[:, 2:]
    padded = X.copy()
    padded[:, :2] = np.nan
    codes, _ = copy_by_hand(model, (short - mean) / scale)
    assert_allclose(model.transform(padded), codes, rtol=1e-4, atol=1e-5)
    errors = ((short - model.reconstruct(padded)[:, 2:]) / scale) ** 2
    assert_allclose(
        model.score_samples(padded), -errors.mean(axis=(1, 2)), rtol=1e-4, atol=1e-7
    )


@pytest.mark.untrained
def test_partly_observed_steps_count_what_is_observed():
    model = fitted()
    errors = ((gappy() - model.reconstruct(gappy())) / X.std(axis=(0, 1))) ** 2
    by_hand = [-error[~np.isnan(error)].mean() for error in errors]
    assert_allclose(model.score_samples(gappy()), by_hand, rtol=1e-4)


@pytest.mark.untrained
def test_a_window_of_which_nothing_is_observed_has_no_score():
    model = fitted()
    empty = np.full((1, 5, 2), np.nan)
    scores = model.score_samples(np.concatenate([X[:2], empty]))
    assert_array_equal(np.isnan(scores), [False, False, True])
    assert np.isfinite(model.reconstruct(empty)).all()


def test_windows_that_begin_missing_are_left_out_of_training_or_masked():
    settings = {"shuffle": False, "batch_size": 4}
    skipped = fitted(gappy(), **settings)
    whole = fitted(gappy()[1:], **settings)
    for ours, theirs in zip(skipped.weights_, whole.weights_, strict=True):
        assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    masked = fitted(gappy(), incomplete="mask", **settings)
    assert_allclose(masked.scaling_.x_mean, np.nanmean(gappy(), axis=(0, 1)))
    assert np.isfinite(masked.loss_curve_).all()
    assert masked.loss_curve_ != skipped.loss_curve_


@pytest.mark.parametrize("incomplete", ["skip", "mask"])
def test_nothing_to_train_on_is_refused(incomplete):
    with pytest.raises(ValueError, match=r"of every training window|No whole window"):
        fitted(np.full((4, 5, 2), np.nan), incomplete=incomplete)


# --------------------------------------------------------------------------------------
# Shapes and containers
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_axes", [2, 3])
def test_codes_and_copies_have_the_shape_and_precision_of_windows(n_axes, dtype):
    windows = (X[:, :, 0] if n_axes == 2 else X).astype(dtype)
    model = fitted(windows)
    codes = model.transform(windows)
    assert (codes.shape, codes.dtype) == ((20, 2), dtype)
    assert model.reconstruct(windows).shape == windows.shape
    assert model.inverse_transform(codes).shape == windows.shape
    assert model.score_samples(windows).shape == (20,)
    assert model.n_steps_in_ == 5
    assert model.n_features_in_ == windows.shape[-1]


@pytest.mark.untrained
def test_a_table_is_windows_of_one_feature():
    table, windows = X[:, :, 0], X[:, :, :1]
    one, other = fitted(table), fitted(windows)
    assert_array_equal(one.transform(table), other.transform(windows))
    assert_array_equal(one.reconstruct(table), other.reconstruct(windows)[:, :, 0])


@pytest.mark.untrained
def test_overlapping_windows_give_the_same_as_copied_ones():
    view = SlidingWindow(4).fit_transform(RNG.normal(size=(30, 2)))
    copied = np.array(view)
    assert_allclose(fitted(view).transform(view), fitted(copied).transform(copied))


@pytest.mark.untrained
def test_frames_of_windows_that_are_tables_keep_their_index():
    index = pd.date_range("2026-01-01", periods=20)
    frame = pd.DataFrame(X[:, :, 0], index=index, columns=list("abcde"))
    model = fitted(frame).set_output(transform="pandas")
    codes = model.transform(frame[::2])
    assert list(codes.columns) == ["recurrentautoencoder0", "recurrentautoencoder1"]
    pd.testing.assert_index_equal(codes.index, index[::2])
    with pytest.raises(ValueError, match="feature names"):
        model.transform(frame.rename(columns={"a": "z"}))


# --------------------------------------------------------------------------------------
# Keras models
# --------------------------------------------------------------------------------------

# --------------------------------------------------------------------------------------
# Refusals
# --------------------------------------------------------------------------------------


@pytest.mark.untrained
@pytest.mark.parametrize(
    ("windows", "message"),
    [
        (X[:, :4], "X has 4 steps, but RecurrentAutoencoder is expecting 5 steps"),
        (X[:, :, :1], "X has 1 features, but RecurrentAutoencoder is expecting 2"),
        (np.where(X > 12, np.inf, X), "infinity .*column 0"),
        (X[0, 0], "Expected .*array"),
    ],
    ids=["steps", "features", "infinity", "one step"],
)
def test_windows_of_another_kind_are_not_encoded(windows, message):
    model = fitted()
    for method in (model.transform, model.reconstruct, model.score_samples):
        with pytest.raises(ValueError, match=message):
            method(windows)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("n_components", 0),
        ("cell", "gated"),
        ("units", ()),
        ("units", (2, 0)),
        ("activation", "than"),
        ("dropout", 1.0),
        ("recurrent_dropout", -0.1),
        ("incomplete", "drop"),
    ],
)
def test_parameters_that_cannot_work_are_named(parameter, value):
    with pytest.raises(ValueError, match=parameter):
        fitted(**{parameter: value})
