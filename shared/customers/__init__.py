"""Customers: read from files and forms, registered, changed, found and exported."""
