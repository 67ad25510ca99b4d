"""Several networks of one estimator, beside fits of each and beside other engines.

A GRU on 200 windows of 12 steps (32 units, batches of 16) and on 20 000 of 24 steps
(64 units, batches of 64). First an epoch of all networks by three engines, in seconds
of the processor: in turn, which is what the estimators do; as branches of one graph;
and side by side, with stacked weights and products of stacks of matrices. All take the
samples in another order for each network. Then whole fits: `n_networks` at once and
one after the other, the first of a process with what compiles, and the second.
"""

import time

import keras
import numpy as np
import tensorflow as tf
from keras_side import random_windows
from side_by_side import in_fresh_process, parse_arguments, print_table, take_turns

from skrnn import GRURegressor
from skrnn._engine.epoch import (
    PaddedSamples,
    PredictionTask,
    pad_order,
    training_epoch,
)
from skrnn._engine.models import build_model, draw_weights
from skrnn._engine.placement import Placement
from skrnn._networks.description import RecurrentNetwork
from skrnn._windows.windows import windows_of

SIZES = {"small": (200, 12, 32, 16, 20), "large": (20_000, 24, 64, 64, 1)}


def main():
    options = parse_arguments(__doc__, networks={"type": int, "default": 5})
    rounds = 1 if options.quick else 3
    names = ["small"] if options.quick else list(SIZES)
    for name in names:
        compare_engines(name, options.networks, rounds)
        compare_fits(name, options.networks)


def compare_engines(name, n_networks, rounds):
    """Print the seconds of an epoch of all networks, and of compiling it."""
    built, compiling = {}, {}
    for engine in (InTurn, Branches, Stacked):
        start = time.process_time()
        built[engine.label] = engine(name, n_networks)
        built[engine.label].run(0)
        compiling[engine.label] = time.process_time() - start
    epochs = SIZES[name][-1]
    best = take_turns({key: each.clock for key, each in built.items()}, rounds)
    first = best[InTurn.label]
    rows = [
        (key, compiling[key], best[key] / epochs, best[key] / first) for key in built
    ]
    head = (f"{n_networks} networks, {name}", "compiling", "s per epoch", "ratio")
    print_table(head, rows)


def compare_fits(name, n_networks):
    """Print the seconds of fits, each way in a process of its own."""
    rows = []
    for label, at_once in (("one fit of all", True), ("a fit of each", False)):
        rows.append((label, *in_fresh_process(fit_twice, name, n_networks, at_once)))
    ratios = [at / each for at, each in zip(rows[0][1:], rows[1][1:], strict=True)]
    rows.append(("ratio", *ratios))
    print_table((f"fits, {name}", "first", "second"), rows)


def fit_twice(name, n_networks, at_once):
    n_samples, n_steps, units, batch_size, epochs = SIZES[name]
    X, y = random_windows(n_samples, n_steps, 1)
    settings = {"units": units, "batch_size": batch_size, "epochs": epochs}
    seconds = []
    for _ in range(2):
        start = time.process_time()
        if at_once:
            model = GRURegressor(**settings, n_networks=n_networks, random_state=0)
            model.fit(X, y)
        else:
            for seed in range(n_networks):
                GRURegressor(**settings, random_state=seed).fit(X, y)
        seconds.append(time.process_time() - start)
    return seconds


class Engine:
    """Epochs of several networks, to be clocked."""

    def __init__(self, name, n_networks):
        self.n_networks = n_networks
        self.n, self.n_steps, self.units, self.batch, self.n_epochs = SIZES[name]
        X, y = random_windows(self.n, self.n_steps, 1)
        windows = windows_of(X.astype(np.float32))
        targets = y.astype(np.float32).reshape(-1, 1)
        self.samples = PaddedSamples.of(windows, targets, np.ones(self.n))
        network = RecurrentNetwork("gru", self.n_steps, 1, 1, (self.units,))
        self.model = build_model(network)
        self.random = np.random.RandomState(0)
        self.build()

    def order(self):
        order = self.random.permutation(self.n)
        return pad_order(order, self.samples, self.batch)

    def clock(self):
        start = time.process_time()
        for _ in range(self.n_epochs):
            self.run(self.n)
        return time.process_time() - start


