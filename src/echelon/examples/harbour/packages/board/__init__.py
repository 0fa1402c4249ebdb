"""The board: what everybody may see, in a browser."""
