"""The forecaster and its backtest."""
