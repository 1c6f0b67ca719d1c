"""A person's data erased: what goes at once, and each bill's name when its term is over (R28)."""
