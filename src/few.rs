//! A map that mostly holds one thing. A lone entry lies in the map itself, several in a tree.
//!
//! A tree's node has room for eleven entries, which a map of one would pay for: and there is such a
//! map for each connection, each document and each life of one. Knows nothing of what it holds.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, btree_map},
    mem::{replace, take},
    ops::Bound,
    option,
};

/// See above. In the order of its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Few<K, V> {
    /// Nothing.
    #[default]
    Nothing,
    /// One entry.
    One(K, V),
    /// More than one.
    Several(BTreeMap<K, V>),
}

/// What goes over one of two kinds of maps.
pub(crate) enum Either<A, B> {
    /// Nothing, or one entry.
    One(A),
    /// Several.
    Several(B),
}

/// Entries whose values may be changed.
type IterMut<'a, K, V> = Either<option::IntoIter<(&'a K, &'a mut V)>, btree_map::IterMut<'a, K, V>>;

impl<A: Iterator, B: Iterator<Item = A::Item>> Iterator for Either<A, B> {
    type Item = A::Item;

    fn next(&mut self) -> Option<A::Item> {
        match self {
            Self::One(one) => one.next(),
            Self::Several(several) => several.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::One(one) => one.size_hint(),
            Self::Several(several) => several.size_hint(),
        }
    }
}

impl<K: Ord, V> Few<K, V> {
    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(..) => 1,
            Self::Several(tree) => tree.len(),
        }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// What is kept under a key.
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::One(held, value) if held.borrow() == key => Some(value),
            Self::Nothing | Self::One(..) => None,
            Self::Several(tree) => tree.get(key),
        }
    }

    /// The same, to be changed.
    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::One(held, value) if (*held).borrow() == key => Some(value),
            Self::Nothing | Self::One(..) => None,
            Self::Several(tree) => tree.get_mut(key),
        }
    }

    /// Whether something is kept under a key.
    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// Keeps a value; gives what was kept under the key before.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(held) = self.get_mut(&key) {
            return Some(replace(held, value));
        }
        *self = match take(self) {
            Self::Nothing => Self::One(key, value),
            Self::One(first, held) => Self::Several([(first, held), (key, value)].into()),
            Self::Several(mut tree) => {
                tree.insert(key, value);
                Self::Several(tree)
            }
        };
        None
    }

    /// Takes out what is kept under a key.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Self::Several(tree) = self {
            let removed = tree.remove(key);
            self.settle();
            return removed;
        }
        match take(self) {
            Self::One(held, value) if held.borrow() == key => Some(value),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Keeps those entries that this says yes to.
    pub(crate) fn retain(&mut self, mut keeps: impl FnMut(&K, &mut V) -> bool) {
        match self {
            Self::Nothing => {}
            Self::One(key, value) => {
                if !keeps(key, value) {
                    *self = Self::Nothing;
                }
            }
            Self::Several(tree) => {
                tree.retain(keeps);
                self.settle();
            }
        }
    }

    /// A tree that is left with less than two entries is none any more.
    fn settle(&mut self) {
        if let Self::Several(tree) = self
            && tree.len() < 2
        {
            let last = tree.pop_first();
            *self = last.map_or(Self::Nothing, |(key, value)| Self::One(key, value));
        }
    }

    /// All entries.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        match self {
            Self::Nothing => Either::One(None.into_iter()),
            Self::One(key, value) => Either::One(Some((key, value)).into_iter()),
            Self::Several(tree) => Either::Several(tree.iter()),
        }
    }

    /// The same, their values to be changed.
    pub(crate) fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        match self {
            Self::Nothing => Either::One(None.into_iter()),
            Self::One(key, value) => Either::One(Some((&*key, value)).into_iter()),
            Self::Several(tree) => Either::Several(tree.iter_mut()),
        }
    }

    /// All keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// All values.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    /// The entries from a key on.
    pub(crate) fn starting_at<Q: Ord + ?Sized>(&self, from: &Q) -> impl Iterator<Item = (&K, &V)>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::One(key, value) if key.borrow() >= from => {
                Either::One(Some((key, value)).into_iter())
            }
            Self::Nothing | Self::One(..) => Either::One(None.into_iter()),
            Self::Several(tree) => {
                Either::Several(tree.range::<Q, _>((Bound::Included(from), Bound::Unbounded)))
            }
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Few<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut few = Self::Nothing;
        for (key, value) in entries {
            few.insert(key, value);
        }
        few
    }
}

impl<K: Ord, V> IntoIterator for Few<K, V> {
    type Item = (K, V);
    type IntoIter = Either<option::IntoIter<(K, V)>, btree_map::IntoIter<K, V>>;

    fn into_iter(self) -> Self::IntoIter {
        match self {
            Self::Nothing => Either::One(None.into_iter()),
            Self::One(key, value) => Either::One(Some((key, value)).into_iter()),
            Self::Several(tree) => Either::Several(tree.into_iter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, SeededRandom};

    /// Everything that can be asked, of both.
    fn same(few: &mut Few<u8, u64>, tree: &mut BTreeMap<u8, u64>) {
        assert_eq!((few.len(), few.is_empty()), (tree.len(), tree.is_empty()));
        assert!(few.iter().eq(tree.iter()) && few.iter_mut().eq(tree.iter_mut()));
        assert!(few.keys().eq(tree.keys()) && few.values().eq(tree.values()));
        assert!(few.values_mut().eq(tree.values_mut()));
        assert!(few.clone().into_iter().eq(tree.clone()));
        assert_eq!(few.clone().into_iter().collect::<Few<_, _>>(), *few);
        for key in 0..5 {
            assert_eq!(few.get(&key), tree.get(&key));
            assert_eq!(few.get_mut(&key), tree.get_mut(&key));
            assert_eq!(few.contains_key(&key), tree.contains_key(&key));
            assert!(few.starting_at(&key).eq(tree.range(key..)));
        }
    }

    #[test]
    fn it_answers_as_a_tree_does() {
        let random = SeededRandom::new(1);
        let (mut few, mut tree) = (Few::default(), BTreeMap::new());
        for value in 0..2000 {
            let key = u8::try_from(random.below(4)).unwrap();
            match random.below(5) {
                0 | 1 => assert_eq!(few.insert(key, value), tree.insert(key, value)),
                2 | 3 => assert_eq!(few.remove(&key), tree.remove(&key)),
                _ => {
                    few.retain(|it, value| *it != key && *value % 7 != 0);
                    tree.retain(|it, value| *it != key && *value % 7 != 0);
                }
            }
            same(&mut few, &mut tree);
        }
    }

    #[test]
    fn a_lone_entry_needs_no_tree_whatever_there_was_before() {
        let mut few = Few::default();
        for key in 0..3 {
            few.insert(key, key);
        }
        assert!(matches!(few, Few::Several(_)));
        few.remove(&1);
        assert!(matches!(few, Few::Several(_)));
        few.remove(&0);
        assert_eq!(few, Few::One(2, 2));
        few.insert(3, 3);
        few.retain(|key, _| *key == 3);
        assert_eq!(few, Few::One(3, 3));
        few.insert(4, 4);
        few.retain(|_, _| false);
        assert_eq!(few, Few::Nothing);
    }
}
