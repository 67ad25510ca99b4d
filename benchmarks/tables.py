"""Write the tables of README.md that the documentation shows, as CSV files.

The paragraph ahead of each table, which says what was measured, goes to a file of text.
`make docs` runs this, so that the page of benchmarks always has the recorded numbers.
Alone: `python benchmarks/tables.py FOLDER`.
"""

import csv
import re
import sys
from pathlib import Path

README = Path(__file__).with_name("README.md")
MEASURED = "The latest measurements"
# The section of each table, its number there, and how many of its columns are shown.
# The further ones are aims, which say more to developers than to users.
SHOWN = {
    "speed": (MEASURED, 0, 4),
    "cold_start": (MEASURED, 1, 4),
    "search": (MEASURED, 2, None),
    "accuracy": ("How good the forecasts are", 0, None),
    "outliers": ("How good the detectors are", 0, None),
}


def read_sections(text):
    """Return the blocks of each section, which blank lines separate, by its title."""
    _, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    titles_and_bodies = (section.partition("\n")[::2] for section in sections)
    return {title: body.strip().split("\n\n") for title, body in titles_and_bodies}


def read_table(block, n_columns):
    """Return the cells of the first columns of a table in Markdown, row by row."""
    header, _, *lines = block.splitlines()
    rows = [line.strip().strip("|").split("|") for line in (header, *lines)]
    return [[cell.strip() for cell in row[:n_columns]] for row in rows]


def write_tables(folder):
    """Write the tables that are shown, and the paragraphs ahead of them."""
    sections = read_sections(README.read_text(encoding="utf-8"))
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, (title, number, n_columns) in SHOWN.items():
        blocks = sections[title]
        place = [i for i, block in enumerate(blocks) if block.startswith("|")][number]
        text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", blocks[place - 1])
        (folder / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
        with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(read_table(blocks[place], n_columns))


if __name__ == "__main__":
    write_tables(sys.argv[1])
