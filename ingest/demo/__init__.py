"""The product on one's own machine: a few homes with a year behind them and gateways that answer."""
