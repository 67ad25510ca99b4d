"""Wrong parameters and broken data: refused by name, with nothing lost.

Each input ends in success or in an exception that the docstring announces, whose
message says which argument is wrong. No input is changed, and an estimator that fails
to learn is as it was. The number of inputs tried is printed (`pytest -rA`).
"""

import contextlib
import copy
import inspect
import io
import re
import traceback
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LinearRegression
from sklearn.utils import get_tags

import skrnn
from skrnn._engine import training
from tests.support.nasty import VALUES, broken, same_numbers, values_for
from tests.support.untrained import untrained

pytestmark = pytest.mark.slow

PUBLIC = [getattr(skrnn, name) for name in skrnn.__all__]
CLASSES = [each for each in PUBLIC if inspect.isclass(each) and hasattr(each, "fit")]


def family_of(cls):
    """Return the abstract base of a class, or the class itself if it has none."""
    base = cls.__mro__[1]
    return base if base.__name__.startswith("Base") else cls


# Classes of a family share their parameters and what checks them: the first is taken.
FIRST = [*{family_of(cls): cls for cls in reversed(CLASSES)}.values()][::-1]
# Beside estimators whose parameters and data are checked by nearly the same functions.
OTHERS = [skrnn.GRUClassifier, skrnn.RecurrentAutoencoder]


def each_of(classes):
    """Return the parameters of a test of each of some classes."""
    return pytest.mark.parametrize(
        "cls",
        [
            pytest.param(cls, marks=[pytest.mark.exhaustive] * (cls in OTHERS))
            for cls in classes
        ],
        ids=lambda cls: cls.__name__,
    )


each_family = each_of(FIRST)

# What makes any estimator small and repeatable, where it has such a parameter.
SMALL = {
    "autoencoder": skrnn.Autoencoder(1, epochs=1, random_state=0),
    "epochs": 1,
    "estimator": LinearRegression(),
    "n_components": 1,
    "random_state": 0,
    "units": 2,
    "window": 2,
}
# What may fail no earlier than in training.
GIVEN_TO_KERAS = {
    "callbacks",
    "learning_rate",
    "loss",
    "metrics",
    "optimizer",
    "verbose",
}
# What trains for hours, or a default network of a size that others test.
TOO_LONG = {"epochs": 10**12, "estimator": None, "autoencoder": None}

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(12, 3))
Y = RANDOM.normal(size=12)
WEIGHT = np.linspace(0.5, 2, 12)

NAMES = {
    "X": r"\bX\b|samples|sample\(s\)|features|rows|index of",
    # The words that scikit-learn demands of classifiers.
    "y": r"\by\b|samples|index of|rows|Unknown label type",
    "sample_weight": r"sample_weight|[Ss]ample weights",
}


class Reached(Exception):  # noqa: N818 -- Nothing is wrong then.
    """Everything was accepted, and training would begin."""


class Findings:
    """Counts inputs, and collects what went wrong with them."""

    def __init__(self):
        self.n_tried, self.n_accepted, self.wrong = 0, 0, []

    def report(self, title, least):
        print(f"{title}: {self.n_tried} inputs tried, {self.n_accepted} accepted")
        assert not self.wrong, "\n".join(self.wrong)
        assert self.n_tried >= least

    def try_fit(self, estimator, what, names, fit, given=()):
        """Fit, and note it if an exception or a change is none that is allowed."""
        before, hashes = {**vars(estimator)}, [fingerprint(each) for each in given]
        self.n_tried += 1
        label = f"{type(estimator).__name__}, {what}"
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("error")
                # The estimator of a forecaster has its own limits.
                warnings.filterwarnings("ignore", module="scipy")
                # As scikit-learn wants it of a classifier that gets a column.
                warnings.simplefilter("ignore", DataConversionWarning)
                fit(estimator)
        except Reached:
            self.n_accepted += 1
        except Exception as error:
            found = [f"{label}: {each}" for each in faults_of(estimator, error, names)]
            if any(vars(estimator).get(k) is not v for k, v in before.items()):
                found.append(f"{label}: changed by a failure")
            if vars(estimator).keys() != before.keys():
                found.append(f"{label}: half fitted")
            self.wrong += found
            return False
        else:
            self.n_accepted += 1
        if [fingerprint(each) for each in given] != hashes:
            self.wrong.append(f"{label}: input changed")
        return True


def faults_of(estimator, error, names):
    """Say what is wrong with an exception."""
    text = f"{type(error).__name__}: {error}"[:300].replace("\n", " ")
    fit = getattr(type(estimator), "fit", estimator)  # Or a function.
    raises = inspect.getdoc(fit).partition("Raises")[2]
    announced = [kind.__name__ for kind in type(error).__mro__ if kind is not Exception]
    if not any(re.search(rf"\b{kind}\b", raises) for kind in announced):
        yield f"is not announced, {text}"
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    if re.search(r"site-packages.(keras|tensorflow)", last):
        yield f"comes out of Keras, {text}"
    if not re.search(names, str(error)):
        yield f"names no argument, {text}"


