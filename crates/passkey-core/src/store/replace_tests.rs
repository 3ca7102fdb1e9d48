//! Replacing files, at every step.
