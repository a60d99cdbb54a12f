"""What changed, as sentences, and the channels that carry them."""
