"""The only Flask inside shared: what both surfaces stand on."""
