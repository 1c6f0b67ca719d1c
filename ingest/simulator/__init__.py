"""A sunny house with a family in it, and the gateways that speak for its meters."""
