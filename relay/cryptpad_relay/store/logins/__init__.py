"""Login blocks, beside the logs of pads."""
