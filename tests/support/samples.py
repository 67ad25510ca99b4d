"""Samples to train a small network on, and training in their order."""

import keras
import numpy as np

from skrnn._engine.models import build_model, draw_weights
from skrnn._engine.samples import Samples
from skrnn._engine.settings import Course
from skrnn._engine.training import train
from skrnn._engine.training_program import State
from skrnn._networks.description import RecurrentNetwork
from skrnn._windows.windows import Windows

CELLS = ("rnn", "lstm", "gru")


def make_samples(n_samples=22, n_steps=5, n_features=2, n_targets=1, *, missing=False):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(n_samples + n_steps - 1, n_features)).astype(np.float32)
    if missing:
        rows[[3, 4, 11]] = np.nan
    starts = np.arange(n_samples)
    windows = Windows(rows, starts, n_steps)
    targets = rng.normal(size=(n_samples, n_targets)).astype(np.float32)
    weights = rng.uniform(0.5, 2.0, size=n_samples)
    # The samples that count are some of those that share the rows, in any order.
    return Samples(
        windows, targets, weights, rng.permutation(n_samples)[: n_samples - 2]
    )


def network_for(samples, cell="lstm", **settings):
    windows = samples.windows
    sizes = (windows.n_steps, windows.n_features, samples.targets.shape[1])
    return RecurrentNetwork(cell, *sizes, **{"units": (3,), **settings})


def weights_for(network):
    return draw_weights(build_model(network), np.random.RandomState(1))


def fit_in_order(network, recipe, weights, samples, held_out=None, **course):
    course = Course(**{"epochs": 3, "batch_size": 8, "shuffle": False, **course})
    state, history = train(
        network,
        recipe,
        State(weights),
        samples,
        course,
        np.random.RandomState(0),
        held_out,
    )
    return state.weights, history


def a_batch_callback():
    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
