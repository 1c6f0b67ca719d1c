"""One module a protocol: pure decoders apart from transport."""
