"""Pictures of numbers over time, drawn here: no script, no style of their own, and a text for who cannot see them."""
