//! Facts and judgements, case by case.
