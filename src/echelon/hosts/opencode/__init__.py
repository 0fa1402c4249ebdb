"""OpenCode as a host: where it is, how Echelon gets into it and out again, and (with the bridge) how it is driven."""
