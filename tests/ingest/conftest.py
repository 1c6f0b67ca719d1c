"""Settings for every test of the way from the roof to a day's energy."""

from hypothesis import settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("ingest", deadline=None)
settings.load_profile("ingest")
