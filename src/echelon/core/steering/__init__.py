"""How agents find things in the steering files: the charter, the outline, the read guard, the search. Pure."""
