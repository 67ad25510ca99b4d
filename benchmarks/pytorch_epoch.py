"""Epochs in PyTorch, for bench_epoch.py, which starts this in a process of its own.

PyTorch and TensorFlow in one process spoil each other's threads. So this waits, idle,
for a line on its standard input, trains one epoch and answers with the seconds it took.
Its arguments are the number of threads (0 leaves it to PyTorch), the cell, the units,
the samples, the steps, the features and the batch size. It needs nothing but PyTorch.
"""

import sys
import time


def main():
    if len(sys.argv) == 1:
        print(__doc__)
        return
    try:
        import torch
    except ImportError:
        print("absent", flush=True)
        return
    threads, cell, *sizes = sys.argv[1:]
    if int(threads):
        torch.set_num_threads(int(threads))
    units, n_samples, n_steps, n_features, batch_size = map(int, sizes)
    torch.manual_seed(0)
    X = torch.randn(n_samples, n_steps, n_features)
    y = X.mean(dim=(1, 2))[:, None]
    layer = getattr(torch.nn, cell)(n_features, units, batch_first=True)
    dense = torch.nn.Linear(units, 1)
    weights = [*layer.parameters(), *dense.parameters()]
    optimizer = torch.optim.Adam(weights, lr=1e-3)
    print(torch.__version__, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        order = torch.randperm(n_samples)
        for batch in order.split(batch_size):
            predicted = dense(layer(X[batch])[0][:, -1])
            loss = torch.nn.functional.mse_loss(predicted, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
