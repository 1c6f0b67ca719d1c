"""Bills as stored: lists, documents and their totals."""
