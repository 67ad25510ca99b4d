"""Try an installed skrnn: `make smoke` runs this file outside of the checkout."""

import pickle
import sysconfig
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import skrnn

installed = Path(sysconfig.get_path("purelib"))
assert Path(skrnn.__file__).is_relative_to(installed), skrnn.__file__
for name in skrnn.__all__:
    getattr(skrnn, name)

X, y = skrnn.datasets.load_coupled_cluster(return_X_y=True)
line = skrnn.AutoregressiveForecaster(LinearRegression(), window=3)
forecast = line.fit(None, y[:12]).forecast(8)
assert np.abs(forecast - y[12:]).max() < 0.01, forecast

windows = skrnn.SlidingWindow(3, gap=1)
lstm = skrnn.LSTMRegressor(4, epochs=2, random_state=0)
pipeline = make_pipeline(windows, lstm).fit(y[:, None], y)
loaded = pickle.loads(pickle.dumps(pipeline))
assert (loaded.predict(y[:, None]) == pipeline.predict(y[:, None])).all()

print(f"skrnn {skrnn.__version__} works from {installed}")
