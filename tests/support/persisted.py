"""Estimators to store, and what another process answers with them.

Run as a script, `python persisted.py FOLDER`, it loads each file of a folder and writes
what each estimator answers into ``answers.pickle``.
"""

import pickle
import sys
from functools import cache, partial
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

import skrnn
from skrnn import (
    Autoencoder,
    AutoencoderDetector,
    AutoregressiveForecaster,
    GRURegressor,
    LSTMRegressor,
    RecurrentAutoencoder,
    RNNRegressor,
    SlidingWindow,
)

N_ROWS = 36
RNG = np.random.RandomState(0)
ROWS = RNG.normal(size=(N_ROWS, 2)).cumsum(axis=0)
FUTURE = RNG.normal(size=(4, 2))
WINDOWS = np.array(SlidingWindow(4).fit_transform(ROWS))
CODED_WINDOWS = np.insert(WINDOWS, 2, [[0], [2]] * (N_ROWS // 2), axis=2)
SMALL = {"epochs": 1, "units": 2, "n_components": 1, "random_state": 0}
NET = {"units": 2, "epochs": 1, "random_state": 0}

PUBLIC = [getattr(skrnn, name) for name in skrnn.__all__]
PUBLIC = [it for it in PUBLIC if isinstance(it, type) and issubclass(it, BaseEstimator)]

INDEXES = {
    "days": pd.date_range("2024-02-20", periods=N_ROWS + 4, freq="D", name="day"),
    "days in a zone": pd.date_range(
        "2024-03-20", periods=N_ROWS + 4, freq="D", tz="Europe/Oslo"
    ),
    "hours of an offset": pd.date_range(
        "2024-03-20", periods=N_ROWS + 4, freq="h", tz="+01:00"
    ),
    "business days": pd.bdate_range("2024-02-20", periods=N_ROWS + 4),
    "ends of months": pd.date_range("2020-01-31", periods=N_ROWS + 4, freq="ME"),
    "periods": pd.period_range("2020-01", periods=N_ROWS + 4, freq="M"),
    "durations": pd.timedelta_range(0, periods=N_ROWS + 4, freq="15min"),
    "every third number": pd.RangeIndex(0, 3 * (N_ROWS + 4), 3, name="t"),
    "floats": pd.Index(np.arange(N_ROWS + 4) / 3),
}


def small(cls):
    """An estimator that trains in no time, whatever the class takes."""
    known = cls().get_params()
    estimator = cls(**{name: v for name, v in SMALL.items() if name in known})
    return estimator.set_params(window=3) if "window" in known else estimator


def data_for(estimator):
    """X and y that any estimator of the package can be fitted on."""
    tags = get_tags(estimator)
    X = WINDOWS if tags.input_tags.three_d_array else ROWS
    y = ROWS[:, 0]
    return X, (y > 0).astype(str) if tags.estimator_type == "classifier" else y


def case(estimator, X, y=None, ahead=None):
    """A fitted estimator, and what it is asked about: the rows ahead, or X again."""
    return estimator.fit(X, y), X if ahead is None else ahead


def forecaster_on(index, estimator=None, **parameters):
    forecaster = AutoregressiveForecaster(
        Ridge() if estimator is None else estimator, window=3, **parameters
    )
    X = pd.DataFrame({"holiday": np.arange(len(index)) % 7.0}, index)
    y = pd.Series(ROWS[:, 0] + 20, index[:N_ROWS], name="sales")
    return case(forecaster, X.iloc[:N_ROWS], y, X.iloc[N_ROWS:])


def panel_forecaster(estimator=None, **parameters):
    days = INDEXES["days"]
    index = pd.MultiIndex.from_product([["oslo", "rome"], days], names=["town", "day"])
    X = pd.DataFrame({"x": np.arange(len(index)) % 5.0}, index)
    seen = X.index.get_level_values("day") < days[N_ROWS]
    y = pd.DataFrame({"a": X["x"] ** 2, "b": X["x"] + 1}, index)
    estimator = Ridge() if estimator is None else estimator
    forecaster = AutoregressiveForecaster(estimator, window=3, horizon=2, **parameters)
    return case(forecaster, X[seen], y[seen], X[~seen])


def wide_forecaster():
    index = INDEXES["days in a zone"]
    y = pd.DataFrame(ROWS, index[:N_ROWS], columns=[("a", 1), ("b", 2)])
    forecaster = AutoregressiveForecaster(
        Ridge(), window=3, columns="series", calibration=12
    )
    return case(forecaster, None, y, pd.DataFrame(index=index[N_ROWS:]))


def windows_on(index):
    X = pd.DataFrame(ROWS, index[:N_ROWS], columns=["u", "v"])
    ahead = pd.DataFrame(FUTURE, index[N_ROWS:], columns=["u", "v"])
    return case(SlidingWindow(3), X, None, ahead)


def two_runs():
    index = INDEXES["days"][[*range(12), *range(16, N_ROWS + 4)]]
    windows = SlidingWindow(3, flatten=True).set_output(transform="pandas")
    X = pd.DataFrame(ROWS[: len(index) - 4], index[:-4], columns=["u", "v"])
    return case(windows, X, None, pd.DataFrame(FUTURE, index[-4:], columns=["u", "v"]))


def panel_windows():
    days = INDEXES["days"]
    index = pd.MultiIndex.from_product([["oslo", "rome"], days], names=["town", "day"])
    X = pd.DataFrame({"u": np.arange(len(index)) % 5.0}, index)
    seen = X.index.get_level_values("day") < days[N_ROWS]
    return case(SlidingWindow(3), X[seen], None, X[~seen])


def pretrained():
    autoencoder = RecurrentAutoencoder(1, units=2, epochs=1, random_state=0)
    model = LSTMRegressor(**NET, pretrained=autoencoder.fit(WINDOWS))
    return case(model, WINDOWS, ROWS[:, 0])


def case_of(cls, *, in_pipeline=False):
    X, y = data_for(small(cls))
    if not in_pipeline:
        return case(small(cls), X, y)
    return case(make_pipeline(StandardScaler(), SlidingWindow(4), small(cls)), ROWS, y)


DAYS, ROW = INDEXES["days"], ROWS[:, 0]

# Without a network, and so fast. All are made but once: nothing may change them.
PLAIN = {f"windows on {n}": partial(windows_on, index) for n, index in INDEXES.items()}
PLAIN |= {
    f"forecasts on {n}": partial(forecaster_on, index) for n, index in INDEXES.items()
}
PLAIN |= {
    "windows of an array": lambda: case(SlidingWindow(3, context="always"), ROWS),
    "windows of two runs": two_runs,
    "windows of two series": panel_windows,
    "calibrated forecasts": lambda: forecaster_on(
        DAYS, calibration=16, difference=(1, 2), log=True, normalize="meanstd"
    ),
    "calendar": lambda: forecaster_on(
        DAYS, calendar=("weekday", "year"), holidays=["2024-03-01"], calibration=9
    ),
    "panel": panel_forecaster,
    "panel on its time axis": lambda: panel_forecaster(exogenous=False),
    "wide frame": wide_forecaster,
}

# With networks: every public class, and what its parameters add to the state.
NETWORKS = {cls.__name__: partial(case_of, cls) for cls in PUBLIC}
NETWORKS |= {
    f"{cls.__name__} in a pipeline": partial(case_of, cls, in_pipeline=True)
    for cls in PUBLIC
    if get_tags(cls()).input_tags.three_d_array
}
NETWORKS |= {
    "segments": lambda: case(GRURegressor(**NET, segment=2), WINDOWS, ROW),
    "parallel decoder": lambda: case(
        GRURegressor(**NET, segment=2, decoder="parallel"), WINDOWS, ROWS
    ),
    "linear path": lambda: case(GRURegressor(**NET, linear_path=True), WINDOWS, ROWS),
    "quantiles": lambda: case(
        GRURegressor(**NET, quantiles=(0.1, 0.5, 0.6)), WINDOWS, ROWS
    ),
    "distribution": lambda: case(
        GRURegressor(**NET, distribution="student_t"), WINDOWS, ROWS
    ),
    "forecasts with an embedding": lambda: panel_forecaster(
        RNNRegressor(**NET, categories={"town": 1}),
        static=pd.DataFrame({"town": ["oslo", "rome"]}, ["oslo", "rome"]),
    ),
    "forecasts of quantiles": lambda: forecaster_on(
        DAYS, GRURegressor(**NET, quantiles=(0.1, 0.5, 0.6)), horizon=4, calibration=8
    ),
    "categories": lambda: case(
        GRURegressor(**NET, categories={2: 2}), CODED_WINDOWS, ROW
    ),
    "every step": lambda: case(
        GRURegressor(**NET, return_sequences=True), WINDOWS, WINDOWS[..., 0]
    ),
    "several networks": lambda: case(RNNRegressor(**NET, n_networks=2), WINDOWS, ROWS),
    "generator": lambda: case(
        RNNRegressor(2, epochs=1, random_state=RNG), WINDOWS, ROW
    ),
    "pretrained": pretrained,
    "forecasts of a network": lambda: forecaster_on(DAYS, LSTMRegressor(**NET)),
    "detector in a pipeline": lambda: case(
        make_pipeline(StandardScaler(), AutoencoderDetector(small(Autoencoder))), ROWS
    ),
}
ALL = {name: cache(make) for name, make in (PLAIN | NETWORKS).items()}
# One of each family of classes.
EVERYDAY = {*ALL} - {
    f"{cell}{kind}{place}"
    for cell in ("RNN", "GRU")
    for kind in ("Regressor", "Classifier")
    for place in ("", " in a pipeline")
}


def answers(estimator, X):
    """What an estimator says about X, by all methods that it has."""
    names = ("predict", "predict_proba", "transform", "score_samples")
    names = [name for name in names if hasattr(estimator, name)]
    said = {name: getattr(estimator, name)(X) for name in names}
    if hasattr(estimator, "predict_quantiles") and hasattr(estimator, "weights_"):
        said["predict_quantiles"] = estimator.predict_quantiles(X)
    if hasattr(estimator, "calibration_errors_"):
        said["predict_interval"] = estimator.predict_interval(X[:2], coverage=0.6)
    return said


def store(estimator, path):
    """Store an estimator as the ending of a file says."""
    if path.suffix == ".skops":
        import skops.io

        skops.io.dump(estimator, path)
    elif path.suffix == ".joblib":
        joblib.dump(estimator, path)
    else:
        library = cloudpickle if path.suffix == ".cloudpickle" else pickle
        path.write_bytes(library.dumps(estimator))


def load(path):
    """Load an estimator, and trust no type but the public ones."""
    if path.suffix == ".skops":
        import skops.io

        return skops.io.load(path, trusted=PUBLIC)
    return (
        joblib.load(path)
        if path.suffix == ".joblib"
        else pickle.loads(path.read_bytes())
    )


def main(folder):
    asked, said = pickle.loads((folder / "asked").read_bytes()), {}
    for path in sorted(folder.glob("*.*")):
        estimator = load(path)
        said[path.name] = answers(estimator, asked[path.stem])
        said[path.name]["hash"] = joblib.hash(estimator)
    (folder / "answers").write_bytes(pickle.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
