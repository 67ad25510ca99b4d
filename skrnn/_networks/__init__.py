"""Networks without Keras: the equations in NumPy."""
