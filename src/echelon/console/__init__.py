"""The console: one person's page over the workspaces of this machine. No door has logic: it reads, and calls actions."""
