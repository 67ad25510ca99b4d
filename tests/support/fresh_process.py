"""What test_interrupts.py compares with: a fit, and a full disk, in a fresh process."""

import resource
import signal
import tempfile

from skrnn._engine.tensorflow import keras
from tests.support.networks import X, Y, network


def bits(estimator):
    return b"".join(weight.tobytes() for weight in estimator.weights_).hex()


def main():
    print(f"weights={bits(network().fit(X, Y))}")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = keras.callbacks.ModelCheckpoint(f"{folder}/kept.keras")
        estimator = network(callbacks=[checkpoint])
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            estimator.fit(X, Y)
            said = "nothing"
        except OSError:
            said = "OSError"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    state = "fitted" if hasattr(estimator, "weights_") else "not fitted"
    again = bits(network().fit(X, Y)) == bits(network().fit(X, Y))
    print(f"full disk={said}, {state}, fitted afterwards: {again}")


if __name__ == "__main__":
    main()
