"""Readings in, and what is derived from them: boundaries, refusals and days."""
