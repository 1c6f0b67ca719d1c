"""The one data layer and the rules."""
