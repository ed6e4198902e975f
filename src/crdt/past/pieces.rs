//! All text that was ever in a document, in its order.
