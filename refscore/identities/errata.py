"""Chapter J: formulas as the lectures print them, and the counterexamples that refute them."""
