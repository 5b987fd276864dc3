//! End-to-end tests of the whole product, and of the repository itself; see `tests/`.
