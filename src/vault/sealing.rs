//! Sealing values with XChaCha20-Poly1305, under keys that are themselves sealed by the operator's key.
