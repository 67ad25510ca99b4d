import hashlib
import json
import os
import subprocess
import sys
import zlib

import pytest

from skrnn._engine import stored_programs
from skrnn._engine.tensorflow import tf

KINDS = ["training", "prediction", "roll_out"]


def in_fresh_process(kinds, cache, *, says="", **variables):
    finished = subprocess.run(
        [sys.executable, "-m", "tests.support.kept_programs", *kinds],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SKRNN_COMPILATION_CACHE": str(cache), **variables},
    )
    assert finished.returncode == 0, finished.stderr
    assert says is None or finished.stderr == says
    return json.loads(finished.stdout)


def programs_in(folder):
    return {
        path: path.stat().st_ino for path in folder.glob("*/*") if len(path.name) == 32
    }


@pytest.fixture(scope="module")
def without():
    return in_fresh_process(KINDS, "0")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder, and the bits of the process that has filled it."""
    folder = tmp_path_factory.mktemp("programs")
    return folder, in_fresh_process(KINDS, folder)


def test_bits_are_the_same_when_programs_are_kept(without, filled):
    assert filled[1] == without
    assert len(programs_in(filled[0])) >= 4


def test_another_process_loads_all_in_any_order_with_the_same_bits(without, filled):
    folder = filled[0]
    before = programs_in(folder)
    # joblib tells workers so how many threads they may use.
    assert in_fresh_process(KINDS[::-1], folder, OMP_NUM_THREADS="1") == without
    assert programs_in(folder) == before


def test_damaged_programs_are_compiled_again(without, filled):
    folder = filled[0]
    before = programs_in(folder)
    for i, path in enumerate(before):
        content = path.read_bytes()
        damaged = bytes(len(content)) if i % 2 else content[: len(content) // 2]
        path.write_bytes(damaged)
    assert in_fresh_process(KINDS, folder) == without
    after = programs_in(folder)
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())


def test_programs_that_xla_refuses_are_compiled_again(without, filled):
    folder = filled[0]
    before = programs_in(folder)
    for path in before:
        name = zlib.decompress(path.read_bytes()[32:]).partition(b"\n")[0]
        packed = zlib.compress(name + b"\nno program")
        path.write_bytes(hashlib.sha256(packed).digest() + packed)
    assert in_fresh_process(KINDS, folder, says=None) == without
    assert not programs_in(folder)


def traced(factor=2.0):
    def function(values):
        def step(i, values):
            return i + 1, values * factor

        return tf.while_loop(lambda i, _: i < 3, step, [0, values])[1]

    function = tf.function(function, jit_compile=True, autograph=False)
    return function.get_concrete_function(tf.TensorSpec((3,)))


def digest_of(function):
    return stored_programs._digest(
        stored_programs._canonical(stored_programs._definitions(function))
    )


def test_functions_have_one_name_for_one_content():
    assert digest_of(traced()) == digest_of(traced())
    assert digest_of(traced(2.0)) != digest_of(traced(3.0))


def test_without_the_setting_a_function_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(stored_programs, "PROGRAM_FOLDER", None)
    function = traced()
    assert stored_programs.keep_compiled(function) is function


def test_a_field_of_a_message_is_found_behind_long_ones():
    message = b"\x0a\x01a\x12\xac\x02" + b"b" * 300 + b"\x1a\x02cd"
    assert stored_programs._field(message, 2) == b"b" * 300
    assert stored_programs._field(message, 3) == b"cd"
    assert stored_programs._field(message, 4) is None
