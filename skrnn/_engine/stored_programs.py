"""Compiled programs that come from a folder and go there.

TensorFlow can keep what it compiles in a folder, but with its own names: each function
is numbered by the process, so that another process finds it only if it has done the
same things in the same order. It also fails, or executes nonsense, where a file is
damaged, and fails where one cannot be written. So it is given a folder in memory, and
functions with names that stand for their content; what is in that folder is read from
the disk, and written to it, here.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .tensorflow import FOLDER_IN_MEMORY, PROGRAM_FOLDER, context, execute, tf

__all__ = ["keep_compiled"]

# XLA keeps compiled functions by name for good, so a name is compiled but once.
_COMPILED: set[str] = set()
_UNUSABLE: set[str] = set()
_LOCKS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

_PREFIX = "skrnn_"
_FILE = re.compile(r"(\w+?)__(\d+)__(\d+)__(\w+)\.pb")


def keep_compiled(function: Any) -> Callable[..., Any]:
    """Return a function whose compiled form is loaded from the disk, or stored there.

    Parameters
    ----------
    function : ConcreteFunction
        A traced function with ``jit_compile=True`` that returns one tensor.

    Returns
    -------
    function : callable
        The same function; the very one if the setting `compilation_cache` is off.
    """
    return function if PROGRAM_FOLDER is None else _KeptFunction(function)


class _KeptFunction:
    """A compiled function under a name that stands for its content."""

    def __init__(self, function: Any) -> None:
        definitions = _canonical(_definitions(function))
        self._digest = _digest(definitions)
        self._name = f"{_PREFIX}{self._digest}_0"
        self._traced = function  # Keeps alive what was captured.
        self._captured = list(function.captured_inputs)
        for definition in _renamed(definitions, f"{_PREFIX}{self._digest}_"):
            context().add_function_def(definition)

    def __call__(self, *args: Any) -> Any:
        if self._digest in _COMPILED:
            return self._run(args)
        with _LOCKS[self._digest]:
            return self._compile_and_run(args)

    def _run(self, args: tuple[Any, ...]) -> Any:
        if self._digest in _UNUSABLE:
            return self._traced(*args)
        inputs = [each for each in tf.nest.flatten(args) if each is not None]
        # Without the configuration of the process, the number of threads for example,
        # which would be part of the name that XLA gives.
        return execute(self._name, 1, inputs + self._captured, (), context())[0]

    def _compile_and_run(self, args: tuple[Any, ...]) -> Any:
        lent = None if self._digest in _COMPILED else _lend_file(self._digest)
        try:
            output = self._run(args)
        except tf.errors.OpError:
            if lent is None:
                raise
            # XLA remembers that this name has failed.
            assert PROGRAM_FOLDER is not None
            PROGRAM_FOLDER.delete(self._digest)
            _UNUSABLE.add(self._digest)
            output = self._traced(*args)
        finally:
            if lent is not None:
                tf.io.gfile.remove(lent)
        _keep_file(self._digest)
        _COMPILED.add(self._digest)
        return output


def _definitions(function: Any) -> list[Any]:
    """Return the definition of a function and those of the functions it calls."""
    library = {
        each.signature.name: each
        for each in function.graph.as_graph_def().library.function
    }
    found: dict[str, Any] = {}
    waiting = [function.function_def]
    while waiting:
        definition = waiting.pop()
        if definition.signature.name not in found:
            found[definition.signature.name] = definition
            called = (library.get(each.name) for each in _called(definition))
            waiting += [each for each in called if each is not None]
    return list(found.values())


def _called(definition: Any) -> Iterator[Any]:
    """Yield the mentions of functions in a definition, to be read or changed."""
    for node in definition.node_def:
        for name in sorted(node.attr):
            value = node.attr[name]
            yield from [value.func] if value.HasField("func") else []
            yield from value.list.func


def _canonical(definitions: list[Any]) -> list[Any]:
    """Return copies without the names that depend on what the process did before."""
    return _renamed([_anonymous(each) for each in definitions], "function_")


def _renamed(definitions: list[Any], prefix: str) -> list[Any]:
    """Return copies in which functions are named by their place in the list."""
    names = {each.signature.name: f"{prefix}{i}" for i, each in enumerate(definitions)}
    return [_with_names(each, names) for each in definitions]


def _with_names(definition: Any, names: dict[str, str]) -> Any:
    copy = type(definition)()
    copy.CopyFrom(definition)
    copy.signature.name = names[copy.signature.name]
    for mention in _called(copy):
        mention.name = names.get(mention.name, mention.name)
    return copy


def _anonymous(definition: Any) -> Any:
    """Return a copy in which arguments and nodes are named by number.

    XLA sorts nodes by name, so the numbers are in the order of the names.
    """
    copy = type(definition)()
    copy.CopyFrom(definition)
    signature, nodes = copy.signature, copy.node_def
    names = _numbered("argument", [each.name for each in signature.input_arg])
    names |= _numbered("node", sorted(node.name for node in nodes))
    results = _numbered("result", [each.name for each in signature.output_arg])
    for argument in signature.input_arg:
        argument.name = names[argument.name]
    for result in signature.output_arg:
        result.name = results[result.name]
    for node in nodes:
        _make_anonymous(node, names)
    ret = {
        results[key]: _renamed_input(value, names) for key, value in copy.ret.items()
    }
    _replace(copy.ret, ret)
    controls = [names[copy.control_ret[each]] for each in signature.control_output]
    _replace(copy.control_ret, {each: each for each in controls})
    del signature.control_output[:]
    signature.control_output.extend(controls)
    for attributes in copy.arg_attr.values():
        attributes.attr.pop("_user_specified_name", None)
    return copy


def _make_anonymous(node: Any, names: dict[str, str]) -> None:
    node.name = names[node.name]
    inputs = [_renamed_input(each, names) for each in node.input]
    del node.input[:]
    node.input.extend(inputs)
    node.ClearField("experimental_debug_info")
    # A gradient has been taken when a function is traced.
    for attribute in ("_gradient_op_type", "_class"):
        node.attr.pop(attribute, None)
    # Of a call of another function: the number of threads, which XLA does not read.
    if "config_proto" in node.attr:
        node.attr["config_proto"].s = b""


def _numbered(kind: str, names: list[str]) -> dict[str, str]:
    return {name: f"{kind}{i:06}" for i, name in enumerate(names)}


def _renamed_input(mention: str, names: dict[str, str]) -> str:
    """Rename an argument, an output of a node (node:output:0) or a control (^node)."""
    control, mention = mention[:1] == "^", mention.lstrip("^")
    name, colon, output = mention.partition(":")
    return "^" * control + names[name] + colon + output


def _replace(table: Any, values: dict[str, str]) -> None:
    table.clear()
    table.update(values)


def _digest(definitions: list[Any]) -> str:
    contents = (each.SerializeToString(deterministic=True) for each in definitions)
    return hashlib.sha256(b"".join(contents)).hexdigest()[:32]


def _lend_file(digest: str) -> str | None:
    """Write what was compiled before to where TensorFlow looks; return the path."""
    assert PROGRAM_FOLDER is not None
    content = PROGRAM_FOLDER.read(digest)
    if content is None:
        return None
    name, _, executable = content.partition(b"\n")
    path = f"{FOLDER_IN_MEMORY}/{name.decode()}"
    _write_to_memory(path, _as_text(name.decode(), executable))
    return path


def _keep_file(digest: str) -> None:
    """Write what TensorFlow has compiled to the disk, and clear the memory of it.

    A compiled module bears the name of its function. Those of other threads stay, and
    what the user compiles is not kept.
    """
    for name in _names_in_memory():
        path = f"{FOLDER_IN_MEMORY}/{name}"
        try:
            content = _read_from_memory(path)
            if f"{_PREFIX}{digest}".encode() in content:
                _write_to_disk(digest, name, content)
            elif _PREFIX.encode() in content or content.startswith(b"key"):
                continue
            tf.io.gfile.remove(path)
        except tf.errors.NotFoundError:
            continue  # Another thread has removed it.


def _write_to_disk(digest: str, name: str, content: bytes) -> None:
    executable = _field(content, 3)
    if executable and PROGRAM_FOLDER is not None:
        PROGRAM_FOLDER.write(digest, name.encode() + b"\n" + executable)


def _names_in_memory() -> list[str]:
    try:
        names = tf.io.gfile.listdir(FOLDER_IN_MEMORY)
    except tf.errors.NotFoundError:
        return []
    return [name for name in names if _FILE.fullmatch(name)]


def _read_from_memory(path: str) -> bytes:
    with tf.io.gfile.GFile(path, "rb") as file:
        return file.read()


def _write_to_memory(path: str, content: bytes) -> None:
    tf.io.gfile.makedirs(FOLDER_IN_MEMORY)
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content)


def _as_text(name: str, executable: bytes) -> bytes:
    """Write an `XlaSerializedCacheEntry` as text.

    TensorFlow reads files as text first, and prints an error for each that is not.
    """
    found = _FILE.fullmatch(name)
    assert found is not None
    prefix, signature, cluster, device = found.groups()
    key = (
        f"key {{ signature_fingerprint: {signature} cluster_fingerprint: {cluster} "
        f'device_type: "{device}" prefix: "{prefix}" }}\n'
    )
    escaped = _ESCAPED[np.frombuffer(executable, np.uint8)].tobytes()
    return key.encode() + b'executable: "' + escaped + b'"\n'


_ESCAPED = np.array([f"\\{byte:03o}" for byte in range(256)], dtype="S4")


def _field(message: bytes, number: int) -> bytes | None:
    """Return a field of a message of protocol buffers that consists of byte fields."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        if tag & 7 != 2:
            return None
        size, place = _varint(message, place)
        if tag >> 3 == number:
            return message[place : place + size]
        place += size
    return None


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Read an integer of seven bits a byte, the lowest first; return its end, too."""
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