def fingerprint(value):
    """What must not change of an input; not what pandas remembers on the way."""
    if isinstance(value, (pd.Series, pd.Index)):
        value = value.to_frame()
    if isinstance(value, pd.DataFrame):
        columns = [value.iloc[:, i].tolist() for i in range(value.shape[1])]
        value = repr([columns, value.dtypes.tolist(), value.columns, list(value.index)])
    try:
        return joblib.hash(value)
    except Exception:  # A generator, a class of the test, what nothing can hash.
        return repr(value)


def small(cls):
    estimator = cls()
    known = estimator.get_params(deep=False)
    settings = {name: value for name, value in SMALL.items() if name in known}
    return estimator.set_params(**settings)


def numbers_to_learn(cls):
    """A table whose columns are targets: numbers, or the labels of two classes."""
    return np.where(X > 0, 1.0, 0.0) if is_classifier(small(cls)) else X


def target_of(cls):
    return numbers_to_learn(cls)[:, 0] if is_classifier(small(cls)) else Y


@pytest.fixture
def trains_at_most(monkeypatch):
    """Let training stop at its begin once it has succeeded so many times."""
    train, left = training.train_networks, {"n": 0}

    def counted(*args, **kwargs):
        if left["n"] <= 0:
            raise Reached
        done = train(*args, **kwargs)
        left["n"] -= 1
        return done

    monkeypatch.setattr(training, "train_networks", counted)
    return lambda n: left.update(n=n)


@each_family
def test_wrong_values_of_every_parameter_are_refused_by_its_name(cls, trains_at_most):
    findings, base = Findings(), small(cls)
    trains_at_most(1)
    target = target_of(cls)
    fitted = clone(base).fit(X, target)
    expected = answer(fitted, X)

    def fit(estimator):
        with contextlib.nullcontext() if name in GIVEN_TO_KERAS else untrained():
            return estimator.fit(X, target)

    for name in base.get_params(deep=False):
        constraints = cls._parameter_constraints[name]
        trains_at_most(1)
        refused_again = False
        for value in values_for(constraints):
            if name in TOO_LONG and is_too_long(value, TOO_LONG[name]):
                continue
            what = f"{name}={value!r}"[:70]
            estimator = clone(base).set_params(**{name: value})
            learned = findings.try_fit(estimator, what, rf"\b{name}\b", fit)
            if not learned and not refused_again:  # Which is checked alike.
                again = copy.copy(fitted).set_params(**{name: value})
                findings.try_fit(again, f"again {what}", rf"\b{name}\b", fit)
                refused_again = True
    np.testing.assert_array_equal(answer(fitted, X), expected)
    findings.report(f"parameters of {cls.__name__}", 50 * len(base.get_params(False)))


def is_too_long(value, limit):
    if limit is None:
        return value is None
    return isinstance(value, int) and value >= limit


def answer(estimator, X):
    """What a fitted estimator says of X, by the first of the methods that it has."""
    if hasattr(estimator, "forecast") and estimator.n_features_in_ == 0:
        return np.asarray(estimator.forecast(2))
    method = "predict" if hasattr(estimator, "predict") else "transform"
    return np.asarray(getattr(estimator, method)(X))


def windows_of(table):
    """The same as windows of one feature, where that can be said of it."""
    return (
        table[:, :, None] if isinstance(table, np.ndarray) and table.ndim == 2 else None
    )


@each_family
def test_broken_rows_are_refused_by_the_name_of_the_argument(cls, trains_at_most):
    findings = Findings()
    trains_at_most(10**6)
    tables = same_numbers(X) | broken(X)
    if get_tags(small(cls)).input_tags.three_d_array:
        windows = {f"windows, {k}": windows_of(v) for k, v in tables.items()}
        tables |= {k: v for k, v in windows.items() if v is not None}
    for what, table in tables.items():
        n_rows = len(table) if what.endswith(("no row", "one row", "two rows")) else 12
        estimator = small(cls)

        def fit(each, table=table, n_rows=n_rows):
            return each.fit(table, target_of(cls)[:n_rows])

        findings.try_fit(estimator, f"X: {what}", NAMES["X"], fit, [table])
    findings.report(f"X of {cls.__name__}", 100)


@pytest.mark.untrained
@each_family
def test_the_container_of_the_same_numbers_does_not_matter(cls):
    continues = hasattr(cls, "forecast")
    y = target_of(cls)
    expected = answer(small(cls).fit(*[None, X] if continues else [X, y]), X)
    for name, table in same_numbers(X).items():
        got = answer(small(cls).fit(*[None, table] if continues else [table, y]), table)
        np.testing.assert_allclose(got, expected, rtol=1e-6, err_msg=name)


