"""The bridge: the door that OpenCode's plugin speaks to. Tools and hooks in, actions and decisions out."""
