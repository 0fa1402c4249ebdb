"""What the page shows, one module for each view: functions from a mirror and a query to an answer."""
