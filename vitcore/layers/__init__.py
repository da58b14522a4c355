"""Words: small modules that take a tensor and return a tensor.

Shapes everywhere: b batch, n tokens, d width, h heads, k head width, m features, c channels, y x rows and columns.
"""
