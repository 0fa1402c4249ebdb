"""Charts as data: what `report.status` says, turned into the numbers that a picture shows. Drawing is in `echelon.pages`.

Every text in it is cleaned and capped, every list has a named limit, and what a limit left out is counted.
"""
