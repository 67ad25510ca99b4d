"""
A pipeline on monthly temperatures
==================================

The surface of the Pacific off Peru warms and cools with the seasons and, every few
years, with El Niño. This page forecasts its temperature three months ahead with an LSTM
in an ordinary scikit-learn pipeline on a pandas frame, lets a grid search choose the
window and the width of the network, and asks whether the forecast is better than
simple ones that cost nothing.
"""

# %%
# The series
# ----------
#
# Monthly means of the sea surface temperature between 0 and 10 degrees south and 90 and
# 80 degrees west, from 1950 to 2010, which statsmodels ships as a table of years and
# months.

import pandas as pd
from statsmodels.datasets import elnino

years = elnino.load_pandas().data.set_index("YEAR")
months = pd.date_range(f"{years.index[0]:.0f}-01", periods=years.size, freq="MS")
frame = pd.DataFrame({"temperature": years.to_numpy().ravel()}, index=months)
y = frame["temperature"]
frame.head()

# %%
# The pipeline
# ------------
#
# :class:`~skrnn.SlidingWindow` gives each month the window of months that ends three
# months before it (`gap=3`). A scaler in front of it returns arrays by default.
# `set_output` keeps the DataFrame, whose index lets the windows of a test fold reach
# back into the training months. The network would scale its inputs by itself; the
# scaler is here to show where preprocessing goes.

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import LSTMRegressor, SlidingWindow

epochs = 60
# sphinx_gallery_start_ignore
# The page is also a program: see its --help.
from argparse import ArgumentParser
from pathlib import Path

parser = ArgumentParser(description="Forecast monthly sea surface temperatures.")
parser.add_argument("--output", type=Path, help="folder for the figures")
parser.add_argument("--epochs", type=int, default=epochs, help="epochs of each network")
options = parser.parse_args()
epochs = options.epochs
# sphinx_gallery_end_ignore

pipeline = make_pipeline(
    StandardScaler(),
    SlidingWindow(gap=3),
    LSTMRegressor(learning_rate=0.003, epochs=epochs, random_state=0),
).set_output(transform="pandas")

# %%
# Window and width
# ----------------
#
# The years from 1997 on, with the strongest El Niño of the record, are kept for the
# end. On those before, the search trains on the past and tests on the six years that
# follow, four times.

from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

past, future = slice(None, "1996"), slice("1997", None)
search = GridSearchCV(
    pipeline,
    {"slidingwindow__window": [12, 24], "lstmregressor__units": [8, 32]},
    cv=TimeSeriesSplit(4, test_size=72),
    scoring="neg_root_mean_squared_error",
)
search.fit(frame[past], y[past])

results = pd.DataFrame(search.cv_results_).set_index(
    ["param_slidingwindow__window", "param_lstmregressor__units"]
)
results.index.names = ["window", "units"]
print((-results["mean_test_score"]).rename("error in K").round(3).to_string())

# %%
# Forecasts that cost nothing
# ---------------------------
#
# They are the same month of the year before, the mean of the month in all years before
# 1997, and a ridge regression on the same windows as the network.

from sklearn.linear_model import Ridge

window = search.best_params_["slidingwindow__window"]
lags = SlidingWindow(window, gap=3, flatten=True).set_output(transform="pandas")
lags_past = lags.fit_transform(frame[past]).dropna()
ridge = Ridge().fit(lags_past, y[lags_past.index])

means = y[past].groupby(y[past].index.month).mean()
forecasts = pd.DataFrame(
    {
        "month of the year before": y.shift(12)[future],
        "mean of the month": means[y[future].index.month].to_numpy(),
        "ridge": ridge.predict(lags.transform(frame[future])),
        "LSTM": search.predict(frame[future]),
    },
    index=y[future].index,
)
errors = forecasts.sub(y[future], axis=0).pow(2).mean().pow(0.5)
print(errors.rename("error in K").round(2).to_string())

# %%
# Three months ahead the network is about a quarter better than the mean of the month.
# The ridge, which is trained in a blink, is as good: with another `random_state` the
# network falls on either side of it. Both know from the months before whether the water
# is warmer than usual; neither sees the El Niño of 1997 before it begins. The figure
# shows the first half of the fourteen years.

import matplotlib.pyplot as plt

from skrnn import ForecastDisplay

shown = forecasts[:"2003"]
figure, ax = plt.subplots(figsize=(10, 4.5), layout="constrained")
ax.plot(shown["mean of the month"], color="0.6", linewidth=1, label="mean of the month")
ForecastDisplay.from_predictions(
    y["1993":"1996"], shown["LSTM"], y_true=y[shown.index], name="LSTM", ax=ax
)
ax.get_legend().remove()
ax.set_ylabel("Sea surface temperature in °C")
handles, labels = ax.get_legend_handles_labels()
labels = [label.replace("\n", " ") for label in labels]
figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
forecast_figure = figure

# %%
# The loss of the network that the search chose, refitted on all months up to 1996:

from skrnn import LossCurveDisplay

display = LossCurveDisplay.from_estimator(search)
loss_figure = display.figure_

# %%

# sphinx_gallery_start_ignore
if options.output:
    options.output.mkdir(parents=True, exist_ok=True)
    forecast_figure.savefig(options.output / "forecast.png", dpi=120)
    loss_figure.savefig(options.output / "loss.png", dpi=150)
    print(f"Wrote forecast.png and loss.png to {options.output}")
# sphinx_gallery_end_ignore
