import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge

from skrnn import AutoregressiveForecaster
from tests.support.many_series import (
    DAYS,
)
from tests.support.series import (
    make_daily,
    no_columns,
)


@pytest.fixture
def daily():
    return make_daily()


def ridge(window=3, **params):
    return AutoregressiveForecaster(Ridge(), window=window, **params)


def test_calibration_forgoes_origins_with_missing_values(daily):
    y = daily[1].where(np.arange(60) != 50)
    forecaster = ridge(2, calibration=20).fit(None, y)
    errors = forecaster.calibration_errors_[0, :, :, 0]
    # Origins lie behind the rows 39 to 58; two of them see the row 50.
    assert_array_equal(np.isnan(errors).all(axis=1).nonzero()[0], [11, 12])
    assert np.isnan(errors[0]).nonzero()[0].tolist() == [10]
    assert len(forecaster.predict_interval(no_columns(DAYS[10:12]), 0.5)) == 2
