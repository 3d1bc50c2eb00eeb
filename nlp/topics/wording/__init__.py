"""How topics are told in people's own words: terms, labels, quotes, names."""
