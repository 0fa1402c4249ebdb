"""The quay side: ships, berths, and who lay where."""
