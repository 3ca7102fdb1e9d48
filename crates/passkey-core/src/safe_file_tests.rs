//! Trust in files, case by case.
