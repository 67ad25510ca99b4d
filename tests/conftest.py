import os

# No test opens a window, on any machine. pytest reads this file before matplotlib
# is imported, and test runs in other processes inherit the variable.
os.environ["MPLBACKEND"] = "Agg"
