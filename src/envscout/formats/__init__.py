"""Answers as documents of other people's formats, and as pages. Pure: an answer is given, text comes of it."""
