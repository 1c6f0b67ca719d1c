"""What a homeowner sees on a phone."""
