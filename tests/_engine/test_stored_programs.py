import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import zlib

import pytest

from skrnn._engine import stored_programs
from skrnn._engine.tensorflow import tf
from tests.support.kept_programs import KINDS

# XLA's compiler lists what it prefers on some processors among what they must have, and
# says that they lack it when a program is loaded: no harm, see openxla/xla#44565.
FALSE_ALARM = re.compile(r"E\d{4} .*cpu_aot_loader.* feature \+prefer-no-.*\n")


def in_fresh_process(kinds, cache, *, n_workers=0, says=""):
    """Run networks in another process, or in its workers; one answer for each."""
    own = (
        *("SKRNN_COMPILATION_CACHE", "TF_XLA_FLAGS", "OMP_NUM_THREADS"),
        "TF_CPP_MIN_LOG_LEVEL",  # With it TensorFlow's chatter is the user's.
    )
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "tests.support.kept_programs"),
            *(str(cache), str(n_workers), *kinds),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name not in own},
    )
    assert finished.returncode == 0, finished.stderr
    assert says is None or FALSE_ALARM.sub("", finished.stderr) == says
    return json.loads(finished.stdout)


def programs_in(folder):
    return {path.name: path for path in folder.glob("*/*") if len(path.name) == 32}


def damage(path, way):
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    name = zlib.decompress(content[32:]).partition(b"\n")[0]
    packed = zlib.compress(name + b"\nno program")
    ways = {
        "cut off": content[: len(content) // 2],
        "one wrong bit": bytes(flipped),
        "refused by XLA": hashlib.sha256(packed).digest() + packed,
    }
    path.write_bytes(ways[way])


@pytest.fixture(scope="module")
def without():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_programs, "PROGRAM_FOLDER", None)
        return {kind: compute() for kind, compute in KINDS.items()}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder, and the answers of two workers that have filled it at once."""
    folder = tmp_path_factory.mktemp("programs")
    return folder, in_fresh_process(KINDS, folder, n_workers=2)


def test_two_workers_write_at_once_and_have_the_bits_of_no_cache(without, filled):
    folder, answers = filled
    assert [answer["kept"] for answer in answers] == [True, True]
    assert [answer["bits"] for answer in answers] == [without, without]
    written = {name for answer in answers for name in answer["written"]}
    assert written == programs_in(folder).keys()
    assert len(written) >= 4


def test_another_process_loads_all_in_any_order_with_the_same_bits(without, filled):
    # With other numbers of threads, too: workers of loky have one each.
    (answer,) = in_fresh_process(reversed(KINDS), filled[0])
    assert answer == {"bits": without, "kept": True, "written": []}


def test_damaged_programs_are_compiled_again_with_the_same_bits(
    without, filled, tmp_path
):
    folder = shutil.copytree(filled[0], tmp_path / "programs")
    damaged = {"cut off": [], "one wrong bit": [], "refused by XLA": []}
    ways = itertools.cycle(damaged)
    for name, path in sorted(programs_in(folder).items()):
        damaged[way := next(ways)].append(name)
        damage(path, way)
    (answer,) = in_fresh_process(KINDS, folder, says=None)
    assert answer["bits"] == without
    compiled = {*damaged["cut off"], *damaged["one wrong bit"]}
    assert set(answer["written"]) == compiled
    # XLA compiles no name again that it refused, so the next process writes these.
    assert programs_in(folder).keys() == compiled


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


def traced_call():
    """A function that calls another one, where TensorFlow notes its own settings."""
    called = tf.function(lambda values: values + 1, autograph=False)
    function = tf.function(lambda values: 2 * called(values), jit_compile=True)
    return function.get_concrete_function(tf.TensorSpec((3,)))


def test_the_settings_of_tensorflow_are_no_part_of_the_name():
    expected, before = digest_of(traced_call()), tf.config.get_soft_device_placement()
    try:
        tf.config.set_soft_device_placement(not before)
        assert digest_of(traced_call()) == expected
    finally:
        tf.config.set_soft_device_placement(before)


def test_without_the_setting_a_function_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(stored_programs, "PROGRAM_FOLDER", None)
    function = traced()
    assert stored_programs.keep_compiled(function) is function


def test_a_field_of_a_message_is_found_behind_long_ones():
    message = b"\x0a\x01a\x12\xac\x02" + b"b" * 300 + b"\x1a\x02cd"
    assert stored_programs._field(message, 2) == b"b" * 300
    assert stored_programs._field(message, 3) == b"cd"
    assert stored_programs._field(message, 4) is None
