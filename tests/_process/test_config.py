import pytest

import skrnn


def test_settings_are_changed_one_by_one_and_read_as_a_copy():
    before = skrnn.get_config()
    try:
        skrnn.set_config(program_cache_size=3)
        assert skrnn.get_config() == {**before, "program_cache_size": 3}
        skrnn.set_config()
        skrnn.get_config()["program_cache_size"] = 4
        assert skrnn.get_config()["program_cache_size"] == 3
    finally:
        skrnn.set_config(**before)


@pytest.mark.parametrize("size", [-1, 2.5, "many", True])
def test_sizes_of_the_cache_are_checked(size):
    with pytest.raises(ValueError, match="program_cache_size must be an integer"):
        skrnn.set_config(program_cache_size=size)
