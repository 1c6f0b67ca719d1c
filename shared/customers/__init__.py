"""Customers and their dated terms."""
