"""Pure: terms and days to a bill, its explanation and its checks."""