TAKE_Y = [cls for cls in FIRST if "y" in inspect.signature(cls.fit).parameters]
TAKE_Y = [cls for cls in TAKE_Y if get_tags(small(cls)).target_tags.required]
TAKE_WEIGHT = [
    c for c in FIRST if "sample_weight" in inspect.signature(c.fit).parameters
]


def columns_of(tables):
    """Each array also as its first column, which is what most targets look like."""
    arrays = {k: v for k, v in tables.items() if getattr(v, "ndim", 0) == 2}
    return tables | {
        f"first of {k}": v.iloc[:, 0] if hasattr(v, "iloc") else v[:, 0]
        for k, v in arrays.items()
        if v.shape[1] and isinstance(v, (np.ndarray, pd.DataFrame))
    }


@each_of(TAKE_Y)
def test_broken_targets_are_refused_by_the_name_of_the_argument(cls, trains_at_most):
    findings, rows = Findings(), None if hasattr(cls, "forecast") else X
    trains_at_most(10**6)
    y, table = target_of(cls), numbers_to_learn(cls)
    lengths = {"too short": y[:5], "too long": np.tile(y, 2)}
    tables = columns_of(same_numbers(table) | broken(table))
    for what, target in (tables | lengths).items():

        def fit(each, target=target):
            return each.fit(rows, target)

        findings.try_fit(small(cls), f"y: {what}", NAMES["y"], fit, [target])
    findings.report(f"y of {cls.__name__}", 150)


@each_of(TAKE_WEIGHT)
def test_broken_weights_are_refused_by_the_name_of_the_argument(cls, trains_at_most):
    findings = Findings()
    trains_at_most(10**6)
    scalars = {f"{value!r}": value for value in (-1, 0, np.nan, np.inf, 2, True, "1")}
    lengths = {
        "too short": WEIGHT[:5],
        "too long": np.tile(WEIGHT, 2),
        "minus": -WEIGHT,
    }
    tables = columns_of(same_numbers(WEIGHT[:, None]) | broken(WEIGHT[:, None]))
    for what, weight in (tables | scalars | lengths).items():

        def fit(each, weight=weight):
            return each.fit(X, target_of(cls), sample_weight=weight)

        what = f"sample_weight: {what}"
        findings.try_fit(small(cls), what, NAMES["sample_weight"], fit, [weight])
    findings.report(f"sample_weight of {cls.__name__}", 150)


FORECASTER = skrnn.AutoregressiveForecaster(LinearRegression(), window=2)
FUNCTIONS = {
    "series of make_windows": (skrnn.make_windows, {"window": 2}, "series"),
    "X of backtest": (
        skrnn.backtest,
        {"forecaster": FORECASTER, "y": X[:, 0], "cv": 2},
        "X",
    ),
    "y of backtest": (
        skrnn.backtest,
        {"forecaster": FORECASTER, "X": None, "cv": 2},
        "y",
    ),
    "results of error_by_step": (skrnn.error_by_step, {}, "results"),
}


def try_call(function, settings, name, value, names):
    """Call a function; give what is wrong with an exception, or nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", module="scipy")
            function(**{**settings, name: value})
    except Exception as error:
        yield from faults_of(function, error, names)


@pytest.mark.parametrize("what", FUNCTIONS)
def test_functions_refuse_broken_data_by_the_name_of_the_argument(what):
    function, settings, name = FUNCTIONS[what]
    tables, wrong = columns_of(same_numbers(X) | broken(X)), []
    for kind, table in tables.items():
        names = rf"\b{name}\b|{NAMES.get(name, 'column')}"
        before = fingerprint(table)
        found = try_call(function, settings, name, table, names)
        wrong += [f"{kind}: {each}" for each in found]
        assert fingerprint(table) == before
    print(f"{what}: {len(tables)} inputs tried")
    assert not wrong, "\n".join(wrong)
    assert len(tables) > 150


@pytest.mark.parametrize(
    ("function", "settings", "parameters"),
    [
        (
            skrnn.make_windows,
            {"series": X, "window": 2},
            ["window", "horizon", "gap", "stride"],
        ),
        (
            skrnn.backtest,
            {"forecaster": FORECASTER, "X": None, "y": X[:, 0], "cv": 2},
            ["forecaster", "cv", "coverage", "refit"],
        ),
        (skrnn.set_config, {}, ["program_cache_size"]),
    ],
)
def test_functions_refuse_wrong_values_by_the_name_of_the_parameter(
    function, settings, parameters
):
    kept, wrong = skrnn.get_config(), []
    for name in parameters:
        names = rf"\b{name}\b" + "|folds|n_splits" * (name == "cv")
        for value in VALUES:
            found = try_call(function, settings, name, value, names)
            wrong += [f"{name}={value!r}: {each}" for each in found]
    skrnn.set_config(**kept)
    print(f"{function.__name__}: {len(parameters) * len(VALUES)} inputs tried")
    assert not wrong, "\n".join(wrong)
