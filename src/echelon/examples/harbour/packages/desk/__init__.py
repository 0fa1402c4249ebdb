"""The desk: the commands of the people in the office."""