class InTurn(Engine):
    label = "in turn"

    def build(self):
        optimizer = keras.optimizers.Adam()
        optimizer.build(self.model.trainable_variables)
        task = PredictionTask(squared_errors)
        epoch = training_epoch(self.model, optimizer, task, [], self.batch)
        none = tf.constant(0)
        self.epoch = Placement().compile(epoch, self.samples, self.order(), none)

    def run(self, n_samples):
        for _ in range(self.n_networks):
            self.epoch(self.samples, self.order(), tf.constant(n_samples))


class SideBySide(Engine):
    """One graph for all networks, with one optimizer of stacked weights."""

    def build(self):
        drawn = [
            draw_weights(self.model, self.random)[: len(self.model.trainable_variables)]
            for _ in range(self.n_networks)
        ]
        self.variables = [
            keras.Variable(np.stack(arrays)) for arrays in zip(*drawn, strict=True)
        ]
        self.optimizer = keras.optimizers.Adam()
        self.optimizer.build(self.variables)
        none = tf.constant(0)
        self.epoch = Placement().compile(self.loop, self.samples, self.orders(), none)

    def orders(self):
        return tf.stack([self.order() for _ in range(self.n_networks)])

    def run(self, n_samples):
        self.epoch(self.samples, self.orders(), tf.constant(n_samples))

    def loop(self, samples, orders, n_samples):
        def body(batch, total):
            first = batch * self.batch
            picked = tf.slice(orders, [0, first], [self.n_networks, self.batch])
            counts = tf.cast(first + tf.range(self.batch) < n_samples, tf.float32)
            where = tf.gather(samples.starts, picked)[..., None] + samples.offsets
            windows = tf.gather(samples.rows, where)
            return batch + 1, total + self.learn(
                windows, tf.gather(samples.targets, picked), counts
            )

        n_batches = (n_samples + self.batch - 1) // self.batch
        return tf.while_loop(
            lambda batch, total: batch < n_batches, body, [tf.constant(0), 0.0]
        )[1]

    def learn(self, windows, targets, counts):
        read = [tf.convert_to_tensor(each.value) for each in self.variables]
        with tf.GradientTape() as tape:
            tape.watch(read)
            losses = squared_errors(targets, self.predict(read, windows)) * counts
            loss = tf.reduce_sum(losses) / tf.reduce_sum(counts)
        gradients = tape.gradient(loss, read)
        tf.distribute.get_replica_context().merge_call(
            lambda _, summed: self.optimizer.apply(summed, self.variables),
            args=(gradients,),
        )
        return loss


class Branches(SideBySide):
    label = "branches of one graph"

    def predict(self, weights, windows):
        others = [each.value for each in self.model.non_trainable_variables]
        outputs = [
            self.model.stateless_call([w[i] for w in weights], others, windows[i])[0]
            for i in range(self.n_networks)
        ]
        return tf.stack(outputs)


class Stacked(SideBySide):
    label = "stacked weights"

    def predict(self, weights, windows):
        kernel, recurrent, bias, kernel_out, bias_out = weights
        inputs = tf.TensorArray(tf.float32, self.n_steps)
        inputs = inputs.unstack(tf.transpose(windows, [2, 0, 1, 3]))

        def step(t, h):
            x = inputs.read(t) @ kernel + bias[:, None, 0]
            state = h @ recurrent + bias[:, None, 1]
            x_gates, x_new = tf.split(x, [2 * self.units, self.units], axis=-1)
            h_gates, h_new = tf.split(state, [2 * self.units, self.units], axis=-1)
            update, reset = tf.split(tf.sigmoid(x_gates + h_gates), 2, axis=-1)
            new = tf.tanh(x_new + reset * h_new)
            return t + 1, update * h + (1 - update) * new

        shape = (self.n_networks, self.batch, self.units)
        _, h = tf.while_loop(
            lambda t, h: t < self.n_steps,
            step,
            [tf.constant(0), tf.zeros(shape)],
            maximum_iterations=self.n_steps,
        )
        return h @ kernel_out + bias_out[:, None]


def squared_errors(targets, predicted):
    return tf.reduce_mean((targets - predicted) ** 2, axis=-1)


if __name__ == "__main__":
    main()
