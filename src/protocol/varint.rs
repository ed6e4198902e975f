//! lib0 numbers, strings and byte arrays, read with explicit bounds.
