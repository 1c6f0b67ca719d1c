"""From the roof to a day's energy."""
