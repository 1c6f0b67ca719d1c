"""What the operator sees on a desk."""
