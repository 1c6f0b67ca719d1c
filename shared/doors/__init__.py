"""Coming in and going out: operators, passwords, sessions, throttling, login by code."""
