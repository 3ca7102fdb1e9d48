//! The configuration, case by case.
