"""The product on one's own machine: homes with a year behind them, and gateways that answer."""
