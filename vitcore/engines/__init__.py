"""Where queued runs execute: on this machine, or on others; one small interface."""
