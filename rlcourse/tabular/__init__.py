"""Tabular forms: numpy in float64, written like the equations, compiled where loops need it."""
