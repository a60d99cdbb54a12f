"""A sample fleet to try the product on: real image layouts with real package databases, made on the spot."""
