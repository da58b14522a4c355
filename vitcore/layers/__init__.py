"""Words: small modules that take a tensor and return a tensor.

Shapes everywhere: b batch, n tokens, d width, h heads, g key heads, k head width (of a convolution: channels that
come out), m random features, c channels, y x rows and columns; ... any axes before, and () a single number.
"""
