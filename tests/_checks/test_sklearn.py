import numpy as np
import pandas as pd

from skrnn._checks.sklearn import feature_names, names_in
from tests.support.checked import Forecast, table


def test_names_are_those_of_fit_or_numbered():
    names = np.array(["a", "b"], dtype=object)
    named = Forecast(n_features_in_=2, feature_names_in_=names)
    assert list(names_in(named)) == ["a", "b"]
    assert list(names_in(Forecast(n_features_in_=2))) == ["x0", "x1"]


def test_only_text_names_columns():
    assert list(feature_names(table(a=[1], b=[2]))) == ["a", "b"]
    assert feature_names(pd.DataFrame(np.ones((1, 2)))) is None
    assert feature_names(np.ones((1, 2))) is None
