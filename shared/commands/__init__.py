"""The `ppa` commands that need nothing but the data layer, a family a module."""
