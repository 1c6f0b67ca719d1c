"""CSV files as Japanese offices write and read them (domain.md §4, security.md T12 and T13)."""

from shared.csvfile.guarding import guarded, unguarded
from shared.csvfile.opening import FileRefused
from shared.csvfile.reading import Limits, Problems, read_rows
from shared.csvfile.writing import Column, CsvWriter

__all__ = [
    "Column",
    "CsvWriter",
    "FileRefused",
    "Limits",
    "Problems",
    "guarded",
    "read_rows",
    "unguarded",
]
