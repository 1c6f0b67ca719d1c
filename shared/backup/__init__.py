"""A database in one file, and the database again from it, whole or not at all (R29, T20)."""

from shared.backup.keeping import back_up, find_revision, restore

__all__ = ["back_up", "find_revision", "restore"]
