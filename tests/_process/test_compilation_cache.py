import os
import sys
import threading
from pathlib import Path

import platformdirs
import pytest

from skrnn._process.compilation_cache import (
    ProgramFolder,
    describe_processor,
    resolve_folder,
)

NAMES = [f"{i:032x}" for i in range(6)]


@pytest.fixture
def folder(tmp_path):
    return ProgramFolder(tmp_path / "new" / "cache", ["1"])


def files_of(tmp_path):
    return [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("setting", [False, "", "0", "false", "False"])
def test_settings_that_mean_no_folder(setting):
    assert resolve_folder(setting) is None


@pytest.mark.parametrize("setting", [True, "1", "true"])
def test_true_means_the_cache_directory_of_the_user(setting):
    own = Path(platformdirs.user_cache_dir("skrnn", appauthor=False))
    assert resolve_folder(setting).parent == own


def test_without_platformdirs_a_folder_has_to_be_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    with pytest.raises(ImportError, match="or name a folder"):
        resolve_folder(True)


def test_a_folder_is_made_absolute_whether_text_or_path():
    assert resolve_folder("a") == resolve_folder(Path("a")) == Path.cwd() / "a"
    assert resolve_folder("~/a") == Path.home() / "a"


def test_what_is_written_is_read_by_another_process_of_the_same_versions(tmp_path):
    assert ProgramFolder(tmp_path, ["1", "a"]).write(NAMES[0], b"content")
    assert ProgramFolder(tmp_path, ["1", "a"]).read(NAMES[0]) == b"content"
    assert ProgramFolder(tmp_path, ["1", "b"]).read(NAMES[0]) is None


def test_what_was_never_written_is_missing(folder):
    assert folder.read(NAMES[0]) is None


@pytest.mark.parametrize("cut", [0, 10, 40])
def test_a_file_that_is_cut_off_is_as_good_as_missing(folder, tmp_path, cut):
    folder.write(NAMES[0], b"content" * 9)
    (path,) = files_of(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    assert folder.read(NAMES[0]) is None


@pytest.mark.parametrize("place", [0, 31, 32, -1])
def test_a_file_with_one_wrong_bit_is_as_good_as_missing(folder, tmp_path, place):
    folder.write(NAMES[0], b"content")
    (path,) = files_of(tmp_path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert folder.read(NAMES[0]) is None
    folder.write(NAMES[0], b"content")
    assert folder.read(NAMES[0]) == b"content"


def test_what_was_used_longest_ago_makes_room_for_what_is_new(tmp_path):
    contents = [os.urandom(1000) for _ in NAMES]
    other = ProgramFolder(tmp_path, ["other versions"])
    folder = ProgramFolder(tmp_path, ["1"], max_bytes=3500)
    for age, (name, content) in enumerate(zip(NAMES[:3], contents, strict=False)):
        (other if age == 1 else folder).write(name, content)
        for path in tmp_path.rglob(name):
            os.utime(path, (1000 + age, 1000 + age))
    assert folder.read(NAMES[0]) == contents[0]  # Used now, so no longer the oldest.
    folder.write(NAMES[3], contents[3])
    assert other.read(NAMES[1]) is None
    kept = [NAMES[i] for i in (0, 2, 3) if folder.read(NAMES[i]) == contents[i]]
    assert kept == [NAMES[i] for i in (0, 2, 3)]


def test_files_of_others_are_never_deleted(tmp_path):
    (tmp_path / "photos").mkdir()
    theirs = tmp_path / "photos" / NAMES[0]
    theirs.write_bytes(bytes(5000))
    folder = ProgramFolder(tmp_path, ["1"], max_bytes=100)
    folder.write(NAMES[1], os.urandom(1000))
    assert files_of(tmp_path) == [theirs]


def test_a_folder_in_which_nothing_can_be_written_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    folder = ProgramFolder(tmp_path / "file" / "cache", ["1"])
    assert not folder.is_writable()
    assert not folder.write(NAMES[0], b"content")
    assert folder.read(NAMES[0]) is None


def test_a_full_disk_leaves_nothing_behind(folder, tmp_path, monkeypatch):
    def fail(path, content):
        path.touch()
        raise OSError(28, "No space left on device")

    assert folder.is_writable()
    monkeypatch.setattr(Path, "write_bytes", fail)
    assert not folder.write(NAMES[0], b"content")
    assert [path.name for path in files_of(tmp_path)] == ["writable"]


def test_many_may_write_read_and_make_room_at_once(tmp_path):
    contents = {name: os.urandom(2000) for name in NAMES}
    wrong = []

    def work():
        folder = ProgramFolder(tmp_path, ["1"], max_bytes=7000)
        for _ in range(20):
            for name, content in contents.items():
                folder.write(name, content)
                if folder.read(name) not in (content, None):
                    wrong.append(name)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sum(path.stat().st_size for path in files_of(tmp_path)) <= 7000


def test_the_processor_is_described_by_its_features(monkeypatch):
    info = "processor\t: 0\nmodel name\t: A\ncpu MHz\t: {}\nflags\t\t: fpu {}\n"
    described = []
    for mhz, flag in [(1, "avx"), (2, "avx"), (1, "avx2")]:
        text = info.format(mhz, flag)
        monkeypatch.setattr(Path, "read_text", lambda path, text=text: text)
        described.append(describe_processor())
    assert described[0] == described[1] != described[2]


def test_a_processor_without_known_features_is_that_of_this_machine(monkeypatch):
    def fail(path):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", fail)
    monkeypatch.setattr("platform.node", lambda: "machine 7")
    assert describe_processor()[-1] == "machine 7"
