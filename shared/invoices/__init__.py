"""Bills computed, closed, issued and shown."""
