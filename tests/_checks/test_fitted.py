import sys

from skrnn._checks.fitted import set_fitted
from tests.support.checked import Forecast


def test_refit_replaces_what_was_learned_and_drops_what_no_longer_exists():
    estimator = Forecast(window=3, n_features_in_=1, feature_names_in_=["a"])
    set_fitted(estimator, {"n_features_in_": 2, "feature_names_in_": None, "new_": 0})
    assert vars(estimator) == {"window": 3, "n_features_in_": 2, "new_": 0}


def test_an_interrupt_leaves_an_estimator_as_it_was_or_as_it_will_be():
    before = {"a_": 1, "names_": ["x"]}
    after = {"a_": 2, "b_": 3}
    for n in range(40):
        estimator, lines = Forecast(**before), iter(range(n))

        def interrupt(frame, event, arg, lines=lines):
            if event == "line" and next(lines, None) is None:
                raise KeyboardInterrupt
            return interrupt

        sys.settrace(interrupt)
        try:
            set_fitted(estimator, {"a_": 2, "b_": 3, "names_": None})
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        assert vars(estimator) in (before, after)
    assert vars(estimator) == after
