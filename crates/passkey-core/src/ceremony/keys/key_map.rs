//! The state of each key in a ceremony.

use super::platform::KeyId;

/// One thing for each of a handful of keys, in the order in which they were found. A plain list: there are never many, and a tree
/// for each type of thing would be a good part of the module.
#[derive(Debug)]
pub(crate) struct KeyMap<T>(Vec<(KeyId, T)>);

impl<T> KeyMap<T> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn position(&self, key: KeyId) -> Option<usize> {
        self.0.iter().position(|(id, _)| *id == key)
    }

    pub(crate) fn get(&self, key: KeyId) -> Option<&T> {
        self.iter().find(|(id, _)| *id == key).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: KeyId) -> Option<&mut T> {
        self.iter_mut().find(|(id, _)| *id == key).map(|(_, value)| value)
    }

    /// Puts `value` in the place of what was there before.
    pub(crate) fn insert(&mut self, key: KeyId, value: T) {
        match self.get_mut(key) {
            Some(before) => *before = value,
            None => self.0.push((key, value)),
        }
    }

    pub(crate) fn remove(&mut self, key: KeyId) -> Option<T> {
        self.position(key).map(|index| self.0.remove(index).1)
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&mut T) -> bool) {
        self.0.retain_mut(|(_, value)| keep(value));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (KeyId, &T)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (KeyId, &mut T)> {
        self.0.iter_mut().map(|(key, value)| (*key, value))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyId> {
        self.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.iter_mut().map(|(_, value)| value)
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.0.into_iter().map(|(_, value)| value)
    }
}
