//! Whose turn it is.

use std::collections::VecDeque;

use crate::party::Party;

/// What waits to be worked on. One of each party comes in turn, and those of root before those of users. So root waits for at most one
/// for each other account, and a user for at most one of each other user besides those of root, however many a party has waiting.
pub(crate) struct Queue<T> {
    /// A line for each party that waits, in the order of their turns. None is empty.
    lines: VecDeque<(Party, VecDeque<T>)>,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self { lines: VecDeque::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(crate) fn push(&mut self, party: Party, item: T) {
        match self.lines.iter_mut().find(|(other, _)| *other == party) {
            Some((_, line)) => line.push_back(item),
            None => self.lines.push_back((party, VecDeque::from([item]))),
        }
    }

    /// Takes the next one; the turn of its party comes again after those of the others.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let turn = self.lines.iter().position(|(party, _)| party.is_root()).unwrap_or(0);
        let (party, mut line) = self.lines.remove(turn)?;
        let item = line.pop_front();
        if !line.is_empty() {
            self.lines.push_back((party, line));
        }
        item
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
