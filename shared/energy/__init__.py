"""Pure: registers to boundaries to days."""
