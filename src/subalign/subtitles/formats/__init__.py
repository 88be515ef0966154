"""The formats that results are written in, one module each, and the registry that names them."""
