"""The portfolio for other programs: as JSON by a published schema, and as a graph of its dependencies for Mermaid."""
