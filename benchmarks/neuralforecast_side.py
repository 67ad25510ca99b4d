"""Forecasts of neuralforecast, for accuracy.py, which starts this with another Python.

Its argument is the name of a model, whose parameters are left as they come. Each line
on the standard input is a task in JSON: values (a list for each series), horizon and
seed. It answers with a line: the forecast and the seconds of the processor. It needs
nothing but neuralforecast, with PyTorch for the CPU.
"""

import json
import logging
import sys
import time


def main():
    if len(sys.argv) == 1:
        print(__doc__)
        return
    answers, sys.stdout = sys.stdout, sys.stderr  # Lightning prints.
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    from neuralforecast import NeuralForecast, models

    model = getattr(models, sys.argv[1])
    for line in sys.stdin:
        task = json.loads(line)
        start = time.process_time()
        net = model(
            h=task["horizon"],
            random_seed=task["seed"] + 1,
            enable_progress_bar=False,
            logger=False,
            enable_checkpointing=False,
        )
        forecaster = NeuralForecast([net], freq=1)
        forecaster.fit(as_table(task["values"]))
        forecast = forecaster.predict()[sys.argv[1]].to_numpy()
        answer = {
            "forecast": forecast.reshape(len(task["values"]), -1).tolist(),
            "seconds": time.process_time() - start,
        }
        print(json.dumps(answer), file=answers, flush=True)


def as_table(series):
    """Put series into the long frame that neuralforecast takes."""
    import pandas as pd

    return pd.concat(
        [
            pd.DataFrame({"unique_id": i, "ds": range(len(values)), "y": values})
            for i, values in enumerate(series)
        ]
    )


if __name__ == "__main__":
    main()
