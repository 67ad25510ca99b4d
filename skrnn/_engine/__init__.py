"""The engine: the only package that imports Keras or TensorFlow."""
