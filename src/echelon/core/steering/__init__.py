"""How agents find things in steering files without reading them whole: outline, read guard, search. Pure."""
