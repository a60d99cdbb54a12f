"""What an image must be to go out: kinds of policies, what they judge by, and how they add up. Pure."""
