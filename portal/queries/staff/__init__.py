"""What the vendor's staff look up, over all clients."""
