"""The web console: one local page from which a person follows and steers every workspace on the machine."""
